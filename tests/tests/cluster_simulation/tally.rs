//! What happened, to see that a simulation meets what it is for.

use crate::transition::Transition;
use std::ops::AddAssign;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) transitions: u64,
    pub(crate) clients: u64,
    /// Clients that hung up in the middle of their handshakes.
    pub(crate) gave_up: u64,
    pub(crate) races: u64,
    pub(crate) deaths: u64,
    pub(crate) deaths_at_a_call: u64,
    pub(crate) stops: u64,
    pub(crate) cuts: u64,
    pub(crate) drains: u64,
    /// Times that what a dead node was about to send arrived late.
    pub(crate) last_words: u64,
    /// Lives that were declared dead, by others or in order.
    pub(crate) fenced: u64,
    pub(crate) take_overs: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, transition: &Transition) {
        self.transitions += 1;
        match transition {
            Transition::Connects { .. } => self.clients += 1,
            Transition::GivesUp { .. } => self.gave_up += 1,
            Transition::Races { .. } => self.races += 1,
            Transition::Dies { .. } => self.deaths += 1,
            Transition::DiesSoon { .. } => self.deaths_at_a_call += 1,
            Transition::Stops { .. } | Transition::StopsSoon { .. } => self.stops += 1,
            Transition::Arrives { .. } => self.last_words += 1,
            Transition::IsCutOff { .. } => self.cuts += 1,
            Transition::Drains { .. } => self.drains += 1,
            _ => {}
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.transitions += other.transitions;
        self.clients += other.clients;
        self.gave_up += other.gave_up;
        self.races += other.races;
        self.deaths += other.deaths;
        self.deaths_at_a_call += other.deaths_at_a_call;
        self.stops += other.stops;
        self.cuts += other.cuts;
        self.drains += other.drains;
        self.last_words += other.last_words;
        self.fenced += other.fenced;
        self.take_overs += other.take_overs;
    }
}
