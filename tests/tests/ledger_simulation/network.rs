//! What becomes of a message on its way to the store and back.

use crate::chance::Chance;
use crate::plan::Weather;
use std::time::Duration;

const QUICK: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(20));
const LATE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(60));

/// That the second copy of a message is late: one that comes with the first tells little.
const DUPLICATE_LATE: f64 = 0.6;

/// The way of one copy of a message: it has its effect after `there`, and is answered after `back`, if ever.
pub(crate) struct Journey {
    pub(crate) there: Duration,
    pub(crate) back: Option<Duration>,
}

/// The ways of all copies of one message.
pub(crate) fn journeys(weather: Weather, chance: &mut Chance) -> Vec<Journey> {
    let mut copies = Vec::with_capacity(2);
    if !chance.happens(weather.lost_request) {
        copies.push(journey(weather, weather.late, chance));
    }
    if chance.happens(weather.duplicate) {
        copies.push(journey(weather, DUPLICATE_LATE, chance));
    }
    copies
}

fn journey(weather: Weather, late_there: f64, chance: &mut Chance) -> Journey {
    let (there, back) = (length(late_there, chance), length(weather.late, chance));
    Journey { there, back: (!chance.happens(weather.lost_reply)).then_some(back) }
}

fn length(late: f64, chance: &mut Chance) -> Duration {
    if !chance.happens(late) {
        return chance.between(QUICK.0, QUICK.1);
    }
    // A short delay is as likely as a long one.
    let scale = chance.pick(&[100, 10, 1]);
    chance.between(LATE.0, LATE.1 / scale)
}
