//! Clauses of [`UsageLog`].

use super::ids::app;
use domain::ports::{UsageBucket, UsageCounts, UsageLog};
use std::sync::Arc;

fn bucket(endpoint: &'static str, hour: u64) -> UsageBucket {
    UsageBucket { app: app("a"), endpoint, hour }
}

fn counts(requests: u64, errors: u64, latency_us: u64) -> UsageCounts {
    UsageCounts { requests, errors, latency_us }
}

/// Counts of one bucket add up, over batches and within each.
pub async fn what_is_added_to_a_bucket_adds_up(log: Arc<dyn UsageLog>) {
    let ops = bucket("ops", 7);
    log.add(1, &[(ops.clone(), counts(5, 1, 100)), (ops.clone(), counts(2, 0, 10))]).await.unwrap();
    log.add(2, &[(ops.clone(), counts(1, 1, 1))]).await.unwrap();
    assert_eq!(log.read(&app("a"), 0, 100).await.unwrap(), [(ops, counts(8, 2, 111))]);
}

/// A batch whose answer was lost is added again, and counts once, whatever was added since.
pub async fn a_batch_is_added_once(log: Arc<dyn UsageLog>) {
    let ops = bucket("ops", 7);
    for batch in [1, 1, 2, 1, 2] {
        log.add(batch, &[(ops.clone(), counts(5, 1, 100))]).await.unwrap();
    }
    assert_eq!(log.read(&app("a"), 0, 100).await.unwrap(), [(ops, counts(10, 2, 200))]);
}

/// Of any number of copies of a batch one counts.
pub async fn racing_copies_of_a_batch_are_added_once(log: Arc<dyn UsageLog>) {
    let copies = (0..16u128).map(|n| {
        let log = log.clone();
        tokio::spawn(async move {
            log.add(n % 4, &[(bucket("ops", 7), counts(1, 0, 0)), (bucket("usage", 7), counts(0, 1, 0))])
                .await
        })
    });
    for copy in copies.collect::<Vec<_>>() {
        copy.await.unwrap().unwrap();
    }
    let expected = [(bucket("ops", 7), counts(4, 0, 0)), (bucket("usage", 7), counts(0, 4, 0))];
    assert_eq!(log.read(&app("a"), 7, 8).await.unwrap(), expected);
}

/// A range has its first hour and not its last, ordered by hour and then by endpoint.
pub async fn a_range_is_read_by_hour_and_endpoint(log: Arc<dyn UsageLog>) {
    let buckets =
        [bucket("usage", 9), bucket("ops", 8), bucket("connect", 9), bucket("ops", 7), bucket("ops", 10)];
    for (batch, bucket) in (0..).zip(&buckets) {
        log.add(batch, &[(bucket.clone(), counts(1, 0, 0))]).await.unwrap();
    }
    let read = log.read(&app("a"), 8, 10).await.unwrap();
    let read: Vec<UsageBucket> = read.into_iter().map(|(bucket, _)| bucket).collect();
    assert_eq!(read, [bucket("ops", 8), bucket("connect", 9), bucket("usage", 9)]);
}

/// An empty range, even one that ends before it begins, has no buckets.
pub async fn an_empty_range_reads_nothing(log: Arc<dyn UsageLog>) {
    log.add(1, &[(bucket("ops", 7), counts(1, 0, 0))]).await.unwrap();
    for (from, to) in [(7, 7), (8, 7), (8, 100), (u64::MAX, 0)] {
        assert_eq!(log.read(&app("a"), from, to).await.unwrap(), []);
    }
}

/// An app's usage is no other's.
pub async fn apps_are_counted_apart(log: Arc<dyn UsageLog>) {
    let other = UsageBucket { app: app("b"), ..bucket("ops", 7) };
    log.add(1, &[(bucket("ops", 7), counts(1, 0, 0)), (other.clone(), counts(2, 0, 0))]).await.unwrap();
    assert_eq!(log.read(&app("b"), 0, 100).await.unwrap(), [(other, counts(2, 0, 0))]);
}
