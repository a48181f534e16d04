use crate::bounds::OPS_PROBE;
use crate::clock::Entropy;
use std::time::Duration;

/// Whether the gate answers. While it is away nobody waits for it; now and then one call finds out whether it is back.
#[derive(Debug, Default)]
pub(super) enum Breaker {
    /// It answers.
    #[default]
    Closed,
    /// It is away.
    Open {
        /// When it is asked again.
        probe_at: Duration,
        /// How long after that, at most, if it is still away.
        pause: Duration,
    },
}

impl Breaker {
    /// The gate answered in time.
    pub(super) fn close(&mut self) {
        *self = Self::Closed;
    }

    /// The gate did not answer in time.
    pub(super) fn open(&mut self, now: Duration, entropy: &dyn Entropy) {
        let (first, longest) = OPS_PROBE;
        let pause = match *self {
            Self::Closed => first,
            Self::Open { pause, .. } => pause,
        };
        let probe_at = now + entropy.between(pause / 2, pause);
        *self = Self::Open { probe_at, pause: (pause * 2).min(longest) };
    }

    /// When a gate that is away is asked again.
    pub(super) fn probe_at(&self) -> Option<Duration> {
        match *self {
            Self::Closed => None,
            Self::Open { probe_at, .. } => Some(probe_at),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Longest;

    impl Entropy for Longest {
        fn next_u64(&self) -> u64 {
            0
        }

        fn between(&self, _: Duration, to: Duration) -> Duration {
            to
        }
    }

    #[test]
    fn probes_begin_soon_and_end_up_one_a_second() {
        let (mut breaker, mut now) = (Breaker::default(), Duration::from_secs(5));
        let mut pauses = Vec::new();
        for _ in 0..6 {
            breaker.open(now, &Longest);
            let at = breaker.probe_at().unwrap();
            pauses.push((at - now).as_millis());
            now = at;
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
        breaker.close();
        assert!(!breaker.is_open());
    }
}
