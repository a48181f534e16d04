use super::*;
use crate::ids::{AppId, TenantId};

const HOUR_MS: u64 = 60 * 60 * 1000;

fn app(id: &str) -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse(id).unwrap() }
}

fn count(meter: &mut Meter, hour: u64, requests: u64) {
    for _ in 0..requests {
        meter.count(&app("a"), Hour(hour), Endpoint::Ops, None, Duration::from_micros(10));
    }
}

fn requests(due: &[Due]) -> Vec<(u64, u64)> {
    due.iter().map(|due| (due.add.hour.0, due.add.usage.total(None).requests)).collect()
}

#[test]
fn what_was_sent_and_not_answered_is_due_again_unchanged() {
    let mut meter = Meter::default();
    count(&mut meter, 5, 2);
    let first = meter.due(5 * HOUR_MS);
    count(&mut meter, 5, 3);
    assert_eq!(meter.due(5 * HOUR_MS), first, "its outcome is not known");
    assert_eq!(meter.unwritten(), 5);
    meter.written(&first[0]);
    let second = meter.due(5 * HOUR_MS);
    assert_eq!(requests(&second), [(5, 3)]);
    assert!(second[0].sequence > first[0].sequence);
    meter.written(&first[0]);
    assert_eq!(meter.unwritten(), 3, "an answer that comes twice settles nothing else");
    meter.written(&second[0]);
    assert_eq!((meter.due(5 * HOUR_MS), meter.unwritten()), (vec![], 0));
}

#[test]
fn hours_are_added_apart() {
    let mut meter = Meter::default();
    count(&mut meter, 5, 1);
    count(&mut meter, 6, 2);
    assert_eq!(requests(&meter.due(6 * HOUR_MS)), [(5, 1), (6, 2)]);
}

#[test]
fn what_is_too_late_is_given_up_and_told() {
    let mut meter = Meter::default();
    count(&mut meter, 5, 4);
    assert_eq!(meter.due((5 + USAGE_LATE_MAX_HOURS) * HOUR_MS).len(), 1);
    assert_eq!((meter.due((6 + USAGE_LATE_MAX_HOURS) * HOUR_MS), meter.lost()), (vec![], 4));
    assert_eq!(meter.unwritten(), 0);
}

#[test]
fn past_the_bound_on_apps_requests_are_lost_and_told() {
    let mut meter = Meter::default();
    for n in 0..=METERED_APPS_MAX {
        meter.count(&app(&n.to_string()), Hour(0), Endpoint::Connect, None, Duration::ZERO);
    }
    assert_eq!((meter.due(0).len(), meter.lost()), (METERED_APPS_MAX, 1));
}

#[test]
fn an_app_that_nothing_is_held_of_is_forgotten_after_its_hour() {
    let mut meter = Meter::default();
    count(&mut meter, 5, 1);
    let due = meter.due(5 * HOUR_MS);
    meter.written(&due[0]);
    assert!(meter.due(6 * HOUR_MS).is_empty());
    assert!(meter.apps.is_empty());
}

#[test]
fn peaks_are_the_highest_of_their_hour_in_every_addition_that_follows() {
    let mut meter = Meter::default();
    let totals = |connections| Totals { connections, documents: 1 };
    meter.saw(&app("a"), Hour(5), totals(7));
    let due = meter.due(5 * HOUR_MS);
    meter.written(&due[0]);
    meter.saw(&app("a"), Hour(5), totals(3));
    assert_eq!(meter.due(5 * HOUR_MS)[0].add.usage.levels.connections_peak, 7);
    meter.saw(&app("a"), Hour(6), totals(2));
    let due = meter.due(6 * HOUR_MS);
    assert_eq!(due.last().unwrap().add.usage.levels.connections_peak, 2);
}

#[test]
fn an_app_that_is_held_is_looked_at_once_an_hour() {
    let mut meter = Meter::default();
    meter.held(&app("a"), 5 * HOUR_MS, 1, 1);
    assert_eq!(meter.unseen(Hour(5)), [app("a")]);
    meter.saw(&app("a"), Hour(5), Totals { connections: 1, documents: 1 });
    assert_eq!((meter.unseen(Hour(5)), meter.unseen(Hour(6))), (vec![], vec![app("a")]));
    meter.held(&app("a"), 5 * HOUR_MS + 9, -1, -1);
    assert_eq!(meter.unseen(Hour(6)), []);
    let due = meter.due(5 * HOUR_MS + 20);
    let levels = due[0].add.usage.levels;
    assert_eq!((levels.connections_ms, levels.documents_ms, levels.connections_peak), (9, 9, 1));
}
