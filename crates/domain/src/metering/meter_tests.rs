use super::*;
use crate::bounds::{METERED_APPS_MAX, METERED_APPS_OF_TENANT_MAX, METERED_HOURS_MAX};
use crate::ids::{AppId, TenantId};
use std::time::Duration;

const HOUR_MS: u64 = 60 * 60 * 1000;

fn meter() -> Meter {
    Meter::beside(Arc::default())
}

fn app_of(tenant: usize, app: usize) -> AppKey {
    let (tenant, app) = (format!("t{tenant}"), format!("a{app}"));
    AppKey { tenant: TenantId::parse(&tenant).unwrap(), app: AppId::parse(&app).unwrap() }
}

fn app() -> AppKey {
    app_of(0, 0)
}

fn count_of(meter: &mut Meter, app: &AppKey, hour: u64, requests: u64) {
    let took = Duration::from_micros(10);
    meter.count(app, Hour(hour), Endpoint::Ops, requests, |counts| counts.answered(requests, took));
}

fn count(meter: &mut Meter, hour: u64, requests: u64) {
    count_of(meter, &app(), hour, requests);
}

/// What a flush would write down.
fn due(meter: &mut Meter, now_unix_ms: u64) -> Vec<Due> {
    meter.sum_up(now_unix_ms);
    meter.due()
}

fn requests(due: &[Due]) -> Vec<(u64, u64)> {
    due.iter().map(|due| (due.add.hour.0, due.add.usage.requests())).collect()
}

fn totals(connections: u64) -> Totals {
    Totals { connections, documents: 1 }
}

#[test]
fn what_was_sent_and_not_answered_is_due_again_unchanged() {
    let mut meter = meter();
    count(&mut meter, 5, 2);
    let first = due(&mut meter, 5 * HOUR_MS);
    count(&mut meter, 5, 3);
    assert_eq!(due(&mut meter, 5 * HOUR_MS), first, "its outcome is not known");
    assert_eq!(meter.unwritten(), 5);
    meter.written(&first[0]);
    let second = due(&mut meter, 5 * HOUR_MS);
    assert_eq!(requests(&second), [(5, 3)]);
    assert!(second[0].sequence > first[0].sequence);
    meter.written(&first[0]);
    assert_eq!(meter.unwritten(), 3, "an answer that comes twice settles nothing else");
    meter.written(&second[0]);
    assert_eq!((due(&mut meter, 5 * HOUR_MS), meter.unwritten()), (vec![], 0));
    assert_eq!(meter.sums(), Written { additions: 2, requests: 5, ops: 5 });
}

#[test]
fn hours_are_added_apart() {
    let mut meter = meter();
    count(&mut meter, 5, 1);
    count(&mut meter, 6, 2);
    assert_eq!(requests(&due(&mut meter, 6 * HOUR_MS)), [(5, 1), (6, 2)]);
}

#[test]
fn what_stays_too_late_is_given_up_and_told() {
    let mut meter = meter();
    count(&mut meter, 5, 4);
    assert_eq!(due(&mut meter, (5 + USAGE_LATE_MAX_HOURS) * HOUR_MS).len(), 1);
    for _ in 0..5 {
        assert_eq!(due(&mut meter, (6 + USAGE_LATE_MAX_HOURS) * HOUR_MS), [], "nothing is added so late");
        assert_eq!((meter.unwritten(), meter.lost()), (4, 0));
    }
    meter.sum_up((6 + USAGE_LATE_MAX_HOURS) * HOUR_MS);
    assert_eq!((meter.unwritten(), meter.lost()), (0, 4));
}

#[test]
fn a_clock_that_leaps_ahead_and_back_loses_nothing() {
    let mut meter = meter();
    count(&mut meter, 5, 4);
    for _ in 0..5 {
        assert_eq!(due(&mut meter, 1000 * HOUR_MS), []);
    }
    assert_eq!(requests(&due(&mut meter, 5 * HOUR_MS)), [(5, 4)]);
    assert_eq!(meter.lost(), 0);
}

#[test]
fn hours_of_a_clock_that_was_ahead_are_forgotten_once_they_are_written() {
    let mut meter = meter();
    count(&mut meter, 1000, 1);
    let due = due(&mut meter, 5 * HOUR_MS);
    meter.written(&due[0]);
    meter.sum_up(5 * HOUR_MS);
    assert!(meter.apps.is_empty());
}

#[test]
fn past_the_bound_on_apps_requests_are_lost_and_told() {
    let mut meter = meter();
    for n in 0..=METERED_APPS_MAX {
        count_of(&mut meter, &app_of(n / 1000, n), 0, 1);
    }
    assert_eq!((due(&mut meter, 0).len(), meter.lost()), (METERED_APPS_MAX, 1));
}

#[test]
fn a_tenant_of_many_apps_takes_no_room_of_others() {
    let mut meter = meter();
    for n in 0..METERED_APPS_OF_TENANT_MAX + 3 {
        count_of(&mut meter, &app_of(0, n), 0, 2);
    }
    count_of(&mut meter, &app_of(1, 0), 0, 1);
    assert_eq!((due(&mut meter, 0).len(), meter.lost()), (METERED_APPS_OF_TENANT_MAX + 1, 6));
}

#[test]
fn apps_that_are_forgotten_leave_their_room_to_others() {
    let mut meter = meter();
    for round in 0..2 {
        let now = round * 10 * HOUR_MS;
        for n in 0..METERED_APPS_OF_TENANT_MAX {
            let n = n + 10_000 * usize::try_from(round).unwrap();
            count_of(&mut meter, &app_of(0, n), round * 10, 1);
        }
        due(&mut meter, now).iter().for_each(|due| meter.written(due));
        meter.sum_up(now + 2 * HOUR_MS);
        assert!(meter.apps.is_empty());
    }
    assert_eq!(meter.lost(), 0);
}

#[test]
fn past_the_bound_on_hours_requests_are_lost_and_told() {
    let mut meter = meter();
    for n in 0..=METERED_HOURS_MAX {
        count_of(&mut meter, &app_of(0, n % 1000), (n / 1000) as u64, 1);
    }
    assert_eq!((meter.unwritten(), meter.lost()), (METERED_HOURS_MAX as u64, 1));
}

#[test]
fn an_app_that_nothing_is_held_of_is_forgotten_after_the_hour_behind_its_own() {
    let mut meter = meter();
    count(&mut meter, 5, 1);
    let first = due(&mut meter, 5 * HOUR_MS);
    meter.written(&first[0]);
    assert!(due(&mut meter, 6 * HOUR_MS).is_empty() && !meter.apps.is_empty());
    assert!(due(&mut meter, 7 * HOUR_MS).is_empty() && meter.apps.is_empty());
}

#[test]
fn peaks_are_the_highest_of_their_hour_in_every_addition_that_follows() {
    let mut meter = meter();
    meter.saw(&app(), Hour(5), totals(7));
    let first = due(&mut meter, 5 * HOUR_MS);
    meter.written(&first[0]);
    meter.saw(&app(), Hour(5), totals(3));
    let second = due(&mut meter, 5 * HOUR_MS);
    assert_eq!(second[0].add.usage.levels.connections_peak, 7);
    meter.written(&second[0]);
    meter.saw(&app(), Hour(6), totals(2));
    let third = due(&mut meter, 6 * HOUR_MS);
    assert_eq!(third.last().unwrap().add.usage.levels.connections_peak, 2);
}

#[test]
fn a_clock_that_steps_back_over_an_hours_end_finds_the_hours_peak() {
    let mut meter = meter();
    meter.saw(&app(), Hour(5), totals(7));
    let first = due(&mut meter, 5 * HOUR_MS);
    meter.written(&first[0]);
    assert_eq!(due(&mut meter, 6 * HOUR_MS), []);
    meter.saw(&app(), Hour(5), totals(3));
    assert_eq!(due(&mut meter, 6 * HOUR_MS - 1)[0].add.usage.levels.connections_peak, 7);
}

#[test]
fn an_app_that_is_held_is_looked_at_once_an_hour() {
    let mut meter = meter();
    let unseen = |meter: &Meter, hour| meter.unseen(Hour(hour)).collect::<Vec<_>>();
    meter.held(&app(), 5 * HOUR_MS, 1, 1);
    assert_eq!(unseen(&meter, 5), [app()]);
    meter.saw(&app(), Hour(5), totals(1));
    assert_eq!((unseen(&meter, 5), unseen(&meter, 6)), (vec![], vec![app()]));
    meter.held(&app(), 5 * HOUR_MS + 9, -1, -1);
    assert_eq!(unseen(&meter, 6), []);
    let levels = due(&mut meter, 5 * HOUR_MS + 20)[0].add.usage.levels;
    assert_eq!((levels.connections_ms, levels.documents_ms, levels.connections_peak), (9, 9, 1));
}
