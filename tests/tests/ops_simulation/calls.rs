//! The way to the gate and back, and what goes wrong on it.

use crate::house::{Event, House};
use crate::node::{Calling, Drawn, Node};
use crate::plan::Planted;
use domain::bounds::OPS_SPENT_WITHIN;
use domain::ops::Call;
use domain::policy::GATE_DEADLINE;
use domain::ports::RateGate;
use futures_util::FutureExt;
use std::time::Duration;

impl House<'_> {
    pub(crate) fn calls(&mut self, node: usize, call: Call) {
        self.numbered += 1;
        let number = self.numbered;
        self.nodes[node].calling = Some(Calling { number, call, is_late: false });
        self.sent.push((number, call));
        let way = self.way();
        if self.chance.happens(self.plan.lost) {
            self.sent.pop();
        } else {
            self.soon(way, Event::Arrives { node, number });
        }
        self.soon(GATE_DEADLINE, Event::Deadline { node, number });
        self.soon(GATE_DEADLINE * 10, Event::GivenUp { node, number });
    }

    /// How long a message is on its way.
    fn way(&mut self) -> Duration {
        let (often, longest) = self.plan.slow;
        let longest = if self.chance.happens(often) { longest } else { self.plan.delay_max };
        self.chance.between(Duration::ZERO, longest)
    }

    pub(crate) fn arrives(&mut self, node: usize, number: u64) {
        let Some(place) = self.sent.iter().position(|(sent, ..)| *sent == number) else { return };
        let (_, call) = self.sent.swap_remove(place);
        let way_back = self.way();
        let grant = match call {
            Call::Buy(purchase) => {
                self.log.purchases += 1;
                let is_at_once = self.plan.planted == Planted::CountedAtOnce;
                let within = if is_at_once { Duration::ZERO } else { OPS_SPENT_WITHIN };
                let take = self.gate.take(&self.bucket, purchase.want, purchase.window, within);
                Some(take.now_or_never().expect("memory answers at once").expect("one bucket fits"))
            }
            Call::GiveBack(back) => {
                let copies = if self.plan.planted == Planted::ReturnedTwice { 2 } else { 1 };
                for _ in 0..copies {
                    let given = self.gate.give_back(&self.bucket, back.mark, back.count, back.window);
                    given.now_or_never().expect("memory answers at once").expect("memory takes it");
                }
                None
            }
        };
        if self.chance.happens(self.plan.lost) {
            return;
        }
        self.grants.push((number, grant));
        self.soon(way_back, Event::Answered { node, number });
    }

    pub(crate) fn answered(&mut self, node: usize, number: u64) {
        let Some(place) = self.grants.iter().position(|(granted, _)| *granted == number) else { return };
        let (_, grant) = self.grants.swap_remove(place);
        let now = self.now_of(node);
        let Some(calling) = self.nodes[node].calling.take_if(|calling| calling.number == number) else {
            return;
        };
        let purse = &mut self.nodes[node].purse;
        match (calling.call, grant) {
            (Call::Buy(purchase), Some(grant)) if calling.is_late => purse.granted_late(purchase, grant, now),
            (Call::Buy(purchase), Some(grant)) => purse.granted(purchase, grant, now),
            _ if calling.is_late => {}
            _ => purse.returned(),
        }
        self.drive(node);
    }

    pub(crate) fn deadline(&mut self, node: usize, number: u64) {
        let (now, dice) = (self.now_of(node), Drawn(self.chance.within(0, u64::MAX)));
        let Node { purse, calling, .. } = &mut self.nodes[node];
        let Some(calling) = calling.as_mut().filter(|calling| calling.number == number) else { return };
        calling.is_late = true;
        purse.unanswered(now, &dice);
        while let Some((waiting, verdict)) = self.nodes[node].purse.next_verdict() {
            self.told(node, waiting, verdict);
        }
    }
}
