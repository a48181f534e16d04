//! The end of a schedule: all is mended and comes to rest, everyone is served once more, and everyone leaves.

use crate::model::{End, Refusal, Standing};
use crate::node::Condition;
use crate::schedule::World;
use crate::transition::Transition;
use crate::violation::Violation;
use domain::bounds::BURY_AFTER;
use std::sync::Arc;
use std::time::Duration;
use syncd::caps::{DRAIN_FLUSH, LEAVE_WAIT};

/// Longer than any call, retry or lease needs: by its end everything has come to rest.
const REST: Duration = Duration::from_secs(45);
/// How often it is looked at what has become of something.
const LOOK: Duration = Duration::from_millis(500);
/// How long a client waits for its answer once all is mended.
const PATIENCE: Duration = Duration::from_secs(20);

impl World {
    /// Everything is mended, what has ended begins again, and all comes to rest.
    pub(crate) async fn mend(&mut self) -> Result<(), Violation> {
        self.house.note(format_args!("everything is mended"));
        if self.house.nodes().iter().any(|node| node.condition() == Condition::Draining) {
            self.pass(DRAIN_FLUSH + LEAVE_WAIT * 2).await?;
        }
        for node in self.house.nodes() {
            match node.condition() {
                Condition::Gone if node.index == 0 || self.chance.happens(0.5) => self.begin(node.index),
                Condition::Gone | Condition::Draining => {}
                Condition::Up | Condition::Stopped | Condition::CutOff => {
                    self.turn(node.index, Condition::Up);
                }
            }
        }
        self.house.nodes().iter().filter(|node| !node.is_gone()).for_each(|node| node.faults.heal());
        self.pass(REST).await?;
        for node in self.house.nodes().iter().filter(|node| node.condition() == Condition::Up) {
            if !node.home.desk().is_quiet() || node.home.lease().is_fenced() {
                return Err(Violation::DoesNotSettle { life: node.life() });
            }
        }
        if self.house.plan.waits_for_burials {
            self.pass(BURY_AFTER + REST).await?;
            self.rules.are_buried()?;
        }
        Ok(())
    }

    /// A client on each node is served, unless the plan or another region stands in the way.
    pub(crate) async fn is_served(&mut self) -> Result<(), Violation> {
        for node in self.house.nodes().iter().filter(|node| node.condition() == Condition::Up) {
            let (client, document) = (self.client(), self.chance.below(self.house.plan.documents));
            self.house.note(format_args!("client {client} comes to n{} for d{document}", node.index));
            self.connect(client, node.index, document);
            let standing = self.answer(client).await?;
            match standing {
                Some(Standing::Uses | Standing::Refused(Refusal::Full | Refusal::Redirected)) => {}
                other => {
                    let refusal = format!("{other:?}");
                    return Err(Violation::NotServed { client, node: node.index, document, refusal });
                }
            }
        }
        Ok(())
    }

    /// Waits for what becomes of a client.
    async fn answer(&mut self, client: u64) -> Result<Option<Standing>, Violation> {
        let (mut standing, mut waited) = (Some(Standing::Asks), Duration::ZERO);
        while standing == Some(Standing::Asks) && waited < PATIENCE {
            self.pass(LOOK).await?;
            waited += LOOK;
            standing = self.house.model().client(client).map(|client| client.standing.clone());
        }
        Ok(standing)
    }

    pub(crate) async fn everyone_leaves(&mut self) -> Result<(), Violation> {
        self.house.note(format_args!("everyone leaves"));
        let users = self.house.model().users();
        users.into_iter().for_each(|client| self.house.end_session(client, End::HungUp));
        for node in self.house.nodes().iter().filter(|node| node.condition() == Condition::Up) {
            for document in 0..self.house.plan.documents {
                let releasing = Arc::clone(node);
                node.spawn(async move { releasing.release(document).await });
            }
        }
        self.pass(Duration::from_secs(5)).await
    }

    pub(crate) async fn everyone_drains(&mut self) -> Result<(), Violation> {
        for node in self.house.nodes() {
            if node.condition() == Condition::Up {
                self.apply(Transition::Drains { node: node.index });
            }
        }
        let mut waited = Duration::ZERO;
        while waited < DRAIN_FLUSH + LEAVE_WAIT && self.house.nodes().iter().any(|node| !node.is_gone()) {
            self.pass(LOOK).await?;
            waited += LOOK;
        }
        self.rules.nothing_is_left()
    }
}
