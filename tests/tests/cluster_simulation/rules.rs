//! What must hold after each transition, and once everything has come to rest.

use crate::house::House;
use crate::node::{Condition, Node};
use crate::plan::{key, name};
use crate::violation::Violation;
use domain::ids::NodeId;
use domain::ledger::Totals;
use domain::ports::NodeState;
use std::sync::Arc;
use std::time::Duration;

/// How soon a dead node's counts are back, where another node is there to see to that.
const GIVEN_BACK: Duration = Duration::from_secs(30);
/// How long it takes to see that a reaper has died half-way, and to do its work.
const TAKEN_UP: Duration = Duration::from_secs(13);

pub(crate) struct Rules {
    house: Arc<House>,
    /// For each node: since when it has been well, and how many lives of it were declared dead when what it holds
    /// was last seen to be on the books.
    nodes: Vec<Seen>,
    /// When something last happened to a node.
    troubled_at: Duration,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    well_since: Duration,
    lives_settled: usize,
}

impl Rules {
    pub(crate) fn of(house: &Arc<House>) -> Self {
        let nodes = vec![Seen::default(); house.plan.nodes];
        Self { house: Arc::clone(house), nodes, troubled_at: Duration::ZERO }
    }

    /// Something happens to a node: whoever was at work may not come to the end of it.
    pub(crate) fn troubled(&mut self) {
        self.troubled_at = self.house.table.now();
    }

    /// A node begins, or goes on.
    pub(crate) fn begins(&mut self, index: usize) {
        self.nodes[index].well_since = self.house.table.now();
    }

    /// What must hold at any moment.
    pub(crate) fn hold(&mut self) -> Result<(), Violation> {
        if let Some(violation) = self.house.table.violation() {
            return Err(violation);
        }
        self.one_owner_each()?;
        self.are_covered()?;
        self.counts_are_given_back()
    }

    /// Of each document, the store takes appends of one node at most.
    fn one_owner_each(&self) -> Result<(), Violation> {
        for document in 0..self.house.plan.documents {
            let key = key(document);
            let takes = |node: &Arc<Node>| {
                let open = node.open();
                open.get(&document).is_some_and(|open| self.house.table.takes(&key, open.pin.generation))
            };
            let nodes = self.house.nodes();
            let owners = nodes.iter().filter(|node| !node.is_gone()).filter(|node| takes(node));
            let lives: Vec<_> = owners.map(|node| node.life()).collect();
            if lives.len() > 1 {
                return Err(Violation::TwoOwners { document: key, lives });
            }
        }
        Ok(())
    }

    /// What a node holds is on the books, unless it was declared dead and has not come to terms with that. So
    /// nobody else holds more than the plan allows.
    fn are_covered(&mut self) -> Result<(), Violation> {
        let mut all = Totals::default();
        for node in self.house.nodes().iter().filter(|node| !node.is_gone()) {
            if !self.is_settled(node) {
                continue;
            }
            let (life, held) = (node.life(), node.held());
            let share = self.house.table.share(&life);
            if held.connections > share.connections || held.documents > share.documents {
                return Err(Violation::NotCovered { life, held, share });
            }
            all.connections += held.connections;
            all.documents += held.documents;
        }
        let limits = self.house.plan.limits;
        if all.connections > limits.connections || all.documents > limits.documents {
            return Err(Violation::TooManyHeld { held: all });
        }
        Ok(())
    }

    fn is_settled(&mut self, node: &Node) -> bool {
        let lives = self.house.table.fenced_lives(&name(node.index));
        let is_fenced = node.home.lease().is_fenced() || self.house.table.is_fenced(&node.life());
        let seen = &mut self.nodes[node.index];
        let has_lost = !node.lost().lock().expect("nobody panics with it").is_empty();
        if seen.lives_settled < lives && !is_fenced && !has_lost && node.home.desk().is_quiet() {
            seen.lives_settled = lives;
        }
        seen.lives_settled == lives
    }

    /// Nothing counts of a life that has been silent for long, where another node was there all the time. On a
    /// network that loses calls nobody can promise when.
    fn counts_are_given_back(&self) -> Result<(), Violation> {
        let (table, now) = (&self.house.table, self.house.table.now());
        let nodes = self.house.nodes();
        let is_well = |node: &&Arc<Node>| {
            let since = self.nodes[node.index].well_since;
            node.condition() == Condition::Up && now >= since + GIVEN_BACK
        };
        let somebody_looks = nodes.iter().any(|node| is_well(&node));
        if !self.house.plan.is_calm() || !somebody_looks || now < self.troubled_at + TAKEN_UP {
            return Ok(());
        }
        for (life, share) in table.record().shares {
            let silent = table.silence(&life);
            if share.connections + share.documents > 0 && silent > GIVEN_BACK {
                return Err(Violation::StillCounted { life, share, silent });
            }
        }
        Ok(())
    }

    /// Once everything has come to rest: each share is what its node holds, each open document is pinned, and
    /// nothing of the dead is left but that they were there.
    pub(crate) fn are_exact(&self) -> Result<(), Violation> {
        let nodes = self.house.nodes();
        let mut open = Vec::new();
        let up: Vec<_> = nodes.iter().filter(|node| node.condition() == Condition::Up).collect();
        for node in &up {
            let (life, held) = (node.life(), node.held());
            let share = self.house.table.share(&life);
            if (share.connections, share.documents) != (held.connections, held.documents) {
                return Err(Violation::NotExact { life, held, share });
            }
            for (document, opened) in node.open().iter() {
                let pin = self.house.table.pin(*document);
                if pin.as_ref() != Some(&opened.pin) || opened.pin.owner.node != life {
                    return Err(Violation::NotPinned {
                        document: key(*document),
                        life,
                        pin: pin.map(Box::new),
                    });
                }
                open.push(*document);
            }
        }
        for (life, share) in self.house.table.record().shares {
            if share.connections + share.documents > 0 && !up.iter().any(|node| node.life() == life) {
                return Err(Violation::NotExact { life, held: Totals::default(), share });
            }
        }
        self.no_pin_is_left(&open)?;
        self.the_dead_are_reaped()
    }

    /// Where a call may come late, a pin of a life that is over may be left, and where copies of calls do, one of any
    /// life. It counts nothing, and whoever comes for the document next is served.
    fn no_pin_is_left(&self, open: &[usize]) -> Result<(), Violation> {
        let lives = self.lives();
        for document in (0..self.house.plan.documents).filter(|document| !open.contains(document)) {
            let Some(pin) = self.house.table.pin(document) else { continue };
            let is_of_the_living = self.house.plan.is_calm() && lives.contains(&pin.owner.node);
            if self.house.plan.is_prompt() || is_of_the_living {
                return Err(Violation::PinLeft { document: key(document), pin: Box::new(pin) });
            }
        }
        Ok(())
    }

    /// The present lives of processes that are there.
    fn lives(&self) -> Vec<NodeId> {
        let nodes = self.house.nodes();
        nodes.iter().filter(|node| !node.is_gone()).map(|node| node.life()).collect()
    }

    fn the_dead_are_reaped(&self) -> Result<(), Violation> {
        let lives = self.lives();
        let nodes = self.house.table.nodes().into_iter();
        match nodes.filter(|node| !lives.contains(&node.node)).find(|node| node.state != NodeState::Reaped) {
            Some(record) => {
                let held = self.house.table.held(&record.node);
                Err(Violation::NotReaped { record: Box::new(record), held })
            }
            None => Ok(()),
        }
    }

    /// An hour after its reaping nothing tells of a life. Where copies of calls come late, a pin may.
    pub(crate) fn are_buried(&self) -> Result<(), Violation> {
        let (table, lives) = (&self.house.table, self.lives());
        let on_record = table.nodes().into_iter().map(|record| record.node);
        let with_shares = table.record().shares.into_keys();
        let holding = table.fenced_ever().into_iter().filter(|life| !table.held(life).is_empty());
        let is_calm = self.house.plan.is_calm();
        let pins =
            (0..self.house.plan.documents).filter(|_| is_calm).filter_map(|document| table.pin(document));
        let with_pins = pins.map(|pin| pin.owner.node);
        match on_record.chain(with_shares).chain(holding).chain(with_pins).find(|life| !lives.contains(life))
        {
            Some(life) => Err(Violation::NotBuried { life }),
            None => Ok(()),
        }
    }

    /// When all nodes have ended in order, the books are empty.
    pub(crate) fn nothing_is_left(&self) -> Result<(), Violation> {
        for (life, share) in self.house.table.record().shares {
            if share.connections + share.documents > 0 || !share.sealed {
                return Err(Violation::NotExact { life, held: Totals::default(), share });
            }
        }
        self.no_pin_is_left(&[])?;
        self.the_dead_are_reaped()
    }
}
