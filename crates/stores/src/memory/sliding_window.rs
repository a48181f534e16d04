use domain::policy::Window;
use domain::ports::{Grant, Mark, Want};
use std::collections::BTreeMap;
use std::time::Duration;

/// Moments that a window remembers. A window with a limit up to this is exact; a larger one counts its grants
/// by the thousandth of its length, each to that thousandth's end: it may refuse for a thousandth of
/// its length too long, and never grants too much.
const MOMENTS_MAX: u64 = 1_000;

/// When grants were made, over the length of one window: as many moments as grants that fit it, or some more than
/// 1,000.
#[derive(Debug, Default)]
pub(super) struct SlidingWindow {
    /// By nanoseconds on the gate's clock; in the future where they are yet to be used.
    moments: BTreeMap<u64, u64>,
    granted: u64,
    length: Duration,
}

impl SlidingWindow {
    /// Grants what fits into `window` at `now`, to be used within `within`.
    pub(super) fn take(&mut self, want: Want, window: Window, within: Duration, now: Duration) -> Grant {
        self.length = window.length;
        self.drop_expired(now);
        let count = want.granted(window.limit.saturating_sub(self.granted));
        let at_ns = nanos(now.saturating_add(within)).next_multiple_of(slice_ns(window));
        if count > 0 {
            self.granted += count;
            *self.moments.entry(at_ns).or_default() += count;
        }
        Grant { count, mark: Mark(at_ns) }
    }

    /// Takes back up to `count` grants of `mark`.
    pub(super) fn give_back(&mut self, mark: Mark, count: u64) {
        let Some(granted) = self.moments.get_mut(&mark.0) else { return };
        let returned = count.min(*granted);
        *granted -= returned;
        self.granted -= returned;
        if *granted == 0 {
            self.moments.remove(&mark.0);
        }
    }

    /// Whether nothing of it counts at `now`.
    pub(super) fn is_expired(&self, now: Duration) -> bool {
        let Some(start) = now.checked_sub(self.length).map(nanos) else { return self.moments.is_empty() };
        self.moments.last_key_value().is_none_or(|(at_ns, _)| *at_ns <= start)
    }

    fn drop_expired(&mut self, now: Duration) {
        let Some(start) = now.checked_sub(self.length).map(nanos) else { return };
        while let Some(oldest) = self.moments.first_entry().filter(|moment| *moment.key() <= start) {
            self.granted -= oldest.remove();
        }
    }
}

/// What moments are rounded up to.
fn slice_ns(window: Window) -> u64 {
    if window.limit <= MOMENTS_MAX { 1 } else { nanos(window.length).div_ceil(MOMENTS_MAX).max(1) }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn take(grants: &mut SlidingWindow, need: u64, window: Window, now: Duration) -> u64 {
        grants.take(Want::only(need), window, Duration::ZERO, now).count
    }

    #[test]
    fn a_small_window_is_exact_to_the_nanosecond() {
        let window = Window { limit: 1, length: MINUTE };
        let mut grants = SlidingWindow::default();
        assert_eq!(take(&mut grants, 1, window, Duration::from_nanos(5)), 1);
        assert_eq!(take(&mut grants, 1, window, MINUTE + Duration::from_nanos(4)), 0);
        assert_eq!(take(&mut grants, 1, window, MINUTE + Duration::from_nanos(5)), 1);
    }

    #[test]
    fn a_large_window_remembers_a_bounded_number_of_moments() {
        let window = Window { limit: 1 << 53, length: MINUTE };
        let mut grants = SlidingWindow::default();
        for ms in 0..200_000 {
            assert_eq!(take(&mut grants, 3, window, Duration::from_millis(ms)), 3);
        }
        assert!(grants.moments.len() <= MOMENTS_MAX as usize + 2, "{}", grants.moments.len());
    }

    proptest! {
        #[test]
        fn no_span_of_the_length_holds_more_uses_than_the_limit(
            limit in prop_oneof![1u64..20, 1_500u64..3_000],
            takes in prop::collection::vec((prop_oneof![0u64..8, 0u64..2_000], 1u64..400, 0u64..900), 1..200),
        ) {
            let window = Window { limit, length: Duration::from_micros(10_000) };
            let mut grants = SlidingWindow::default();
            // What was granted, and the last moment at which it may be used.
            let mut granted: Vec<(u64, u64)> = Vec::new();
            let mut now_us = 0;
            for (pause_us, need, within_us) in takes {
                now_us += pause_us;
                let within = Duration::from_micros(within_us);
                let got = grants.take(Want::only(need), window, within, Duration::from_micros(now_us)).count;
                prop_assert!(got <= need);
                granted.push((now_us + within_us, got));
                let since = |span_us: u64| -> u64 {
                    granted.iter().filter(|(at, _)| at + span_us > now_us).map(|(_, n)| n).sum()
                };
                prop_assert!(since(10_000) <= limit);
                // It refuses only what would not fit into a window a thousandth longer.
                prop_assert!(got == need || since(10_011) >= limit);
            }
        }
    }
}
