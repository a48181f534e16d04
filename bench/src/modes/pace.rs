//! An open loop: so many events a second, whatever the server does.

use tokio::time::{Duration, Instant};

/// The moments at which things are due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    begin: Instant,
    each: Duration,
}

impl Pace {
    /// `rate` events a second from `begin` on.
    pub(crate) fn new(begin: Instant, rate: f64) -> Self {
        Self { begin, each: Duration::from_secs_f64(1.0 / rate) }
    }

    /// When the `n`th event is due, counted from 0.
    pub(crate) fn due(&self, n: u64) -> Instant {
        self.begin + Duration::from_secs_f64(self.each.as_secs_f64() * n as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_event_does_not_delay_the_next() {
        let begin = Instant::now();
        let pace = Pace::new(begin, 50.0);
        assert_eq!(pace.due(0), begin);
        assert_eq!(pace.due(100), begin + Duration::from_secs(2));
    }
}
