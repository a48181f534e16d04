use domain::clock::Clock;
use std::time::Duration;

/// A moment by both clocks of this machine.
///
/// The monotonic one may stand while the machine sleeps or the process is frozen; the other one may be put back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    monotonic: Duration,
    unix: Duration,
}

impl Moment {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        Self { monotonic: clock.monotonic(), unix: Duration::from_millis(clock.unix_ms()) }
    }

    /// The time since `earlier`, by the clock that says more.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        monotonic.max(self.unix.saturating_sub(earlier.unix))
    }
}

#[cfg(test)]
impl Moment {
    /// A moment that both clocks agree on.
    pub(super) fn at(seconds: u64) -> Self {
        Self { monotonic: Duration::from_secs(seconds), unix: Duration::from_secs(seconds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_where_one_clock_stands_or_is_put_back() {
        let seconds = Duration::from_secs;
        let at = |monotonic, unix| Moment { monotonic: seconds(monotonic), unix: seconds(unix) };
        assert_eq!(at(10, 1_010).since(at(0, 1_000)), seconds(10));
        assert_eq!(at(0, 1_010).since(at(0, 1_000)), seconds(10), "frozen");
        assert_eq!(at(10, 500).since(at(0, 1_000)), seconds(10), "put back");
        assert_eq!(at(0, 1_000).since(at(0, 1_000)), seconds(0));
    }
}
