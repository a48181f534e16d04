use super::*;
use crate::ids::NodeName;
use crate::ledger::LedgerRecord;

const NOW: Duration = Duration::from_secs(100);

fn node(name: &str) -> NodeId {
    NodeId { name: NodeName::parse(name).unwrap(), epoch: 1 }
}

fn connection(limit: u64) -> Demand {
    Demand { connections: 1, documents: 0, connections_max: limit, documents_max: 10 }
}

fn document(limit: u64) -> Demand {
    Demand { connections: 1, documents: 1, connections_max: 1000, documents_max: limit }
}

fn verdicts(ledger: &mut AppLedger) -> Vec<(u64, Verdict)> {
    std::iter::from_fn(|| ledger.next_verdict()).map(|(ticket, verdict)| (ticket.0, verdict)).collect()
}

/// Drives a ledger until it has nothing to write. Returns how many writes that took.
fn settle(ledger: &mut AppLedger, record: &mut LedgerRecord) -> u32 {
    let mut writes = 0;
    while let Some(write) = ledger.next_write() {
        ledger.completed(record.apply(&write), NOW);
        assert!(record.adds_up());
        writes += 1;
    }
    writes
}

const ONE: Totals = Totals { connections: 1, documents: 0 };

#[test]
fn what_arrives_while_a_write_is_in_flight_becomes_one_next_write() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    ledger.ask(Ticket(0), connection(100), NOW);
    let first = ledger.next_write().unwrap();
    for ticket in 1..50 {
        ledger.ask(Ticket(ticket), connection(100), NOW);
        assert_eq!(ledger.next_write(), None);
    }
    ledger.completed(record.apply(&first), NOW);
    assert_eq!(settle(&mut ledger, &mut record), 1);
    assert_eq!(record.totals.connections, 50);
    assert!(verdicts(&mut ledger).iter().all(|(_, v)| *v == Verdict::Admitted));
}

#[test]
fn near_the_limit_as_many_as_fit_are_admitted_in_order() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    let mut other = AppLedger::new(node("b"));
    (0..8).for_each(|t| other.ask(Ticket(t), connection(10), NOW));
    settle(&mut other, &mut record);
    (0..5).for_each(|t| ledger.ask(Ticket(t), connection(10), NOW));
    assert_eq!(settle(&mut ledger, &mut record), 2);
    let refused = Verdict::ConnectionsFull { limit: 10 };
    let expected = [(2, refused), (3, refused), (4, refused), (0, Verdict::Admitted), (1, Verdict::Admitted)];
    assert_eq!(verdicts(&mut ledger), expected);
    assert_eq!(record.totals.connections, 10);
}

#[test]
fn each_request_of_a_batch_is_held_to_its_own_limit() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    for (ticket, limit) in [(0, 10), (1, 1), (2, 10), (3, 0)] {
        ledger.ask(Ticket(ticket), connection(limit), NOW);
    }
    settle(&mut ledger, &mut record);
    let mut verdicts = verdicts(&mut ledger);
    verdicts.sort_by_key(|(ticket, _)| *ticket);
    assert_eq!(verdicts[1].1, Verdict::ConnectionsFull { limit: 1 });
    assert_eq!(verdicts[3].1, Verdict::ConnectionsFull { limit: 0 });
    assert_eq!(record.totals.connections, 2);
}

#[test]
fn a_request_is_not_refused_for_places_that_its_batch_does_not_get() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    let mut other = AppLedger::new(node("b"));
    other.ask(Ticket(0), document(1), NOW);
    settle(&mut other, &mut record);
    for ticket in 0..2 {
        ledger.ask(Ticket(ticket), Demand { connections_max: 3, ..document(1) }, NOW);
    }
    (2..4).for_each(|ticket| ledger.ask(Ticket(ticket), connection(3), NOW));
    settle(&mut ledger, &mut record);
    let admitted: Vec<u64> =
        verdicts(&mut ledger).into_iter().filter(|(_, v)| *v == Verdict::Admitted).map(|(t, _)| t).collect();
    assert_eq!(admitted, [2, 3]);
}

#[test]
fn a_crowd_at_a_full_app_costs_one_write_and_one_that_settles_it() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    (0..10).for_each(|t| ledger.ask(Ticket(t), connection(10), NOW));
    settle(&mut ledger, &mut record);
    (10..1000).for_each(|t| ledger.ask(Ticket(t), connection(10), NOW));
    assert_eq!(settle(&mut ledger, &mut record), 2);
    let refused = verdicts(&mut ledger).iter().filter(|(_, v)| *v != Verdict::Admitted).count();
    assert_eq!(refused, 990);
}

#[test]
fn the_last_document_is_given_once_and_the_refusal_says_how_many_are_active() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    (0..3).for_each(|t| ledger.ask(Ticket(t), document(2), NOW));
    settle(&mut ledger, &mut record);
    let refused = verdicts(&mut ledger).into_iter().find(|(_, v)| *v != Verdict::Admitted);
    assert_eq!(refused, Some((2, Verdict::DocumentsFull { limit: 2, active: 2 })));
    assert_eq!(record.totals, Totals { connections: 2, documents: 2 });
}

#[test]
fn a_write_whose_answer_was_lost_counts_once() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    ledger.ask(Ticket(0), connection(10), NOW);
    let write = ledger.next_write().unwrap();
    record.apply(&write);
    ledger.unanswered();
    assert_eq!(verdicts(&mut ledger), [(0, Verdict::Unavailable)]);
    assert_eq!(ledger.next_write(), Some(write), "the very same write is sent again");
    ledger.completed(
        WriteOutcome::Refused { totals: record.totals, share: record.shares.get(&node("a")).copied() },
        NOW,
    );
    assert_eq!(settle(&mut ledger, &mut record), 1, "the abandoned place is given back");
    assert_eq!(record.totals, Totals::default());
    assert!(ledger.is_quiet());
}

#[test]
fn a_copy_of_an_old_write_that_arrives_late_changes_nothing() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    ledger.ask(Ticket(0), connection(10), NOW);
    let first = ledger.next_write().unwrap();
    ledger.completed(record.apply(&first), NOW);
    ledger.ask(Ticket(1), connection(10), NOW);
    let second = ledger.next_write().unwrap();
    ledger.completed(record.apply(&second), NOW);
    ledger.release(ONE);
    settle(&mut ledger, &mut record);
    let before = record.clone();
    for late in [&first, &second] {
        assert!(matches!(record.apply(late), WriteOutcome::Refused { .. }));
    }
    assert_eq!(record, before);
}

/// A ledger whose only request was refused by a full app which has room since, and the refused write.
fn refused() -> (AppLedger, LedgerRecord, ShareWrite) {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    let mut other = AppLedger::new(node("b"));
    other.ask(Ticket(0), connection(1), NOW);
    settle(&mut other, &mut record);
    ledger.ask(Ticket(1), connection(1), NOW);
    let write = ledger.next_write().unwrap();
    ledger.completed(record.apply(&write), NOW);
    assert_eq!(verdicts(&mut ledger), [(1, Verdict::ConnectionsFull { limit: 1 })]);
    other.release(ONE);
    settle(&mut other, &mut record);
    (ledger, record, write)
}

#[test]
fn a_copy_of_a_refused_write_that_arrives_soon_is_given_back() {
    let (mut ledger, mut record, write) = refused();
    assert!(!ledger.is_quiet());
    assert!(matches!(record.apply(&write), WriteOutcome::Written(_)));
    settle(&mut ledger, &mut record);
    assert_eq!(record.totals, Totals::default());
    assert!(ledger.is_quiet() && !ledger.is_fenced());
}

#[test]
fn a_copy_of_a_refused_write_that_arrives_late_changes_nothing() {
    let (mut ledger, mut record, write) = refused();
    assert_eq!(settle(&mut ledger, &mut record), 1);
    assert!(matches!(record.apply(&write), WriteOutcome::Refused { .. }));
    assert_eq!(record.totals, Totals::default());
}

#[test]
fn a_client_is_admitted_beside_a_copy_of_a_refused_write() {
    let (mut ledger, mut record, write) = refused();
    record.apply(&write);
    ledger.ask(Ticket(2), connection(1), NOW + KNOWN_FULL);
    settle(&mut ledger, &mut record);
    assert_eq!(verdicts(&mut ledger), [(2, Verdict::Admitted)]);
    assert_eq!(record.totals, ONE);
}

#[test]
fn a_full_app_is_refused_from_memory_for_250_ms() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    (0..2).for_each(|t| ledger.ask(Ticket(t), connection(1), NOW));
    settle(&mut ledger, &mut record);
    ledger.ask(Ticket(2), connection(1), NOW);
    settle(&mut ledger, &mut record);
    ledger.ask(Ticket(3), connection(1), NOW + KNOWN_FULL - Duration::from_millis(1));
    assert_eq!(ledger.next_write(), None, "a refusal from memory costs no write");
    ledger.ask(Ticket(4), connection(1), NOW + KNOWN_FULL);
    assert!(ledger.next_write().is_some());
    let refused =
        verdicts(&mut ledger).iter().filter(|(_, v)| *v == Verdict::ConnectionsFull { limit: 1 }).count();
    assert_eq!(refused, 3);
}

#[test]
fn an_app_that_was_full_is_looked_at_before_it_is_written_to() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    (0..2).for_each(|t| ledger.ask(Ticket(t), connection(1), NOW));
    settle(&mut ledger, &mut record);
    ledger.ask(Ticket(2), connection(1), NOW);
    settle(&mut ledger, &mut record);
    verdicts(&mut ledger);
    let later = NOW + KNOWN_FULL;
    ledger.ask(Ticket(3), connection(1), later);
    assert!(ledger.looks_first());
    ledger.looked(record.totals, later);
    assert_eq!(verdicts(&mut ledger), [(3, Verdict::ConnectionsFull { limit: 1 })]);
    assert!(!ledger.looks_first() && ledger.next_write().is_none());
    ledger.ask(Ticket(4), connection(1), later + KNOWN_FULL);
    ledger.ask(Ticket(5), connection(2), later + KNOWN_FULL);
    ledger.looked(record.totals, later + KNOWN_FULL);
    assert!(!ledger.looks_first(), "who fits is asked for at once");
    settle(&mut ledger, &mut record);
    let expected = [(4, Verdict::ConnectionsFull { limit: 1 }), (5, Verdict::Admitted)];
    assert_eq!(verdicts(&mut ledger), expected);
}

#[test]
fn a_place_given_back_here_is_free_at_once() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    (0..2).for_each(|t| ledger.ask(Ticket(t), connection(1), NOW));
    settle(&mut ledger, &mut record);
    ledger.ask(Ticket(2), connection(1), NOW);
    settle(&mut ledger, &mut record);
    ledger.release(ONE);
    ledger.ask(Ticket(3), connection(1), NOW);
    settle(&mut ledger, &mut record);
    assert_eq!(verdicts(&mut ledger).last(), Some(&(3, Verdict::Admitted)));
    assert_eq!(record.totals, ONE);
}

#[test]
fn an_abandoned_request_leaves_nothing_behind() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    ledger.ask(Ticket(0), connection(10), NOW);
    let write = ledger.next_write().unwrap();
    ledger.ask(Ticket(1), connection(10), NOW);
    ledger.abandon(Ticket(0));
    ledger.abandon(Ticket(1));
    ledger.completed(record.apply(&write), NOW);
    settle(&mut ledger, &mut record);
    assert_eq!(verdicts(&mut ledger), []);
    assert_eq!(record.totals, Totals::default());
}

#[test]
fn a_sealed_share_fences_the_node() {
    let (mut ledger, mut record) = (AppLedger::new(node("a")), LedgerRecord::default());
    ledger.ask(Ticket(0), connection(10), NOW);
    settle(&mut ledger, &mut record);
    let old = record.shares.get(&node("a")).copied();
    let sealed = Share { sequence: 9, sealed: true, ..Share::default() };
    record.apply(&ShareWrite { node: node("a"), old, new: sealed, bounds: Default::default() });
    ledger.ask(Ticket(1), connection(10), NOW);
    settle(&mut ledger, &mut record);
    ledger.ask(Ticket(2), connection(10), NOW);
    assert_eq!(verdicts(&mut ledger)[1..], [(1, Verdict::Fenced), (2, Verdict::Fenced)]);
    assert_eq!(record.totals, Totals::default());
}

#[test]
fn past_the_bound_on_waiting_requests_the_next_is_told_to_try_again() {
    let mut ledger = AppLedger::new(node("a"));
    ledger.ask(Ticket(0), connection(1 << 40), NOW);
    ledger.next_write().unwrap();
    for ticket in 0..=LEDGER_WAITING_MAX as u64 {
        ledger.ask(Ticket(ticket + 1), connection(1 << 40), NOW);
    }
    assert_eq!(verdicts(&mut ledger), [(LEDGER_WAITING_MAX as u64 + 1, Verdict::Unavailable)]);
}
