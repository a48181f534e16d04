//! What apps do in the season, drawn from a seed.

use crate::calendar::{HOURS, SPECIAL_DAYS};
use domain::metering::Endpoint;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::ops::Range;

pub(crate) const APPS: usize = 3;
/// Two nodes, then what answers HTTP.
pub(crate) const WRITERS: usize = 3;
const HTTP: usize = 2;
pub(crate) const HOUR_MS: u64 = 60 * 60 * 1000;
/// The longest that any writer can't reach the log: it must write down within a day what it counts.
const OUTAGE_HOURS_MAX: u64 = 20;

/// A request as its sender knows it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) app: usize,
    pub(crate) endpoint: Endpoint,
    pub(crate) refused: Option<&'static str>,
    pub(crate) took_us: u64,
}

/// So many more connections and documents of an app, or fewer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) app: usize,
    pub(crate) connections: i64,
    pub(crate) documents: i64,
}

/// What happens, at which writer.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Sent(Sent),
    Held(Held),
    /// The writer tries to write down what it has counted.
    Flush,
}

/// Something at a moment of the season.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Milliseconds of the season.
    pub(crate) at_ms: u64,
    pub(crate) writer: usize,
    pub(crate) what: Happening,
}

/// All that happens, in order.
pub(crate) struct Traffic {
    pub(crate) moments: Vec<Moment>,
    /// The hours in which each writer can't reach the log.
    pub(crate) outages: [Vec<Range<u64>>; WRITERS],
}

/// Draws the season; an app has something to do in an hour as likely as `busy`.
pub(crate) fn drawn(seed: u64, busy: f64) -> Traffic {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut drawing = Drawing { chance: &mut chance, busy, moments: Vec::new() };
    for hour in 0..HOURS {
        for app in 0..APPS {
            drawing.hour(app, hour);
        }
        drawing.flushes(hour);
    }
    let mut moments = drawing.moments;
    moments.sort_by_key(|moment| moment.at_ms);
    let outages = std::array::from_fn(|_| outages(&mut chance));
    Traffic { moments, outages }
}

struct Drawing<'c> {
    chance: &'c mut StdRng,
    busy: f64,
    moments: Vec<Moment>,
}

impl Drawing<'_> {
    /// Every app has its hours; those about the special midnights are busy for all, to the very millisecond.
    fn hour(&mut self, app: usize, hour: u64) {
        let is_special = SPECIAL_DAYS.iter().any(|day| hour == day * 24 || hour + 1 == day * 24);
        if is_special {
            for at_ms in [hour * HOUR_MS, (hour + 1) * HOUR_MS - 1] {
                self.request(app, at_ms);
            }
        }
        if is_special || self.chance.random_bool(self.busy) {
            for _ in 0..self.chance.random_range(1..6) {
                let at_ms = hour * HOUR_MS + self.chance.random_range(0..HOUR_MS);
                self.request(app, at_ms);
            }
        }
    }

    fn request(&mut self, app: usize, at_ms: u64) {
        let endpoint = Endpoint::ALL[self.chance.random_range(0..Endpoint::ALL.len())];
        let reasons = match endpoint {
            Endpoint::Discovery | Endpoint::Usage => ["service_unavailable", "insufficient_scope"],
            Endpoint::Connect => ["4004", "4008"],
            Endpoint::Ops => ["4006", "4006"],
        };
        let is_refused = self.chance.random_bool(0.2);
        let refused = is_refused.then(|| reasons[self.chance.random_range(0..2)]);
        let took_us = 10_u64.pow(self.chance.random_range(1..7)) + self.chance.random_range(0..1_000);
        let writer = match endpoint {
            Endpoint::Discovery | Endpoint::Usage => HTTP,
            Endpoint::Connect | Endpoint::Ops => self.chance.random_range(0..HTTP),
        };
        self.at(at_ms, writer, Happening::Sent(Sent { app, endpoint, refused, took_us }));
        if endpoint == Endpoint::Connect && refused.is_none() {
            self.connection(app, writer, at_ms);
        }
    }

    /// Opened at this moment, and closed within some hours, perhaps at the very end of one.
    fn connection(&mut self, app: usize, writer: usize, at_ms: u64) {
        let documents = i64::from(self.chance.random_bool(0.6));
        let lasts_ms = self.chance.random_range(1..4 * HOUR_MS);
        let end_ms = match self.chance.random_bool(0.3) {
            true => (at_ms + lasts_ms).next_multiple_of(HOUR_MS),
            false => at_ms + lasts_ms,
        };
        self.at(at_ms, writer, Happening::Held(Held { app, connections: 1, documents }));
        let end_ms = end_ms.min(HOURS * HOUR_MS - 1);
        self.at(end_ms, writer, Happening::Held(Held { app, connections: -1, documents: -documents }));
    }

    fn flushes(&mut self, hour: u64) {
        for writer in 0..WRITERS {
            if self.chance.random_bool(0.6) {
                let at_ms = hour * HOUR_MS + self.chance.random_range(0..HOUR_MS);
                self.at(at_ms, writer, Happening::Flush);
            }
        }
    }

    fn at(&mut self, at_ms: u64, writer: usize, what: Happening) {
        self.moments.push(Moment { at_ms, writer, what });
    }
}

/// Some hours of each fortnight: one writer is late with each of them.
fn outages(chance: &mut StdRng) -> Vec<Range<u64>> {
    let fortnights = (0..HOURS - 336).step_by(336);
    fortnights
        .map(|fortnight| {
            let from = fortnight + chance.random_range(0..300);
            from..from + chance.random_range(2..=OUTAGE_HOURS_MAX)
        })
        .collect()
}
