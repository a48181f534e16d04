//! Plays a schedule: events in the order of their moments, on one turned clock.

use crate::chance::Chance;
use crate::log::Log;
use crate::node::{Node, Waiting};
use crate::plan::{Plan, Planted};
use domain::clock::Clock;
use domain::ids::{AppId, AppKey, TenantId};
use domain::ops::{Call, Step, Token, Verdict};
use domain::ports::{Grant, RateBucket};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;
use stores::memory::MemoryRateGate;
use stores::system::TurnedClock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A batch of messages comes to a node.
    Batch {
        node: usize,
    },
    /// A call comes to the gate.
    Arrives {
        node: usize,
        number: u64,
    },
    /// Its answer comes to the node.
    Answered {
        node: usize,
        number: u64,
    },
    /// The node has waited long enough for it.
    Deadline {
        node: usize,
        number: u64,
    },
    /// The node stops waiting for a late answer.
    GivenUp {
        node: usize,
        number: u64,
    },
    /// The driver looks again.
    Wakes {
        node: usize,
    },
    Dies {
        node: usize,
    },
}

pub(crate) struct House<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) chance: Chance,
    pub(crate) clock: Arc<TurnedClock>,
    pub(crate) gate: MemoryRateGate,
    pub(crate) bucket: RateBucket,
    pub(crate) nodes: Vec<Node>,
    lives: usize,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    pub(crate) numbered: u64,
    /// Calls on their way to the gate, whoever sent them may be dead by now.
    pub(crate) sent: Vec<(u64, Call)>,
    /// Answers on their way back.
    pub(crate) grants: Vec<(u64, Option<Grant>)>,
    pub(crate) log: Log,
}

pub(crate) fn run(plan: &Plan) -> Log {
    let mut house = House::new(plan);
    while let Some(Reverse((at, _, event))) = house.events.pop() {
        if at > plan.lasts {
            break;
        }
        house.clock.advance(at.saturating_sub(house.clock.monotonic()));
        house.happens(event);
    }
    house.log
}

impl<'a> House<'a> {
    fn new(plan: &'a Plan) -> Self {
        let clock = Arc::new(TurnedClock::default());
        let app = AppKey {
            tenant: TenantId::parse("t").expect("a valid id"),
            app: AppId::parse("a").expect("a valid id"),
        };
        let mut house = Self {
            plan,
            chance: Chance::of(plan.seed ^ 0x5eed),
            gate: MemoryRateGate::new(clock.clone()),
            clock,
            bucket: RateBucket::Ops(app),
            nodes: Vec::new(),
            lives: 0,
            events: BinaryHeap::new(),
            numbered: 0,
            sent: Vec::new(),
            grants: Vec::new(),
            log: Log::default(),
        };
        for node in 0..plan.rates.len() {
            let born = house.is_born();
            house.nodes.push(born);
            house.next_batch(node);
            house.next_death(node);
        }
        house
    }

    fn is_born(&mut self) -> Node {
        let ahead = self.chance.between(Duration::ZERO, Duration::from_secs(900));
        self.lives += 1;
        Node::new(self.lives - 1, ahead)
    }

    fn at(&mut self, at: Duration, event: Event) {
        self.numbered += 1;
        self.events.push(Reverse((at, self.numbered, event)));
    }

    pub(crate) fn soon(&mut self, wait: Duration, event: Event) {
        self.at(self.clock.monotonic() + wait, event);
    }

    pub(crate) fn now_of(&self, node: usize) -> Duration {
        self.clock.monotonic() / self.slowness() + self.nodes[node].ahead
    }

    /// How often the nodes' clocks go into the gate's.
    fn slowness(&self) -> u32 {
        if self.plan.planted == Planted::SlowClocks { 2 } else { 1 }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Batch { node } => {
                let messages = if self.chance.happens(0.1) { self.chance.within(1, 20) } else { 1 };
                self.message(node, messages - 1);
                self.drive(node);
                self.next_batch(node);
            }
            Event::Arrives { node, number } => self.arrives(node, number),
            Event::Answered { node, number } => self.answered(node, number),
            Event::Deadline { node, number } => self.deadline(node, number),
            Event::GivenUp { node, number } => {
                self.nodes[node].calling.take_if(|calling| calling.number == number);
                self.drive(node);
            }
            Event::Wakes { node } => {
                self.nodes[node].wakes_at = None;
                self.drive(node);
            }
            Event::Dies { node } => {
                self.nodes[node] = self.is_born();
                self.next_death(node);
            }
        }
    }

    fn next_death(&mut self, node: usize) {
        if let Some(every) = self.plan.dies_every {
            let wait = self.chance.between(every / 2, every * 2);
            self.soon(wait, Event::Dies { node });
        }
    }

    /// The next batch of a node: at its rate while it writes, and after a pause now and then.
    fn next_batch(&mut self, node: usize) {
        let (rate, (writes, pauses)) = (self.plan.rates[node], self.plan.spells[node]);
        let mean = Duration::from_secs_f64(1.0 / rate);
        let mut wait = self.chance.between(Duration::ZERO, mean * 2);
        if self.chance.happens((mean.as_secs_f64() / writes.as_secs_f64()).min(1.0)) {
            wait += self.chance.between(Duration::ZERO, pauses);
        }
        self.soon(wait, Event::Batch { node });
    }

    /// A message that may be an op. The rest of its batch follows once it is through.
    fn message(&mut self, node: usize, following: u64) {
        let is_op = !self.chance.happens(self.plan.no_ops);
        let waiting = Waiting { since: self.clock.monotonic(), is_op, following };
        let (now, limit) = (self.now_of(node), self.plan.limit);
        match self.nodes[node].purse.take(limit, now) {
            Some(verdict) => self.told(node, waiting, verdict),
            None if is_op => self.nodes[node].purse.wait(waiting, following + 1, limit),
            // Without a token, the document finds out by itself what is no op.
            None if following > 0 => self.message(node, following - 1),
            None => {}
        }
    }

    pub(crate) fn told(&mut self, node: usize, waiting: Waiting, verdict: Verdict) {
        let (now, nodes) = (self.now_of(node), self.plan.rates.len() as u64);
        let (at, Waiting { since, is_op, following }) = (self.clock.monotonic(), waiting);
        self.log.waited = self.log.waited.max(at - since);
        let purse = &mut self.nodes[node].purse;
        let token = match verdict {
            Verdict::Pass(token) => Some(token),
            Verdict::Away => purse.take_own_share(self.plan.limit, nodes, now),
            Verdict::Full => None,
        };
        match token {
            Some(token) if !is_op => purse.put_back(token, now),
            Some(token) => self.passes(node, token, at),
            // Its connection is closed, and the rest of the batch is not looked at.
            None if is_op => return self.log.refused.push(at),
            None => {}
        }
        if following > 0 {
            self.message(node, following - 1);
        }
    }

    fn passes(&mut self, node: usize, token: Token, at: Duration) {
        if token.is_of_own_share() {
            self.log.shared_out.push((self.nodes[node].life, at));
        } else {
            self.log.bought.push(at);
        }
    }

    /// Hands out verdicts, and does what the purse says is due.
    pub(crate) fn drive(&mut self, node: usize) {
        loop {
            while let Some((waiting, verdict)) = self.nodes[node].purse.next_verdict() {
                self.told(node, waiting, verdict);
            }
            if self.nodes[node].calling.is_some() {
                return;
            }
            let now = self.now_of(node);
            match self.nodes[node].purse.next_step(now) {
                Step::Call(call) => self.calls(node, call),
                Step::Wait { until } => {
                    let at = (until - self.nodes[node].ahead) * self.slowness();
                    if self.nodes[node].wakes_at.is_none_or(|wakes_at| at < wakes_at) {
                        self.nodes[node].wakes_at = Some(at);
                        self.at(at, Event::Wakes { node });
                    }
                    return;
                }
                Step::Rest => return,
            }
        }
    }
}
