use crate::bounds::{KNOWN_FULL, OPS_RETURN_WAIT, OPS_SECOND_TRY_EVERY};
use std::time::Duration;

/// What is known of a window that had no room: who is refused from memory, and when the gate is tried again.
#[derive(Debug, Default)]
pub(super) struct Fullness {
    /// Up to this limit there was no room.
    limit: u64,
    /// Known till then.
    until: Duration,
    /// A purchase fell short, and is to be tried once more at this moment.
    again_at: Option<Duration>,
    /// Before that, nobody waits for a second try: the app was refused a moment ago.
    second_try_from: Duration,
}

/// What becomes of those whom a purchase left with nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// They wait for a second try: others may return what they do not need.
    TriedAgain,
    Refused,
}

impl Fullness {
    /// Whether an op under `limit` is refused from memory.
    pub(super) fn refuses(&self, limit: u64, now: Duration) -> bool {
        limit == 0 || limit <= self.limit && now < self.until
    }

    /// A purchase under `limit` left somebody with nothing.
    pub(super) fn fell_short(&mut self, limit: u64, now: Duration) -> Outcome {
        if self.again_at.is_none() && now >= self.second_try_from {
            self.again_at = Some(now + OPS_RETURN_WAIT);
            return Outcome::TriedAgain;
        }
        *self = Self {
            limit,
            until: now + KNOWN_FULL,
            again_at: None,
            second_try_from: now + OPS_SECOND_TRY_EVERY,
        };
        Outcome::Refused
    }

    /// Nobody waits for a second try any more.
    pub(super) fn nobody_waits(&mut self) {
        self.again_at = None;
    }

    /// Tokens went back to the gate: it may have room.
    pub(super) fn may_have_room(&mut self) {
        self.until = Duration::ZERO;
    }

    /// When the next purchase for those who wait goes out.
    pub(super) fn buys_from(&self) -> Duration {
        self.again_at.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_try_precedes_a_refusal_and_none_the_next() {
        let (mut full, now) = (Fullness::default(), Duration::from_secs(100));
        assert_eq!(full.fell_short(10, now), Outcome::TriedAgain);
        assert_eq!(full.buys_from(), now + OPS_RETURN_WAIT);
        assert_eq!(full.fell_short(10, now + OPS_RETURN_WAIT), Outcome::Refused);
        let refused = now + OPS_RETURN_WAIT;
        assert!(full.refuses(10, refused) && full.refuses(9, refused) && !full.refuses(11, refused));
        assert!(!full.refuses(10, refused + KNOWN_FULL));
        assert_eq!(full.fell_short(10, refused + KNOWN_FULL), Outcome::Refused);
        let later = refused + KNOWN_FULL + OPS_SECOND_TRY_EVERY;
        assert_eq!(full.fell_short(10, later), Outcome::TriedAgain);
    }

    #[test]
    fn what_goes_back_to_the_gate_ends_refusals_from_memory() {
        let (mut full, now) = (Fullness::default(), Duration::from_secs(100));
        full.fell_short(10, now);
        full.fell_short(10, now);
        full.may_have_room();
        assert!(!full.refuses(10, now));
    }

    #[test]
    fn a_limit_of_zero_is_always_full() {
        assert!(Fullness::default().refuses(0, Duration::ZERO));
    }
}
