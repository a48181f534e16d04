use crate::bounds::{REAPED_AT_ONCE, SEAL_TRIES_MAX};
use crate::clock::Entropy;
use crate::ids::{AppKey, DocumentKey, NodeId};
use crate::ledger::{Bounds, Share, ShareWrite, WriteOutcome};
use crate::ports::{HeldKey, HomePorts, Ledger, NodeRecord, Pins, Unavailable};
use futures_util::stream::{self, StreamExt};
use std::collections::HashSet;

/// What came of reaping a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaping {
    /// Nothing of it is on the books any more; this is what was.
    Done(Struck),
    /// It lives: its beat has moved since it was seen.
    Alive,
}

/// What came off the books with a dead node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Struck {
    /// Connections of its shares.
    pub connections: u64,
    /// Documents of its shares.
    pub documents: u64,
    /// Its pins.
    pub pins: u64,
}

impl Struck {
    fn and(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            documents: self.documents + other.documents,
            pins: self.pins + other.pins,
        }
    }
}

/// How far a node's reaping has come, for whoever must leave it off and takes it up again.
#[derive(Debug, Default)]
pub struct Progress {
    visited: HashSet<HeldKey>,
    struck: Struck,
}

/// Declares a node dead whose beat still stands as in `record`, and takes all that it held off the books.
///
/// # Errors
/// [`Unavailable`] where a store does not answer; what was done till then stays done, and doing it again is
/// harmless.
pub async fn reap(home: &HomePorts, record: &NodeRecord) -> Result<Reaping, Unavailable> {
    if !home.cluster.fence(&record.region, &record.node, record.beat).await? {
        return Ok(Reaping::Alive);
    }
    let held = home.cluster.held(&record.node).await?;
    strike_all(home, record, held, &mut Progress::default()).await
}

/// The same, for who has little time: may be dropped at any moment, and goes on from `progress`. What is left is
/// visited in an order drawn anew, so that even who remembers no progress comes to everything in the end.
///
/// # Errors
/// As [`reap`].
pub async fn reap_further(
    home: &HomePorts,
    record: &NodeRecord,
    progress: &mut Progress,
    entropy: &dyn Entropy,
) -> Result<Reaping, Unavailable> {
    if !home.cluster.fence(&record.region, &record.node, record.beat).await? {
        return Ok(Reaping::Alive);
    }
    let mut held = home.cluster.held(&record.node).await?;
    // What is fenced takes up nothing more: what was visited once is done.
    held.retain(|key| !progress.visited.contains(key));
    held.sort_by_cached_key(|_| entropy.next_u64());
    strike_all(home, record, held, progress).await
}

/// Strikes these keys, and notes the node as reaped once none has failed. One app whose ledger does not answer holds up
/// no other: what fails is left for the next reaping.
async fn strike_all(
    home: &HomePorts,
    record: &NodeRecord,
    held: Vec<HeldKey>,
    progress: &mut Progress,
) -> Result<Reaping, Unavailable> {
    let mut failure = None;
    let mut strikes =
        stream::iter(held).map(|key| strike(home, &record.node, key)).buffer_unordered(REAPED_AT_ONCE);
    while let Some((key, struck)) = strikes.next().await {
        match struck {
            Ok(struck) => progress.note(key, struck),
            Err(failed) => failure = Some(failed),
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    home.cluster.reaped(&record.region, &record.node).await?;
    Ok(Reaping::Done(progress.struck))
}

impl Progress {
    fn note(&mut self, key: HeldKey, struck: Struck) {
        self.visited.insert(key);
        self.struck = self.struck.and(struck);
    }
}

/// Takes one thing that a dead node held off the books. That it held it is remembered until it is buried: a pin that
/// was under way when it died is struck then.
async fn strike(home: &HomePorts, dead: &NodeId, key: HeldKey) -> (HeldKey, Result<Struck, Unavailable>) {
    let struck = match &key {
        HeldKey::Share(app) => seal_share(&*home.ledger, app, dead).await.map(|share| Struck {
            connections: share.connections,
            documents: share.documents,
            pins: 0,
        }),
        HeldKey::Pin(document) => strike_pin(&*home.pins, document, dead)
            .await
            .map(|is_struck| Struck { pins: u64::from(is_struck), ..Struck::default() }),
    };
    (key, struck)
}

/// Seals a dead node's share, whatever it counts, also where it was never written: a first write that is
/// still under way must find it. Returns what it counted.
///
/// # Errors
/// [`Unavailable`] where the ledger does not answer, or the share keeps moving.
pub async fn seal_share(ledger: &dyn Ledger, app: &AppKey, dead: &NodeId) -> Result<Share, Unavailable> {
    let mut stored = ledger.read(app).await?.shares.get(dead).copied();
    for _ in 0..SEAL_TRIES_MAX {
        if stored.is_some_and(|share| share.sealed) {
            return Ok(Share::default());
        }
        let sequence = stored.map_or(0, |share| share.sequence).saturating_add(1);
        let sealed = Share { sequence, sealed: true, ..Share::default() };
        let write = ShareWrite { node: dead.clone(), old: stored, new: sealed, bounds: Bounds::default() };
        match ledger.write(app, &write).await? {
            WriteOutcome::Written(_) => return Ok(stored.unwrap_or_default()),
            WriteOutcome::Refused { share, .. } => stored = share,
        }
    }
    Err(Unavailable::new("ledger", "the share of a dead node keeps moving"))
}

/// Removes the pin of a document where a dead node holds it. Returns whether it did.
///
/// # Errors
/// [`Unavailable`] where the pins do not answer.
pub async fn strike_pin(pins: &dyn Pins, document: &DocumentKey, dead: &NodeId) -> Result<bool, Unavailable> {
    match pins.read(document).await? {
        Some(pin) if pin.owner.node == *dead => pins.unpin(document, &pin).await.map(|()| true),
        _ => Ok(false),
    }
}

/// Forgets the sealed shares and the record of a node that was reaped long ago.
///
/// # Errors
/// [`Unavailable`] where a store does not answer; what was done till then stays done.
pub async fn bury(home: &HomePorts, record: &NodeRecord) -> Result<(), Unavailable> {
    let node = &record.node;
    let held = home.cluster.held(node).await?;
    stream::iter(held)
        .map(|key| bury_one(home.clone(), node.clone(), key))
        .buffer_unordered(REAPED_AT_ONCE)
        .fold(Ok(()), |all, one| async move { all.and(one) })
        .await?;
    home.cluster.forget(&record.region, node).await
}

async fn bury_one(home: HomePorts, dead: NodeId, key: HeldKey) -> Result<(), Unavailable> {
    match &key {
        HeldKey::Share(app) => home.ledger.forget_sealed(app, &dead).await?,
        HeldKey::Pin(document) => drop(strike_pin(&*home.pins, document, &dead).await?),
    }
    home.cluster.let_go(&dead, &key).await
}
