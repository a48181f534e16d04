//! Clauses of [`Ledger`].

use super::ids::{app, node};
use domain::ids::{AppKey, NodeId};
use domain::ledger::{Bounds, LedgerRecord, Share, ShareWrite, Totals, WriteOutcome};
use domain::ports::Ledger;
use std::sync::Arc;

fn share(sequence: u64, connections: u64, documents: u64) -> Share {
    Share { connections, documents, sequence, sealed: false }
}

fn totals(connections: u64, documents: u64) -> Totals {
    Totals { connections, documents }
}

fn write(node: &NodeId, old: Option<Share>, new: Share) -> ShareWrite {
    ShareWrite { node: node.clone(), old, new, bounds: Bounds::default() }
}

async fn written(ledger: &dyn Ledger, app: &AppKey, write: ShareWrite) -> Totals {
    match ledger.write(app, &write).await.unwrap() {
        WriteOutcome::Written(totals) => totals,
        WriteOutcome::Refused { totals, share } => panic!("refused at {totals:?} with {share:?}: {write:?}"),
    }
}

async fn refused(ledger: &dyn Ledger, app: &AppKey, write: ShareWrite) -> (Totals, Option<Share>) {
    let before = ledger.read(app).await.unwrap();
    match ledger.write(app, &write).await.unwrap() {
        WriteOutcome::Written(_) => panic!("took effect: {write:?}"),
        WriteOutcome::Refused { totals, share } => {
            assert_eq!(ledger.read(app).await.unwrap(), before, "a refused write changes nothing");
            assert_eq!((totals, share), (before.totals, before.shares.get(&write.node).copied()));
            (totals, share)
        }
    }
}

/// An app that was never written reads as an empty record.
pub async fn an_app_that_was_never_written_reads_empty(ledger: Arc<dyn Ledger>) {
    assert_eq!(ledger.read(&app("a")).await.unwrap(), LedgerRecord::default());
}

/// The totals and the share change together, and the answer carries the totals.
pub async fn a_write_changes_share_and_totals_together(ledger: Arc<dyn Ledger>) {
    let (app, one, other) = (app("a"), node("one", 1), node("other", 1));
    assert_eq!(written(&*ledger, &app, write(&one, None, share(1, 3, 1))).await, totals(3, 1));
    assert_eq!(written(&*ledger, &app, write(&other, None, share(1, 4, 2))).await, totals(7, 3));
    let less = write(&one, Some(share(1, 3, 1)), share(2, 1, 0));
    assert_eq!(written(&*ledger, &app, less).await, totals(5, 2));

    let record = ledger.read(&app).await.unwrap();
    assert_eq!(record.shares, [(one, share(2, 1, 0)), (other, share(1, 4, 2))].into());
    assert!(record.adds_up());
}

/// Only the value that is stored can be replaced, its sequence number included.
pub async fn a_write_from_another_value_is_refused(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    refused(&*ledger, &app, write(&one, Some(share(1, 0, 0)), share(2, 1, 0))).await;
    written(&*ledger, &app, write(&one, None, share(1, 3, 1))).await;
    for other in [share(2, 3, 1), share(1, 2, 1), share(1, 3, 0), Share { sealed: true, ..share(1, 3, 1) }] {
        refused(&*ledger, &app, write(&one, Some(other), share(3, 9, 9))).await;
    }
}

/// A share that stands can't be written as if it were the first.
pub async fn a_first_write_needs_that_no_share_stands(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    written(&*ledger, &app, write(&one, None, share(1, 0, 0))).await;
    refused(&*ledger, &app, write(&one, None, share(2, 1, 0))).await;
    written(&*ledger, &app, write(&node("one", 2), None, share(1, 1, 0))).await;
}

/// A bound holds for the totals before the write, over all shares.
pub async fn a_write_takes_effect_at_its_bound_and_not_past_it(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    written(&*ledger, &app, write(&node("other", 1), None, share(1, 5, 2))).await;
    let bounded = |connections, documents| ShareWrite {
        bounds: Bounds { connections, documents },
        ..write(&one, None, share(1, 1, 1))
    };
    for (connections, documents) in [(Some(4), None), (None, Some(1)), (Some(4), Some(2)), (Some(5), Some(1))]
    {
        let (totals_then, _) = refused(&*ledger, &app, bounded(connections, documents)).await;
        assert_eq!(totals_then, totals(5, 2));
    }
    assert_eq!(written(&*ledger, &app, bounded(Some(5), Some(2))).await, totals(6, 3));
}

/// Without a bound a write takes effect however full the app is: departures are never refused.
pub async fn what_does_not_grow_is_not_bounded(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    written(&*ledger, &app, write(&one, None, share(1, 9, 9))).await;
    let grow_documents = ShareWrite {
        bounds: Bounds { connections: None, documents: Some(9) },
        ..write(&one, Some(share(1, 9, 9)), share(2, 8, 10))
    };
    assert_eq!(written(&*ledger, &app, grow_documents).await, totals(8, 10));
}

/// A writer whose answer was lost writes again, sees its own value and knows.
pub async fn a_repeated_write_is_refused_with_its_own_value(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    let first = write(&one, None, share(1, 2, 1));
    written(&*ledger, &app, first.clone()).await;
    assert_eq!(refused(&*ledger, &app, first).await.1, Some(share(1, 2, 1)));
    let second = write(&one, Some(share(1, 2, 1)), share(2, 2, 1));
    written(&*ledger, &app, second.clone()).await;
    assert_eq!(refused(&*ledger, &app, second).await.1, Some(share(2, 2, 1)));
}

/// Even where a share has come back to the same counts, its sequence number tells the values apart.
pub async fn a_late_copy_of_a_write_cannot_take_effect(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    written(&*ledger, &app, write(&one, None, share(1, 1, 0))).await;
    let up = write(&one, Some(share(1, 1, 0)), share(2, 2, 0));
    written(&*ledger, &app, up.clone()).await;
    written(&*ledger, &app, write(&one, Some(share(2, 2, 0)), share(3, 1, 0))).await;
    refused(&*ledger, &app, up).await;
    assert_eq!(ledger.read(&app).await.unwrap().totals, totals(1, 0));
}

/// A reaper's write takes a dead node's counts off; a write of that node which is still under way finds no value
/// that it could replace.
pub async fn a_sealed_share_counts_nothing_and_stays(ledger: Arc<dyn Ledger>) {
    let (app, dead) = (app("a"), node("dead", 1));
    written(&*ledger, &app, write(&node("other", 1), None, share(1, 1, 1))).await;
    written(&*ledger, &app, write(&dead, None, share(1, 5, 2))).await;
    let sealed = Share { sealed: true, ..share(2, 0, 0) };
    assert_eq!(written(&*ledger, &app, write(&dead, Some(share(1, 5, 2)), sealed)).await, totals(1, 1));
    let late = write(&dead, Some(share(1, 5, 2)), share(2, 6, 2));
    assert_eq!(refused(&*ledger, &app, late).await.1, Some(sealed));
}

/// Forgetting deletes a sealed share and nothing else, and may be repeated.
pub async fn only_a_sealed_share_is_forgotten(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    ledger.forget_sealed(&app, &one).await.unwrap();
    written(&*ledger, &app, write(&one, None, share(1, 5, 2))).await;
    ledger.forget_sealed(&app, &one).await.unwrap();
    assert_eq!(ledger.read(&app).await.unwrap().totals, totals(5, 2));

    let sealed = Share { sealed: true, ..share(2, 0, 0) };
    written(&*ledger, &app, write(&one, Some(share(1, 5, 2)), sealed)).await;
    for _ in 0..2 {
        ledger.forget_sealed(&app, &one).await.unwrap();
        assert_eq!(ledger.read(&app).await.unwrap(), LedgerRecord::default());
    }
}

/// Many nodes fill an app at once: exactly the limit is admitted.
pub async fn racing_writers_never_pass_a_bound(ledger: Arc<dyn Ledger>) {
    const LIMIT: u64 = 40;
    const NODES: u64 = 8;
    let nodes = (0..NODES).map(|n| tokio::spawn(fill(ledger.clone(), node(&format!("n{n}"), 1), LIMIT)));
    let mut admitted = 0;
    for node in nodes.collect::<Vec<_>>() {
        admitted += node.await.unwrap();
    }
    let record = ledger.read(&app("a")).await.unwrap();
    assert_eq!((admitted, record.totals), (LIMIT, totals(LIMIT, 0)));
    assert!(record.adds_up());
}

/// Admits one connection after the other until the app is full. Returns how many.
async fn fill(ledger: Arc<dyn Ledger>, node: NodeId, limit: u64) -> u64 {
    let mut known: Option<Share> = None;
    loop {
        let count = known.map_or(0, |share| share.connections);
        let bounds = Bounds { connections: Some(limit - 1), documents: None };
        let next = ShareWrite { bounds, ..write(&node, known, share(count + 1, count + 1, 0)) };
        match ledger.write(&app("a"), &next).await.unwrap() {
            WriteOutcome::Written(after) => {
                assert!(after.connections <= limit);
                known = Some(next.new);
            }
            WriteOutcome::Refused { totals, .. } => {
                assert_eq!(totals.connections, limit);
                return count;
            }
        }
        tokio::task::yield_now().await;
    }
}

/// Of any number of copies of a write one takes effect.
pub async fn racing_copies_of_a_write_take_effect_once(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    let copies = (0..16).map(|_| {
        let (ledger, app, write) = (ledger.clone(), app.clone(), write(&one, None, share(1, 1, 1)));
        tokio::spawn(async move { ledger.write(&app, &write).await.unwrap() })
    });
    let mut took_effect = 0;
    for copy in copies.collect::<Vec<_>>() {
        took_effect += usize::from(matches!(copy.await.unwrap(), WriteOutcome::Written(_)));
    }
    assert_eq!(took_effect, 1);
    assert_eq!(ledger.read(&app).await.unwrap().totals, totals(1, 1));
}

/// A read is strongly consistent.
pub async fn a_read_sees_every_write_that_was_answered(ledger: Arc<dyn Ledger>) {
    let (app, one) = (app("a"), node("one", 1));
    let mut known = None;
    for n in 1..=50 {
        let next = share(n, n, n / 2);
        written(&*ledger, &app, write(&one, known, next)).await;
        known = Some(next);
        assert_eq!(ledger.read(&app).await.unwrap().shares.get(&one), Some(&next));
    }
}

/// What is written for one app changes no other.
pub async fn apps_are_apart(ledger: Arc<dyn Ledger>) {
    let one = node("one", 1);
    written(&*ledger, &app("a"), write(&one, None, share(1, 1, 0))).await;
    written(&*ledger, &app("b"), write(&one, None, share(1, 2, 0))).await;
    assert_eq!(ledger.read(&app("a")).await.unwrap().totals, totals(1, 0));
    assert_eq!(ledger.read(&app("b")).await.unwrap().totals, totals(2, 0));
}
