use crate::policy::Window;
use std::collections::VecDeque;
use std::time::Duration;

/// Parts of a window that ops on the own share are counted by. Each counts to its part's end, so that the share is
/// passed by none and may be closed for a sixtieth of the window too long.
const SLICES: u32 = 60;

/// Ops that passed while the gate was away, over the length of one window. Each is owed to the gate's window, and bought
/// once the gate is back.
#[derive(Debug, Default)]
pub(super) struct OwnShare {
    /// Oldest first.
    slices: VecDeque<Slice>,
    passed: u64,
}

#[derive(Debug)]
struct Slice {
    ends_at: Duration,
    passed: u64,
    owed: u64,
}

impl OwnShare {
    /// Lets one op pass where fewer than `share` have. Returns the end of its slice.
    pub(super) fn take(&mut self, share: u64, now: Duration) -> Option<Duration> {
        self.drop_expired(now);
        if self.passed >= share {
            return None;
        }
        let slice = length() / SLICES;
        if self.slices.back().is_none_or(|newest| newest.ends_at <= now) {
            self.slices.push_back(Slice { ends_at: now + slice, passed: 0, owed: 0 });
        }
        let newest = self.slices.back_mut()?;
        newest.passed += 1;
        newest.owed += 1;
        self.passed += 1;
        Some(newest.ends_at)
    }

    /// Takes back an op of the slice that ends then.
    pub(super) fn put_back(&mut self, ends_at: Duration) {
        let Some(slice) = self.slices.iter_mut().find(|slice| slice.ends_at == ends_at) else { return };
        slice.passed = slice.passed.saturating_sub(1);
        slice.owed = slice.owed.saturating_sub(1);
        self.passed = self.passed.saturating_sub(1);
    }

    /// What has passed within the window and was not bought yet.
    pub(super) fn owed(&mut self, now: Duration) -> u64 {
        self.drop_expired(now);
        self.slices.iter().map(|slice| slice.owed).sum()
    }

    /// So much of what is owed was bought, or there was no room for it.
    pub(super) fn settle(&mut self, mut count: u64) {
        for slice in &mut self.slices {
            let settled = slice.owed.min(count);
            slice.owed -= settled;
            count -= settled;
        }
    }

    pub(super) fn is_unused(&mut self, now: Duration) -> bool {
        self.drop_expired(now);
        self.slices.is_empty()
    }

    fn drop_expired(&mut self, now: Duration) {
        while self.slices.front().is_some_and(|oldest| oldest.ends_at + length() <= now) {
            self.passed -= self.slices.pop_front().map_or(0, |oldest| oldest.passed);
        }
    }
}

fn length() -> Duration {
    Window::per_minute(0).length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_share_passes_in_any_minute() {
        let (mut own, mut passed) = (OwnShare::default(), Vec::new());
        for tick in 0..2_000u64 {
            let now = Duration::from_millis(tick * 97);
            if own.take(30, now).is_some() {
                passed.push(now);
            }
        }
        assert!(passed.len() > 60, "{}", passed.len());
        assert!(passed.windows(31).all(|span| span[30] - span[0] >= length()));
        assert!(own.slices.len() <= SLICES as usize + 1);
    }

    #[test]
    fn what_is_put_back_passes_again_and_is_not_owed() {
        let (mut own, now) = (OwnShare::default(), Duration::from_secs(1));
        let slice = own.take(1, now).unwrap();
        assert_eq!((own.take(1, now), own.owed(now)), (None, 1));
        own.put_back(slice);
        assert_eq!(own.owed(now), 0);
        assert!(own.take(1, now).is_some());
    }

    #[test]
    fn what_was_bought_is_owed_no_more_and_still_counts_here() {
        let (mut own, now) = (OwnShare::default(), Duration::from_secs(1));
        for second in 0..3 {
            assert!(own.take(3, now + Duration::from_secs(second)).is_some());
        }
        own.settle(2);
        assert_eq!(own.owed(now), 1);
        assert_eq!(own.take(3, now + Duration::from_secs(3)), None);
        let later = now + Duration::from_secs(70);
        assert_eq!((own.owed(later), own.is_unused(later)), (0, true));
    }
}
