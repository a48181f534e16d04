//! Clauses of [`UsageLog`].

pub use super::usage_late::{
    a_lower_peak_of_the_same_writer_lowers_nothing, late_additions_that_race_roll_ups_show_in_their_days,
    one_day_far_ahead_ends_nothing, what_is_added_to_a_rolled_up_day_shows_in_it,
};

use super::ids::app;
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::{AppUsage, Endpoint, Histogram, Levels, Reason};
use domain::ports::{Resolution, Span, UsageAdd, UsageLog, UsageStanding, Writer};
use std::sync::Arc;
use std::time::Duration;

pub(super) const DAY: Day = Day(20_000);
/// The first hour of [`DAY`].
pub(super) const HOUR: u64 = DAY.0 * 24;
pub(super) const ONE: Writer = Writer(1);
pub(super) const OTHER: Writer = Writer(u64::MAX);

pub(super) fn usage(requests: u64) -> AppUsage {
    let mut usage = AppUsage::default();
    usage.of_mut(Endpoint::Ops).answered(requests, Duration::from_micros(300));
    usage.of_mut(Endpoint::Connect).refused(Reason::parse("4004").unwrap(), Duration::from_secs(3));
    usage.levels = Levels { connections_ms: 9, documents_ms: requests, ..peaks(requests, 1).levels };
    usage
}

pub(super) fn peaks(connections_peak: u64, documents_peak: u64) -> AppUsage {
    let mut usage = AppUsage::default();
    usage.levels = Levels { connections_peak, documents_peak, ..Levels::default() };
    usage
}

fn sum(parts: &[AppUsage]) -> AppUsage {
    let mut sum = AppUsage::default();
    parts.iter().for_each(|part| sum.add(part));
    sum
}

fn key(tenant: &str, app: &str) -> AppKey {
    AppKey { tenant: TenantId::parse(tenant).unwrap(), app: AppId::parse(app).unwrap() }
}

fn hour(hour: u64) -> Span {
    Span { from: Hour(hour), hours: 1 }
}

pub(super) fn day(day: Day) -> Span {
    Span { from: day.first_hour(), hours: 24 }
}

async fn add_to(log: &dyn UsageLog, app: AppKey, writer: Writer, sequence: u64, hour: u64, usage: AppUsage) {
    log.add(writer, sequence, &UsageAdd { app, hour: Hour(hour), usage }).await.unwrap();
}

pub(super) async fn add(log: &dyn UsageLog, writer: Writer, sequence: u64, hour: u64, usage: AppUsage) {
    add_to(log, app("a"), writer, sequence, hour, usage).await;
}

async fn read(log: &dyn UsageLog, from: u64, to: u64, resolution: Resolution) -> Vec<(Span, AppUsage)> {
    log.read(&app("a"), Hour(from), Hour(to), resolution).await.unwrap()
}

pub(super) async fn hours(log: &dyn UsageLog, from: u64, to: u64) -> Vec<(Span, AppUsage)> {
    read(log, from, to, Resolution::Hours).await
}

pub(super) async fn days(log: &dyn UsageLog, from: u64, to: u64) -> Vec<(Span, AppUsage)> {
    read(log, from, to, Resolution::Days).await
}

pub(super) async fn roll_up(log: &dyn UsageLog, before: Day) {
    log.roll_up(&app("a"), before).await.unwrap();
}

fn spans(read: &[(Span, AppUsage)]) -> Vec<Span> {
    read.iter().map(|(span, _)| *span).collect()
}

/// Of an app that nothing was added to nothing is known, and to roll it up makes nothing known.
pub async fn an_app_that_was_never_added_to_is_not_known(log: Arc<dyn UsageLog>) {
    roll_up(&*log, DAY).await;
    assert_eq!((hours(&*log, 0, u64::MAX).await, days(&*log, 0, u64::MAX).await), (vec![], vec![]));
    assert_eq!(log.apps(&app("a").tenant).await.unwrap(), []);
    assert_eq!(log.standings().await.unwrap(), []);
}

/// What several writers add to one hour adds up, and the highest peak stays.
pub async fn what_writers_add_to_an_hour_adds_up(log: Arc<dyn UsageLog>) {
    for (writer, sequence, requests) in [(ONE, 1, 4), (OTHER, 1, 3), (ONE, 2, 5)] {
        add(&*log, writer, sequence, HOUR, usage(requests)).await;
    }
    let expected = sum(&[usage(5), usage(3), usage(4)]);
    assert_eq!(hours(&*log, HOUR, HOUR + 1).await, [(hour(HOUR), expected)]);
}

/// A writer that does not know whether its addition was made makes it again.
pub async fn a_repeated_addition_is_made_once(log: Arc<dyn UsageLog>) {
    for sequence in [3, 3, 7, 7, 7] {
        add(&*log, ONE, sequence, HOUR, usage(sequence)).await;
    }
    assert_eq!(hours(&*log, HOUR, HOUR + 1).await, [(hour(HOUR), sum(&[usage(3), usage(7)]))]);
}

/// A copy of an addition that arrives after later ones changes nothing.
pub async fn a_late_copy_of_an_addition_changes_nothing(log: Arc<dyn UsageLog>) {
    for sequence in [1, 2, 3, 1, 2, 3, 2, 4, 1] {
        add(&*log, ONE, sequence, HOUR, usage(sequence)).await;
    }
    let expected = sum(&[usage(1), usage(2), usage(3), usage(4)]);
    assert_eq!(hours(&*log, HOUR, HOUR + 1).await, [(hour(HOUR), expected)]);
}

/// Of any number of copies of an addition one is made.
pub async fn racing_copies_of_an_addition_are_made_once(log: Arc<dyn UsageLog>) {
    let copies = (0..16).map(|_| {
        let log = log.clone();
        tokio::spawn(async move { add(&*log, ONE, 1, HOUR, usage(5)).await })
    });
    for copy in copies.collect::<Vec<_>>() {
        copy.await.unwrap();
    }
    assert_eq!(hours(&*log, HOUR, HOUR + 1).await, [(hour(HOUR), usage(5))]);
}

/// Writers that add at once lose nothing to one another.
pub async fn what_racing_writers_add_adds_up(log: Arc<dyn UsageLog>) {
    const WRITERS: u64 = 8;
    const EACH: u64 = 5;
    let writers = (0..WRITERS).map(|writer| {
        let log = log.clone();
        tokio::spawn(async move {
            for sequence in 1..=EACH {
                add(&*log, Writer(writer), sequence, HOUR, usage(sequence)).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let each: Vec<_> = (0..WRITERS).flat_map(|_| (1..=EACH).map(usage)).collect();
    assert_eq!(hours(&*log, HOUR, HOUR + 1).await, [(hour(HOUR), sum(&each))]);
}

/// Sequence numbers of one writer, app and hour say nothing about those of another.
pub async fn writers_apps_and_hours_are_numbered_apart(log: Arc<dyn UsageLog>) {
    add(&*log, ONE, 9, HOUR, usage(1)).await;
    add(&*log, OTHER, 1, HOUR, usage(2)).await;
    add(&*log, ONE, 8, HOUR + 1, usage(3)).await;
    add_to(&*log, app("b"), ONE, 7, HOUR, usage(4)).await;
    let expected = [(hour(HOUR), sum(&[usage(1), usage(2)])), (hour(HOUR + 1), usage(3))];
    assert_eq!(hours(&*log, HOUR, HOUR + 2).await, expected);
    let other = log.read(&app("b"), Hour(HOUR), Hour(HOUR + 1), Resolution::Hours).await.unwrap();
    assert_eq!(other, [(hour(HOUR), usage(4))]);
}

/// No two apps share usage, however their ids and their tenants' are put together.
pub async fn apps_are_apart(log: Arc<dyn UsageLog>) {
    let keys =
        [("a", "bc"), ("ab", "c"), ("a", "b-c"), ("a-b", "c"), ("a", "b_c"), ("a_b", "c"), ("abc", "a")];
    for (nth, (tenant, app)) in (1..).zip(keys) {
        add_to(&*log, key(tenant, app), ONE, 1, HOUR, usage(nth)).await;
        log.roll_up(&key(tenant, app), DAY.plus(nth)).await.unwrap();
    }
    for (nth, (tenant, app)) in (1..).zip(keys) {
        for resolution in [Resolution::Hours, Resolution::Days] {
            let read = log.read(&key(tenant, app), Hour(HOUR), Hour(HOUR + 24), resolution).await.unwrap();
            assert_eq!(read.len(), 1, "{tenant} {app}");
            assert_eq!(read[0].1, usage(nth), "{tenant} {app}");
        }
    }
    let of = async |tenant: &str| {
        let apps = log.apps(&TenantId::parse(tenant).unwrap()).await.unwrap();
        apps.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        (of("a").await, of("ab").await),
        (vec!["b-c".into(), "b_c".into(), "bc".into()], vec!["c".into()])
    );
    assert_eq!((of("b").await, of("abc").await), (vec![], vec!["a".into()]));
    let mut sorted = keys.map(|(tenant, app)| key(tenant, app)).to_vec();
    sorted.sort();
    let standings = log.standings().await.unwrap();
    assert_eq!(standings.iter().map(|standing| standing.app.clone()).collect::<Vec<_>>(), sorted);
}

/// A range has its first hour and not the one that it ends with; hours without usage are not in it.
pub async fn a_range_ends_before_its_end(log: Arc<dyn UsageLog>) {
    for (sequence, at) in [(1, HOUR + 5), (2, HOUR), (3, HOUR + 23), (4, HOUR + 24)] {
        add(&*log, ONE, sequence, at, usage(at - HOUR)).await;
    }
    for resolution in [Resolution::Hours, Resolution::Days] {
        let at = async |from, to| {
            let read = read(&*log, from, to, resolution).await;
            read.iter()
                .map(|(span, usage)| (span.from.0 - HOUR, usage.levels.documents_ms))
                .collect::<Vec<_>>()
        };
        assert_eq!(at(HOUR, HOUR + 24).await, [(0, 0), (5, 5), (23, 23)], "{resolution:?}");
        assert_eq!(at(HOUR + 1, HOUR + 25).await, [(5, 5), (23, 23), (24, 24)], "{resolution:?}");
        assert_eq!(at(HOUR + 5, HOUR + 6).await, [(5, 5)]);
        assert_eq!(at(0, u64::MAX).await.len(), 4);
        for (from, to) in [(HOUR + 6, HOUR + 23), (HOUR + 5, HOUR + 5), (HOUR + 24, HOUR), (0, HOUR), (0, 0)]
        {
            assert_eq!(at(from, to).await, [], "{from} {to}");
        }
    }
}

/// Of peaks the highest of all writers stays, each of its own; an addition without peaks takes none away.
pub async fn the_highest_peaks_stay(log: Arc<dyn UsageLog>) {
    for (writer, sequence, connections, documents) in
        [(ONE, 1, 7, 2), (OTHER, 1, 3, 5), (ONE, 2, 0, 0), (OTHER, 2, 4, 5)]
    {
        add(&*log, writer, sequence, HOUR, peaks(connections, documents)).await;
    }
    add(&*log, ONE, 3, HOUR + 1, peaks(1, 0)).await;
    let expected = [(hour(HOUR), peaks(7, 5)), (hour(HOUR + 1), peaks(1, 0))];
    assert_eq!(hours(&*log, HOUR, HOUR + 2).await, expected);
    roll_up(&*log, DAY.plus(1)).await;
    assert_eq!(days(&*log, HOUR, HOUR + 24).await, [(day(DAY), peaks(7, 5))]);
}

/// Every endpoint, reason, bucket and level is read as it was added.
pub async fn every_count_is_kept_apart(log: Arc<dyn UsageLog>) {
    let full = full();
    add(&*log, ONE, u64::MAX, HOUR, full.clone()).await;
    assert_eq!(hours(&*log, HOUR, HOUR + 1).await, [(hour(HOUR), full.clone())]);
    roll_up(&*log, DAY.plus(1)).await;
    assert_eq!(days(&*log, HOUR, HOUR + 24).await, [(day(DAY), full)]);
}

/// No two of its counts are equal.
fn full() -> AppUsage {
    let mut usage = AppUsage::default();
    let mut next = 1u64 << 40;
    let mut count = || {
        next += 1;
        next
    };
    for endpoint in Endpoint::ALL {
        let counts = usage.of_mut(endpoint);
        (counts.requests, counts.latency_us) = (count(), count());
        counts.histogram = Histogram { counts: std::array::from_fn(|_| count()) };
        for reason in ["4004", "4006", "0", "n", "t", "service_unavailable", &"z".repeat(Reason::BYTES_MAX)] {
            counts.refused.insert(Reason::parse(reason).unwrap(), count());
        }
    }
    usage.levels = Levels {
        connections_peak: count(),
        documents_peak: count(),
        connections_ms: count(),
        documents_ms: count(),
    };
    usage
}

/// A sum that is past the largest number is the largest.
pub async fn a_sum_past_the_largest_number_is_the_largest(log: Arc<dyn UsageLog>) {
    let mut most = AppUsage::default();
    most.of_mut(Endpoint::Ops).answered(u64::MAX, Duration::MAX);
    most.levels.connections_ms = u64::MAX;
    add(&*log, ONE, 1, HOUR, most.clone()).await;
    add(&*log, ONE, 2, HOUR, most.clone()).await;
    assert_eq!(hours(&*log, HOUR, HOUR + 1).await, [(hour(HOUR), most)]);
}

/// A day that is rolled up comes as one span where it lies wholly in the range and days are asked for; its hours stay. No
/// hour comes twice.
pub async fn whole_days_that_are_rolled_up_come_as_one(log: Arc<dyn UsageLog>) {
    let at: Vec<u64> = (0..24 * 3).step_by(6).map(|hour| HOUR + hour).collect();
    for (sequence, at) in (1..).zip(&at) {
        add(&*log, ONE, sequence, *at, usage(sequence)).await;
    }
    roll_up(&*log, DAY.plus(2)).await;
    let hourly: Vec<_> = at.iter().map(|at| hour(*at)).collect();
    assert_eq!(spans(&hours(&*log, HOUR, HOUR + 72).await), hourly);

    let [first, second] = [day(DAY), day(DAY.plus(1))];
    let (of_first, of_second, of_third) = (&hourly[..4], &hourly[4..8], &hourly[8..]);
    let cases: [(u64, u64, Vec<Span>); 6] = [
        (HOUR, HOUR + 72, [&[first, second], of_third].concat()),
        (HOUR - 24, HOUR + 48, vec![first, second]),
        (HOUR + 1, HOUR + 72, [&of_first[1..], &[second], of_third].concat()),
        (HOUR, HOUR + 47, [&[first], of_second].concat()),
        (HOUR + 6, HOUR + 43, [&of_first[1..], of_second].concat()),
        (HOUR + 48, HOUR + 72, of_third.to_vec()),
    ];
    for (from, to, expected) in cases {
        let read = days(&*log, from, to).await;
        assert_eq!(spans(&read), expected, "{} to {}", from - HOUR, to - HOUR);
        assert_eq!(total(&read), total(&hours(&*log, from, to).await));
    }
}

pub(super) fn total(read: &[(Span, AppUsage)]) -> AppUsage {
    sum(&read.iter().map(|(_, usage)| usage.clone()).collect::<Vec<_>>())
}

/// A day is what its hours add up to over all writers, from its first to its last, and nothing of the days beside it.
pub async fn a_day_is_the_sum_of_its_hours(log: Arc<dyn UsageLog>) {
    for (sequence, at) in (1..).zip(HOUR - 1..=HOUR + 24) {
        add(&*log, ONE, sequence, at, usage(sequence)).await;
        add(&*log, OTHER, sequence, at, usage(2 * sequence)).await;
    }
    roll_up(&*log, DAY.plus(1)).await;
    let expected = total(&hours(&*log, HOUR, HOUR + 24).await);
    assert_eq!(expected, sum(&(2..=25).flat_map(|n| [usage(n), usage(2 * n)]).collect::<Vec<_>>()));
    assert_eq!(days(&*log, HOUR, HOUR + 24).await, [(day(DAY), expected)]);
}

/// A day without usage is in no range, rolled up or not.
pub async fn a_day_without_usage_has_no_span(log: Arc<dyn UsageLog>) {
    add(&*log, ONE, 1, HOUR, usage(1)).await;
    add(&*log, ONE, 2, HOUR + 72, usage(2)).await;
    roll_up(&*log, DAY.plus(4)).await;
    let expected = [(day(DAY), usage(1)), (day(DAY.plus(3)), usage(2))];
    assert_eq!(days(&*log, HOUR - 24, HOUR + 120).await, expected);
}

/// Days that are rolled up stay as they are when they are rolled up again, or up to an earlier day.
pub async fn rolling_up_again_changes_nothing(log: Arc<dyn UsageLog>) {
    for (sequence, at) in [(1, HOUR), (2, HOUR + 1), (3, HOUR + 24)] {
        add(&*log, ONE, sequence, at, usage(sequence)).await;
    }
    for before in [2, 2, 1, 0, 2] {
        roll_up(&*log, DAY.plus(before)).await;
        let expected = [(day(DAY), sum(&[usage(1), usage(2)])), (day(DAY.plus(1)), usage(3))];
        assert_eq!(days(&*log, HOUR, HOUR + 48).await, expected);
        assert_eq!(log.standings().await.unwrap()[0].rolled_up_to, DAY.plus(2));
    }
}

/// Days are rolled up one after the other: what was rolled up before is not done again.
pub async fn rolling_up_goes_on_where_it_ended(log: Arc<dyn UsageLog>) {
    let mut expected = Vec::new();
    for nth in 0..4 {
        add(&*log, ONE, nth + 1, HOUR + nth * 24, usage(nth + 1)).await;
        add(&*log, ONE, nth + 2, HOUR + nth * 24 + 23, usage(1)).await;
        roll_up(&*log, DAY.plus(nth + 1)).await;
        expected.push((day(DAY.plus(nth)), sum(&[usage(nth + 1), usage(1)])));
        assert_eq!(days(&*log, HOUR, HOUR + 96).await, expected);
    }
}

/// Whoever rolls up at the same time counts nothing twice.
pub async fn racing_roll_ups_count_nothing_twice(log: Arc<dyn UsageLog>) {
    for (sequence, at) in (1..).zip((HOUR..HOUR + 72).step_by(5)) {
        add(&*log, ONE, sequence, at, usage(sequence)).await;
    }
    let before = total(&hours(&*log, HOUR, HOUR + 72).await);
    let runs = (0..8).map(|nth| {
        let log = log.clone();
        tokio::spawn(async move { roll_up(&*log, DAY.plus(1 + nth % 3)).await })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
    let read = days(&*log, HOUR, HOUR + 72).await;
    assert_eq!(spans(&read), [day(DAY), day(DAY.plus(1)), day(DAY.plus(2))]);
    assert_eq!(total(&read), before);
}

/// Every app with usage stands somewhere: how far it is rolled up, and its last day, which a late addition does not lower.
pub async fn an_app_stands_where_it_was_added_to_and_rolled_up(log: Arc<dyn UsageLog>) {
    let standings = async || {
        let standings = log.standings().await.unwrap();
        let stands = |UsageStanding { app, rolled_up_to, last }| (app, rolled_up_to, last.day());
        standings.into_iter().map(stands).collect::<Vec<_>>()
    };
    for (sequence, at, last) in [(1, HOUR, DAY), (2, HOUR + 30, DAY.plus(1)), (3, HOUR + 10, DAY.plus(1))] {
        add(&*log, ONE, sequence, at, usage(1)).await;
        assert_eq!(standings().await, [(app("a"), Day(0), last)]);
    }
    // Another process has not seen the first one's additions.
    add(&*log, OTHER, 1, HOUR + 20, usage(1)).await;
    add_to(&*log, app("b"), ONE, 4, HOUR + 2, usage(1)).await;
    roll_up(&*log, DAY).await;
    assert_eq!(standings().await, [(app("a"), DAY, DAY.plus(1)), (app("b"), Day(0), DAY)]);
    assert_eq!(log.apps(&app("a").tenant).await.unwrap(), [app("a").app, app("b").app]);
}

/// A read is strongly consistent, also where it began a moment after the answer.
pub async fn a_read_sees_every_addition_that_was_answered(log: Arc<dyn UsageLog>) {
    let mut so_far = AppUsage::default();
    for sequence in 1..=30 {
        add(&*log, ONE, sequence, HOUR, usage(sequence)).await;
        so_far.add(&usage(sequence));
        assert_eq!(hours(&*log, HOUR, HOUR + 1).await, [(hour(HOUR), so_far.clone())]);
    }
}

/// What is as old as usage is kept is still there when newer usage comes, by hours and by days.
pub async fn usage_is_kept_for_as_long_as_it_is_asked_for(log: Arc<dyn UsageLog>) {
    let newest = DAY.plus(domain::bounds::USAGE_KEPT_DAYS);
    add(&*log, ONE, 1, HOUR, usage(1)).await;
    roll_up(&*log, DAY.plus(1)).await;
    add(&*log, ONE, 2, newest.first_hour().0 + 23, usage(2)).await;
    roll_up(&*log, newest.plus(1)).await;
    let to = newest.plus(1).first_hour().0;
    assert_eq!(days(&*log, HOUR, to).await, [(day(DAY), usage(1)), (day(newest), usage(2))]);
    assert_eq!(hours(&*log, HOUR, to).await, [(hour(HOUR), usage(1)), (hour(to - 1), usage(2))]);
}
