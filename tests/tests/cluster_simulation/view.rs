//! The shared stores as one node reaches them, before any fault: what it does there is seen, and planted bugs are met.

use crate::planted::Planted;
use crate::table::Table;
use crate::violation::Violation;
use bytes::Bytes;
use domain::ids::{AppKey, DocumentKey, Generation, NodeId, NodeName, Region};
use domain::ledger::{LedgerRecord, ShareWrite, Totals, WriteOutcome};
use domain::ports::{
    Beat, Cluster, Documents, DocumentsError, HeldKey, Ledger, NodeRecord, Opened, Owner, Pin, PinOutcome,
    Pins, Position, Sighting, Unavailable,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

pub(crate) struct View {
    pub(crate) table: Arc<Table>,
    /// Whose view it is.
    pub(crate) name: NodeName,
    /// The lives of that process.
    pub(crate) lives: Mutex<BTreeSet<NodeId>>,
}

impl View {
    pub(crate) fn new(table: Arc<Table>, name: NodeName) -> Self {
        Self { table, name, lives: Mutex::default() }
    }

    /// A life must not be refused a place for what a former life of the same process counts.
    fn refused(&self, write: &ShareWrite, record: &LedgerRecord) {
        let lives = self.lives.lock().expect("nobody panics with it");
        let formers = lives.iter().filter(|life| **life != write.node && life.name == write.node.name);
        let shares = formers.filter_map(|life| record.shares.get(life));
        let of_formers = shares.fold(Totals::default(), |sum, share| Totals {
            connections: sum.connections + share.connections,
            documents: sum.documents + share.documents,
        });
        let others = Totals {
            connections: record.totals.connections - of_formers.connections,
            documents: record.totals.documents - of_formers.documents,
        };
        let fits = write.bounds.connections.is_none_or(|most| others.connections <= most)
            && write.bounds.documents.is_none_or(|most| others.documents <= most);
        if fits && of_formers != Totals::default() {
            self.table.violates(Violation::InItsOwnWay { life: write.node.clone(), of_formers });
        }
    }
}

#[async_trait::async_trait]
impl Ledger for View {
    async fn read(&self, app: &AppKey) -> Result<LedgerRecord, Unavailable> {
        self.table.ledger.read(app).await
    }

    async fn write(&self, app: &AppKey, write: &ShareWrite) -> Result<WriteOutcome, Unavailable> {
        let outcome = self.table.ledger.write(app, write).await?;
        if write.new.sealed && self.table.planted == Planted::Deleting {
            self.table.ledger.forget_sealed(app, &write.node).await?;
        }
        let record = self.table.ledger.read(app).await?;
        self.table.wrote(&record);
        if matches!(outcome, WriteOutcome::Refused { share, .. } if share == write.old) {
            self.refused(write, &record);
        }
        Ok(outcome)
    }

    async fn forget_sealed(&self, app: &AppKey, share: &NodeId) -> Result<(), Unavailable> {
        self.table.ledger.forget_sealed(app, share).await
    }
}

#[async_trait::async_trait]
impl Cluster for View {
    async fn announce(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        let outcome = self.table.cluster.announce(record).await?;
        self.lives.lock().expect("nobody panics with it").insert(record.node.clone());
        self.table.beat(record);
        Ok(outcome)
    }

    async fn beat(&self, record: &NodeRecord) -> Result<Beat, Unavailable> {
        let outcome = self.table.cluster.beat(record).await?;
        if outcome == Beat::Alive {
            self.table.beat(record);
        }
        Ok(outcome)
    }

    async fn regions(&self) -> Result<Vec<Region>, Unavailable> {
        self.table.cluster.regions().await
    }

    async fn nodes(&self, region: &Region) -> Result<Vec<NodeRecord>, Unavailable> {
        self.table.cluster.nodes(region).await
    }

    async fn sight(&self, region: &Region, node: &NodeId, beat: u64) -> Result<Sighting, Unavailable> {
        self.table.cluster.sight(region, node, beat).await
    }

    async fn fence(&self, region: &Region, node: &NodeId, beat: u64) -> Result<bool, Unavailable> {
        let beat = match self.table.planted {
            Planted::Unconditional => self.table.beat_of(node).unwrap_or(beat),
            _ => beat,
        };
        let is_fenced = self.table.cluster.fence(region, node, beat).await?;
        if is_fenced {
            self.table.fences(node, &self.name);
        }
        Ok(is_fenced)
    }

    async fn reaped(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        self.table.cluster.reaped(region, node).await
    }

    async fn hold(&self, region: &Region, node: &NodeId, key: &HeldKey) -> Result<Beat, Unavailable> {
        let outcome = self.table.cluster.hold(region, node, key).await?;
        Ok(if self.table.planted == Planted::Unchecked { Beat::Alive } else { outcome })
    }

    async fn let_go(&self, node: &NodeId, key: &HeldKey) -> Result<(), Unavailable> {
        self.table.cluster.let_go(node, key).await
    }

    async fn held(&self, node: &NodeId) -> Result<Vec<HeldKey>, Unavailable> {
        match self.table.planted {
            Planted::Forgetful => Ok(Vec::new()),
            _ => self.table.cluster.held(node).await,
        }
    }

    async fn forget(&self, region: &Region, node: &NodeId) -> Result<(), Unavailable> {
        self.table.cluster.forget(region, node).await
    }
}

#[async_trait::async_trait]
impl Pins for View {
    async fn read(&self, document: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        self.table.pins.read(document).await
    }

    async fn pin(&self, document: &DocumentKey, owner: &Owner) -> Result<PinOutcome, Unavailable> {
        let outcome = self.table.pins.pin(document, owner).await?;
        if let PinOutcome::Pinned(pin) = &outcome {
            self.table.pinned(document, pin, false);
        }
        Ok(outcome)
    }

    async fn take_over(
        &self,
        document: &DocumentKey,
        dead: &Pin,
        owner: &Owner,
    ) -> Result<PinOutcome, Unavailable> {
        let outcome = self.table.pins.take_over(document, dead, owner).await?;
        if let PinOutcome::Pinned(pin) = &outcome {
            self.table.pinned(document, pin, true);
        }
        Ok(outcome)
    }

    async fn unpin(&self, document: &DocumentKey, held: &Pin) -> Result<(), Unavailable> {
        self.table.pins.unpin(document, held).await
    }
}

#[async_trait::async_trait]
impl Documents for View {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let opened = self.table.documents.open(document, generation).await?;
        self.table.opened(document, generation);
        Ok(opened)
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        self.table.documents.append(document, generation, after, updates).await
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        self.table.documents.compact(document, generation, through, state).await
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        self.table.documents.check(document, generation, at).await
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        self.table.documents.expire(document, generation).await
    }
}
