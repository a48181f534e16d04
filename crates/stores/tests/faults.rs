//! The fault wrapper does what its plan says, and nothing when it is healed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::ids::{AppId, AppKey, NodeId, NodeName, TenantId};
use domain::ledger::{Bounds, Share, ShareWrite, WriteOutcome};
use domain::ports::{Ledger, Unavailable};
use std::sync::Arc;
use std::time::Duration;
use stores::faults::{FaultPlan, Faults, Faulty};
use stores::memory::MemoryLedger;
use tokio::time::Instant;

fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
}

fn share(sequence: u64, connections: u64) -> Share {
    Share { connections, documents: 0, sequence, sealed: false }
}

fn write(old: Option<Share>, new: Share) -> ShareWrite {
    let node = NodeId { name: NodeName::parse("n").unwrap(), epoch: 1 };
    ShareWrite { node, old, new, bounds: Bounds::default() }
}

fn ledger(plan: FaultPlan) -> (Arc<Faults>, Faulty<MemoryLedger>) {
    let faults = Faults::new(plan, 7);
    let ledger = faults.wrap(Arc::new(MemoryLedger::new()));
    (faults, ledger)
}

async fn connections(ledger: &Faulty<MemoryLedger>) -> u64 {
    ledger.store().read(&app()).await.unwrap().totals.connections
}

fn cause(answer: Result<WriteOutcome, Unavailable>) -> String {
    answer.unwrap_err().to_string()
}

#[tokio::test]
async fn a_lost_request_has_no_effect() {
    let (_, ledger) = ledger(FaultPlan { lost_request: 1.0, ..FaultPlan::default() });
    let answer = ledger.write(&app(), &write(None, share(1, 1))).await;
    assert_eq!(cause(answer), "ledger is unavailable: the request was lost");
    assert_eq!(ledger.store().writes(), 0);
}

#[tokio::test]
async fn a_lost_reply_has_its_effect() {
    let (_, ledger) = ledger(FaultPlan { lost_reply: 1.0, ..FaultPlan::default() });
    let answer = ledger.write(&app(), &write(None, share(1, 1))).await;
    assert_eq!(cause(answer), "ledger is unavailable: the reply was lost");
    assert_eq!(connections(&ledger).await, 1);
}

#[tokio::test]
async fn a_duplicate_is_performed_twice_and_either_copy_answers() {
    let (_, ledger) = ledger(FaultPlan { duplicate: 1.0, ..FaultPlan::default() });
    let (mut firsts, mut seconds) = (0, 0);
    let mut known = None;
    for n in 1..=40 {
        match ledger.write(&app(), &write(known, share(n, n))).await.unwrap() {
            WriteOutcome::Written(_) => firsts += 1,
            WriteOutcome::Refused { share: stored, .. } => {
                assert_eq!(stored, Some(share(n, n)));
                seconds += 1;
            }
        }
        known = Some(share(n, n));
    }
    assert_eq!(ledger.store().writes(), 80);
    assert!(firsts > 0 && seconds > 0, "{firsts} {seconds}");
}

#[tokio::test]
async fn a_late_copy_arrives_after_later_calls() {
    let plan = FaultPlan { lost_request: 1.0, late_copy: 1.0, late_calls_max: 3, ..FaultPlan::default() };
    let (faults, ledger) = ledger(plan);
    let answer = ledger.write(&app(), &write(None, share(1, 5))).await;
    assert!(answer.is_err());
    faults.heal();
    assert_eq!(connections(&ledger).await, 0);
    for _ in 0..4 {
        Ledger::read(&ledger, &app()).await.unwrap();
    }
    assert_eq!(connections(&ledger).await, 5);
    assert_eq!(ledger.store().writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delay_waits_on_the_clock_of_the_test() {
    let delay_max = Duration::from_secs(3600);
    let (_, ledger) = ledger(FaultPlan { delay: 1.0, delay_max, ..FaultPlan::default() });
    let start = Instant::now();
    Ledger::read(&ledger, &app()).await.unwrap();
    assert!(start.elapsed() > Duration::ZERO && start.elapsed() < 2 * delay_max);
}

#[tokio::test]
async fn a_store_that_is_cut_off_answers_nothing_until_it_is_healed() {
    let (faults, ledger) = ledger(FaultPlan::default());
    faults.cut();
    assert!(Ledger::read(&ledger, &app()).await.is_err());
    assert!(ledger.write(&app(), &write(None, share(1, 1))).await.is_err());
    faults.heal();
    assert_eq!(Ledger::read(&ledger, &app()).await.unwrap().totals.connections, 0);
    assert_eq!(faults.injected(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_call_is_answered_and_has_its_effect_once_the_stall_ends() {
    let (faults, ledger) = ledger(FaultPlan::default());
    let ledger = Arc::new(ledger);
    faults.stall();
    let stalled = Arc::clone(&ledger);
    let call = tokio::spawn(async move { stalled.write(&app(), &write(None, share(1, 5))).await });
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!call.is_finished() && connections(&ledger).await == 0);
    faults.resume();
    assert!(matches!(call.await.unwrap(), Ok(WriteOutcome::Written(_))));
    assert_eq!(connections(&ledger).await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_call_that_nobody_waits_for_has_its_effect_before_the_next() {
    let (faults, ledger) = ledger(FaultPlan::default());
    faults.stall();
    let (app, first) = (app(), write(None, share(1, 5)));
    let call = ledger.write(&app, &first);
    assert!(tokio::time::timeout(Duration::from_secs(5), call).await.is_err());
    assert_eq!(connections(&ledger).await, 0);
    faults.heal();
    assert_eq!(Ledger::read(&ledger, &app).await.unwrap().totals.connections, 5);
    assert_eq!(ledger.store().writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stall_may_begin_after_some_calls() {
    let (faults, ledger) = ledger(FaultPlan::default());
    faults.stall_after(2);
    for _ in 0..2 {
        assert!(!faults.is_stalled());
        Ledger::read(&ledger, &app()).await.unwrap();
    }
    let app = app();
    let third = tokio::time::timeout(Duration::from_secs(1), Ledger::read(&ledger, &app));
    assert!(third.await.is_err() && faults.is_stalled());
    faults.stall_after(0);
    faults.heal();
    Ledger::read(&ledger, &app).await.unwrap();
    assert!(!faults.is_stalled());
}

async fn fates(seed: u64) -> Vec<bool> {
    let faults = Faults::new(FaultPlan { delay: 0.0, ..FaultPlan::rough() }, seed);
    let ledger = faults.wrap(Arc::new(MemoryLedger::new()));
    let mut fates = Vec::new();
    for _ in 0..200 {
        fates.push(Ledger::read(&ledger, &app()).await.is_ok());
    }
    fates
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    assert_eq!(fates(1).await, fates(1).await);
    assert_ne!(fates(1).await, fates(2).await);
}

/// A writer that knows nothing but the port's contract: it takes a refusal with its own value for a success,
/// and repeats what was not answered.
async fn counted(ledger: &Faulty<MemoryLedger>, old: Option<Share>, new: Share) {
    loop {
        match ledger.write(&app(), &write(old, new)).await {
            Ok(WriteOutcome::Written(_)) => return,
            Ok(WriteOutcome::Refused { share, .. }) if share == Some(new) => return,
            Ok(WriteOutcome::Refused { share, .. }) => panic!("{share:?} stands in the way of {new:?}"),
            Err(_) => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_by_the_contract_counts_exactly_whatever_goes_wrong() {
    for seed in 0..20 {
        let faults = Faults::new(FaultPlan::rough(), seed);
        let ledger = faults.wrap(Arc::new(MemoryLedger::new()));
        let mut known = None;
        for n in 1..=200 {
            let next = share(n, n % 7);
            counted(&ledger, known, next).await;
            known = Some(next);
            assert_eq!(connections(&ledger).await, n % 7, "{faults}");
        }
        assert!(faults.injected() > 0, "{faults}");
    }
}

/// Wrapped in faults that are healed, every adapter still passes.
mod healed {
    use super::*;
    use domain::ids::Generation;
    use stores::memory::{
        MemoryCluster, MemoryDocuments, MemoryPins, MemoryPlatformLog, MemoryRateGate, MemoryUsageLog,
    };
    use stores::system::TurnedClock;

    fn healed<T>(store: T) -> Arc<Faulty<T>> {
        let faults = Faults::new(FaultPlan::rough(), 7);
        faults.heal();
        Arc::new(faults.wrap(Arc::new(store)))
    }

    mod ledger {
        use super::*;
        stores::conformance!(ledger, ((), healed(MemoryLedger::new())));
    }
    mod cluster {
        use super::*;
        stores::conformance!(cluster, ((), healed(MemoryCluster::new())));
    }
    mod pins {
        use super::*;
        stores::conformance!(pins, ((), healed(MemoryPins::new(Generation(1)))));
    }
    mod documents {
        use super::*;
        stores::conformance!(documents, ((), healed(MemoryDocuments::new())));
    }
    mod rate_gate {
        use super::*;
        use stores::conformance::rate_gate::Timed;

        fn gate() -> Timed {
            let clock = Arc::new(TurnedClock::default());
            (healed(MemoryRateGate::new(clock.clone())), clock)
        }
        stores::conformance!(rate_gate, ((), gate()));
    }
    mod usage_log {
        use super::*;
        stores::conformance!(usage_log, ((), healed(MemoryUsageLog::new())));
    }
    mod platform_log {
        use super::*;
        stores::conformance!(platform_log, ((), healed(MemoryPlatformLog::new())));
    }
}
