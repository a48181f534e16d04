//! Time and chance: the machine's own, and ones that a test turns by hand.

use domain::clock::{Clock, Entropy};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time begins here.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn unix_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, whole_millis)
    }
}

/// The thread's generator, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn next_u64(&self) -> u64 {
        rand::random()
    }
}

/// A clock that stands still until it is turned. Clones are not the same clock; share it by `Arc`.
#[derive(Debug)]
pub struct TurnedClock {
    elapsed_ns: AtomicU64,
    start_unix_ms: u64,
}

impl TurnedClock {
    /// A clock at monotonic zero and `start_unix_ms`.
    #[must_use]
    pub fn new(start_unix_ms: u64) -> Self {
        Self { elapsed_ns: AtomicU64::new(0), start_unix_ms }
    }

    /// Turns both of its hands forward.
    pub fn advance(&self, by: Duration) {
        let by_ns = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.elapsed_ns.fetch_add(by_ns, Ordering::SeqCst);
    }
}

impl Default for TurnedClock {
    /// Begins in November 2023, at a round number.
    fn default() -> Self {
        Self::new(1_700_000_000_000)
    }
}

impl Clock for TurnedClock {
    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.elapsed_ns.load(Ordering::SeqCst))
    }

    fn unix_ms(&self) -> u64 {
        self.start_unix_ms + whole_millis(self.monotonic())
    }
}

/// The same chance again for the same seed.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    generator: Mutex<StdRng>,
}

impl SeededEntropy {
    /// Chance that `seed` determines.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, generator: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// What a failed run prints, so that it can be run again.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl Entropy for SeededEntropy {
    fn next_u64(&self) -> u64 {
        self.generator.lock().next_u64()
    }
}

fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_clock_turns_both_hands_together() {
        let clock = TurnedClock::new(5_000);
        clock.advance(Duration::from_millis(1_500));
        assert_eq!((clock.monotonic(), clock.unix_ms()), (Duration::from_millis(1_500), 6_500));
    }

    #[test]
    fn the_same_seed_gives_the_same_chance() {
        let draw = |seed| {
            let entropy = SeededEntropy::new(seed);
            [entropy.next_u64(), entropy.next_u64()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn the_system_clock_never_goes_back() {
        let clock = SystemClock::new();
        let first = clock.monotonic();
        assert!(clock.monotonic() >= first);
        assert!(clock.unix_ms() > 1_700_000_000_000);
    }
}
