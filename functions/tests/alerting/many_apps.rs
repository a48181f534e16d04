//! What a run over many apps costs, and that none of them is forgotten.

use crate::house::{House, LIMIT, NOW_UNIX_MS};
use crate::watched_log::{Slow, WatchedLog};
use domain::calendar::Hour;
use functions::alerting::Looks;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

const APPS: usize = 1_000;

/// Apps that used half of their months, some of it on a day that is settled.
async fn with_apps() -> (House, Arc<WatchedLog>) {
    let house = House::with_webhook().await;
    let settled = Hour::of_unix_ms(NOW_UNIX_MS).day().minus(3).first_hour();
    for n in 0..APPS {
        let name = format!("app-{n}");
        house.app(&name, "counted").await;
        house.used_at(&name, settled, LIMIT / 4).await;
        house.used(&name, LIMIT / 4).await;
    }
    let log = Arc::new(WatchedLog::of(&house.usage.log));
    (house, log)
}

#[tokio::test(start_paused = true)]
async fn a_run_reads_each_app_once_and_the_next_ones_only_what_may_have_changed() {
    let (house, log) = with_apps().await;
    let alerting = house.alerting_over(log.clone());
    let today = Hour::of_unix_ms(NOW_UNIX_MS).day();
    let begin = today.month().first_day().first_hour();
    assert_eq!((alerting.run().await.rolled_up, log.reads().len()), (APPS as u64, APPS));
    // The second run is the first that finds them rolled up.
    alerting.run().await;
    let second = log.reads();
    assert!(second.len() == APPS && second.values().all(|from| *from == [begin]), "{second:?}");
    alerting.run().await;
    let third = log.reads();
    let open = today.minus(1).first_hour();
    assert!(third.len() == APPS && third.values().all(|from| *from == [open]), "{third:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_of_settled_days_still_counts() {
    let (house, log) = with_apps().await;
    let alerting = house.alerting_over(log);
    for _ in 0..3 {
        assert_eq!(alerting.run().await.raised, 0);
    }
    house.turn(24 * 3_600);
    alerting.run().await;
    house.used("app-7", LIMIT * 3 / 10).await;
    assert_eq!(alerting.run().await.raised, 1);
    assert!(house.receivers.got()[0].body.contains(r#""usage":800"#), "{:?}", house.receivers.got());
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_to_a_settled_day_is_not_forgotten() {
    let (house, log) = with_apps().await;
    let alerting = house.alerting_over(log);
    for _ in 0..3 {
        assert_eq!(alerting.run().await.raised, 0);
    }
    let settled = Hour::of_unix_ms(NOW_UNIX_MS).day().minus(3).first_hour();
    house.used_at("app-7", settled, LIMIT * 3 / 10).await;
    assert_eq!(alerting.run().await.raised, 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_of_apps_of_which_all_is_told_or_that_were_not_used_this_month() {
    let (house, log) = with_apps().await;
    for n in 0..APPS / 2 {
        house.used(&format!("app-{n}"), LIMIT).await;
    }
    let alerting = house.alerting_over(log.clone());
    assert_eq!((alerting.run().await.raised, log.reads().len()), (APPS as u64, APPS));
    alerting.run().await;
    assert_eq!(log.reads().len(), APPS / 2);
    house.turn(8 * 24 * 3_600);
    house.used("app-3", 1).await;
    alerting.run().await;
    assert_eq!(log.reads().len(), 1, "it is March");
}

#[tokio::test(start_paused = true)]
async fn each_app_is_looked_at_in_one_minute_of_five_whichever_process_runs() {
    let (house, log) = with_apps().await;
    let processes = [(); 2].map(|()| house.alerting_over(log.clone()).looking(Looks::EachFiveMinutes));
    for process in &processes {
        process.run().await;
        assert_eq!(log.reads().len(), APPS, "a process begins with a look at all");
    }
    let mut seen = HashSet::new();
    for minute in 0..5 {
        processes[minute % 2].run().await;
        let reads = log.reads();
        assert!((APPS / 10..APPS / 3).contains(&reads.len()), "{}", reads.len());
        assert!(reads.into_iter().all(|(app, from)| from.len() == 1 && seen.insert(app)));
        house.turn(60);
    }
    assert_eq!(seen.len(), APPS);
}

#[tokio::test(start_paused = true)]
async fn a_log_too_slow_for_a_run_keeps_no_app_from_being_looked_at_for_ever() {
    let (house, _) = with_apps().await;
    let slow = Slow { read: Duration::from_millis(1_500), ..Slow::default() };
    let log = Arc::new(WatchedLog::of(&house.usage.log).slow(slow));
    let alerting = house.alerting_over(log.clone());
    let mut seen = HashSet::new();
    for run in 0..30 {
        let report = alerting.run().await;
        assert_eq!(report.failure.map(|failure| failure.store), Some("usage"), "it is cut off, and says so");
        let reads = log.reads();
        assert!(reads.len() < APPS / 2, "{}", reads.len());
        seen.extend(reads.into_keys());
        if seen.len() == APPS {
            return assert!(run > 1);
        }
    }
    panic!("{} of {APPS} apps were looked at", seen.len());
}
