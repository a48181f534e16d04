use domain::policy::Window;
use std::collections::VecDeque;
use std::time::Duration;

/// Moments that a window remembers. A window with a limit up to this is exact; a larger one counts its grants
/// by the thousandth of its length, each to that thousandth's last grant: it may refuse for a thousandth of
/// its length too long, and never grants too much.
const MOMENTS_MAX: u64 = 1_000;

/// When grants were made, over the length of one window: at most 1,002 moments of 16 bytes.
#[derive(Debug, Default)]
pub(super) struct SlidingWindow {
    moments: VecDeque<Moment>,
    granted: u64,
    length: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Nanoseconds on the gate's clock.
    at_ns: u64,
    granted: u64,
}

impl SlidingWindow {
    /// Grants as many of `want` as fit into `window` at `now`.
    pub(super) fn take(&mut self, want: u64, window: Window, now: Duration) -> u64 {
        self.length = window.length;
        self.drop_expired(now);
        let granted = want.min(window.limit.saturating_sub(self.granted));
        if granted > 0 {
            self.grant(granted, window, nanos(now));
        }
        granted
    }

    /// Takes back up to `count` grants, newest first.
    pub(super) fn give_back(&mut self, mut count: u64) {
        while count > 0 {
            let Some(newest) = self.moments.back_mut() else { return };
            let returned = count.min(newest.granted);
            newest.granted -= returned;
            self.granted -= returned;
            count -= returned;
            if newest.granted == 0 {
                self.moments.pop_back();
            }
        }
    }

    /// Whether nothing of it counts at `now`.
    pub(super) fn is_expired(&self, now: Duration) -> bool {
        let Some(start) = now.checked_sub(self.length).map(nanos) else { return self.moments.is_empty() };
        self.moments.back().is_none_or(|newest| newest.at_ns <= start)
    }

    fn drop_expired(&mut self, now: Duration) {
        let Some(start) = now.checked_sub(self.length).map(nanos) else { return };
        while let Some(oldest) = self.moments.front().copied().filter(|moment| moment.at_ns <= start) {
            self.granted -= oldest.granted;
            self.moments.pop_front();
        }
    }

    fn grant(&mut self, granted: u64, window: Window, now_ns: u64) {
        self.granted += granted;
        let slice_ns = if window.limit <= MOMENTS_MAX { 1 } else { slice_ns(window.length) };
        match self.moments.back_mut() {
            Some(newest) if newest.at_ns / slice_ns == now_ns / slice_ns => {
                newest.granted += granted;
                newest.at_ns = now_ns;
            }
            _ => self.moments.push_back(Moment { at_ns: now_ns, granted }),
        }
    }
}

fn slice_ns(length: Duration) -> u64 {
    nanos(length).div_ceil(MOMENTS_MAX).max(1)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_small_window_is_exact_to_the_nanosecond() {
        let window = Window { limit: 1, length: MINUTE };
        let mut grants = SlidingWindow::default();
        assert_eq!(grants.take(1, window, Duration::from_nanos(5)), 1);
        assert_eq!(grants.take(1, window, MINUTE + Duration::from_nanos(4)), 0);
        assert_eq!(grants.take(1, window, MINUTE + Duration::from_nanos(5)), 1);
    }

    #[test]
    fn a_large_window_remembers_a_bounded_number_of_moments() {
        let window = Window { limit: 1 << 53, length: MINUTE };
        let mut grants = SlidingWindow::default();
        for ms in 0..200_000 {
            assert_eq!(grants.take(3, window, Duration::from_millis(ms)), 3);
        }
        assert!(grants.moments.len() <= MOMENTS_MAX as usize + 2, "{}", grants.moments.len());
    }

    proptest! {
        #[test]
        fn no_span_of_the_length_holds_more_than_the_limit(
            limit in prop_oneof![1u64..20, 1_500u64..3_000],
            takes in prop::collection::vec((prop_oneof![0u64..8, 0u64..2_000], 1u64..400), 1..200),
        ) {
            let window = Window { limit, length: Duration::from_micros(10_000) };
            let mut grants = SlidingWindow::default();
            let mut granted: Vec<(u64, u64)> = Vec::new();
            let mut now_us = 0;
            for (pause_us, want) in takes {
                now_us += pause_us;
                let got = grants.take(want, window, Duration::from_micros(now_us));
                prop_assert!(got <= want);
                granted.push((now_us, got));
                let since = |span_us: u64| -> u64 {
                    granted.iter().filter(|(at, _)| at + span_us > now_us).map(|(_, n)| n).sum()
                };
                prop_assert!(since(10_000) <= limit);
                // It refuses only what would not fit into a window a thousandth longer.
                prop_assert!(got == want || since(10_011) >= limit);
            }
        }
    }
}
