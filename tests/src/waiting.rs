use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything may take that should happen at once. Long, as the machine may be busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something that reports no events.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Awaits `work` for at most `patience`.
///
/// # Panics
/// Where it takes longer, naming `what`.
pub async fn within<T>(patience: Duration, what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(patience, work).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {patience:?}"),
    }
}

/// Looks until `holds` gives a value, for at most [`PATIENCE`]: for facts that only polling shows.
///
/// # Panics
/// Where it never does, naming `what`.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut holds: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = holds().await {
            return value;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
