//! Clauses of [`UsageLog`] about additions that no right clock makes.

use super::ids::app;
use super::usage_log::{DAY, HOUR, ONE, OTHER, add, day, days, hours, peaks, roll_up, total, usage};
use domain::bounds::USAGE_KEPT_DAYS;
use domain::ports::UsageLog;
use std::sync::Arc;

/// A day that is rolled up by a clock that was ahead is not lost: what is added to it is read at once, and rolled up again.
pub async fn what_is_added_to_a_rolled_up_day_shows_in_it(log: Arc<dyn UsageLog>) {
    let (from, to) = (HOUR, HOUR + 5 * 24);
    for (sequence, at) in [(1, HOUR), (2, HOUR + 24), (3, HOUR + 4 * 24)] {
        add(&*log, ONE, sequence, at, usage(sequence)).await;
    }
    roll_up(&*log, DAY.plus(4)).await;
    // Into an hour that has usage, one that has none, and a day that has none.
    for (sequence, at, of) in [(4, HOUR + 24, 1), (5, HOUR + 5, 0), (6, HOUR + 2 * 24, 0)] {
        add(&*log, OTHER, sequence, at, usage(sequence)).await;
        assert_eq!(log.standings().await.unwrap()[0].rolled_up_to, DAY.plus(of));
        assert_eq!(total(&days(&*log, from, to).await), total(&hours(&*log, from, to).await));
    }
    roll_up(&*log, DAY.plus(4)).await;
    let by_day = days(&*log, from, to).await;
    let whole: Vec<_> = by_day.iter().map(|(span, _)| *span).take(3).collect();
    assert_eq!(whole, [day(DAY), day(DAY.plus(1)), day(DAY.plus(2))]);
    for (span, usage) in by_day {
        assert_eq!(usage, total(&hours(&*log, span.from.0, span.from.0 + span.hours).await));
    }
}

/// Whoever rolls up while something is added late buries nothing of it.
pub async fn late_additions_that_race_roll_ups_show_in_their_days(log: Arc<dyn UsageLog>) {
    const ROUNDS: u64 = 12;
    add(&*log, ONE, 1, HOUR + 5 * 24, usage(1)).await;
    let late = {
        let log = log.clone();
        tokio::spawn(async move {
            for sequence in 1..=ROUNDS {
                add(&*log, OTHER, sequence, HOUR + 7 * (sequence % 6), usage(sequence)).await;
            }
        })
    };
    let rolling = (0..2).map(|_| {
        let log = log.clone();
        // A roll-up may give up while additions come; that is another's turn.
        tokio::spawn(async move {
            for _ in 0..ROUNDS {
                drop(log.roll_up(&app("a"), DAY.plus(4)).await);
            }
        })
    });
    for task in rolling.chain([late]).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    roll_up(&*log, DAY.plus(4)).await;
    let by_day = days(&*log, HOUR, HOUR + 4 * 24).await;
    assert!(by_day.iter().all(|(span, _)| span.hours == 24));
    assert_eq!(total(&by_day), total(&hours(&*log, HOUR, HOUR + 4 * 24).await));
}

/// A writer whose view of the totals begins anew takes nothing off the peaks that it told before.
pub async fn a_lower_peak_of_the_same_writer_lowers_nothing(log: Arc<dyn UsageLog>) {
    for (sequence, connections, documents) in [(1, 7, 2), (2, 3, 5), (3, 0, 1)] {
        add(&*log, ONE, sequence, HOUR, peaks(connections, documents)).await;
    }
    assert_eq!(hours(&*log, HOUR, HOUR + 1).await[0].1, peaks(7, 5));
}

/// Usage far in the future, of a clock that is wrong for a moment, makes nothing too old.
pub async fn one_day_far_ahead_ends_nothing(log: Arc<dyn UsageLog>) {
    let ahead = HOUR + (USAGE_KEPT_DAYS + 100) * 24;
    for (sequence, at) in
        [(1, HOUR), (2, HOUR + 24), (3, ahead), (4, HOUR + 25), (5, ahead + 1), (6, HOUR + 48)]
    {
        add(&*log, ONE, sequence, at, usage(1)).await;
    }
    let kept: Vec<_> = hours(&*log, 0, u64::MAX).await.iter().map(|(span, _)| span.from.0).collect();
    assert_eq!(kept, [HOUR, HOUR + 24, HOUR + 25, HOUR + 48, ahead, ahead + 1]);
}
