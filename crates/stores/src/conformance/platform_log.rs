//! Clauses of [`PlatformLog`].

use domain::bounds::PLATFORM_MINUTES_KEPT;
use domain::ports::{NodeMinute, PlatformLog, Writer};
use std::sync::Arc;

const MINUTE: u64 = 29_000_000;

fn minute(writer: u64, minute: u64, ops: u64) -> NodeMinute {
    NodeMinute {
        writer: Writer(writer),
        minute,
        connections: std::array::from_fn(|nth| ops + nth as u64),
        ops,
    }
}

/// In the order of minutes and, where they are equal, of writers.
async fn minutes(log: &dyn PlatformLog, from: u64, to: u64) -> Vec<NodeMinute> {
    let mut minutes = log.minutes(from, to).await.unwrap();
    assert!(minutes.is_sorted_by_key(|noted| noted.minute));
    minutes.sort_by_key(|noted| (noted.minute, noted.writer));
    minutes
}

/// A minute is read as it was noted, with samples of 0 and the largest ones.
pub async fn a_minute_is_read_as_it_was_noted(log: Arc<dyn PlatformLog>) {
    assert_eq!(minutes(&*log, 0, u64::MAX).await, []);
    let mut connections = minute(7, MINUTE, 1).connections;
    (connections[0], connections[11]) = (0, u64::MAX);
    let noted = NodeMinute { connections, ops: u64::MAX, ..minute(u64::MAX, MINUTE, 0) };
    log.note(&noted).await.unwrap();
    assert_eq!(minutes(&*log, MINUTE, MINUTE + 1).await, [noted]);
}

/// A node's note of a minute takes the place of its earlier one; a repeat changes nothing.
pub async fn a_note_replaces_the_same_nodes_note(log: Arc<dyn PlatformLog>) {
    for noted in [minute(1, MINUTE, 9), minute(2, MINUTE, 5), minute(1, MINUTE, 3), minute(1, MINUTE, 3)] {
        log.note(&noted).await.unwrap();
    }
    assert_eq!(minutes(&*log, MINUTE, MINUTE + 1).await, [minute(1, MINUTE, 3), minute(2, MINUTE, 5)]);
}

/// A range has its first minute and not the one that it ends with, and is in the order of minutes.
pub async fn a_range_of_minutes_ends_before_its_end(log: Arc<dyn PlatformLog>) {
    for nth in [3, 1, 0, 2, 4] {
        log.note(&minute(9 - nth, MINUTE + nth, nth)).await.unwrap();
    }
    let noted = minutes(&*log, MINUTE + 1, MINUTE + 4).await;
    assert_eq!(noted, [1, 2, 3].map(|nth| minute(9 - nth, MINUTE + nth, nth)));
    assert_eq!(minutes(&*log, 0, u64::MAX).await.len(), 5);
    for (from, to) in [(MINUTE, MINUTE), (MINUTE + 4, MINUTE), (MINUTE + 5, u64::MAX), (0, MINUTE), (0, 0)] {
        assert_eq!(minutes(&*log, from, to).await, [], "{from} {to}");
    }
}

/// Nodes that note at once do not take one another's place.
pub async fn racing_notes_all_stand(log: Arc<dyn PlatformLog>) {
    let notes = (0..16).map(|writer| {
        let log = log.clone();
        tokio::spawn(async move { log.note(&minute(writer, MINUTE + writer % 2, writer)).await.unwrap() })
    });
    for note in notes.collect::<Vec<_>>() {
        note.await.unwrap();
    }
    let noted = minutes(&*log, MINUTE, MINUTE + 2).await;
    let expected = (0..2).flat_map(|odd| (0..8).map(move |nth| 2 * nth + odd));
    assert_eq!(noted, expected.map(|nth| minute(nth, MINUTE + nth % 2, nth)).collect::<Vec<_>>());
}

/// A read is strongly consistent.
pub async fn a_read_sees_every_note_that_was_answered(log: Arc<dyn PlatformLog>) {
    for nth in 0..20 {
        log.note(&minute(1, MINUTE, nth)).await.unwrap();
        assert_eq!(minutes(&*log, MINUTE, MINUTE + 1).await, [minute(1, MINUTE, nth)]);
    }
}

/// What is as old as minutes are kept is still there when newer ones come, and when one comes late.
pub async fn minutes_are_kept_for_as_long_as_they_are_asked_for(log: Arc<dyn PlatformLog>) {
    let newest = MINUTE + PLATFORM_MINUTES_KEPT;
    for at in [MINUTE, newest, MINUTE + 1] {
        log.note(&minute(1, at, 1)).await.unwrap();
    }
    let noted = minutes(&*log, MINUTE, newest + 1).await;
    assert_eq!(noted, [MINUTE, MINUTE + 1, newest].map(|at| minute(1, at, 1)));
}
