use super::error::SetupError;
use super::options::Options;
use domain::clock::Clock;
use domain::ports::RateGate;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use stores::memory::MemoryRateGate;
use stores::redis::{Redis, RedisRateGate, RedisUrl};

/// How long it is waited, in the background, until the log says that Redis does not answer.
const LOOK: Duration = Duration::from_secs(5);

/// The region's Redis, where the options name one. Nothing waits for it.
pub(super) fn redis(options: &Options) -> Result<Option<Redis>, SetupError> {
    let Some(url) = &options.redis else { return Ok(None) };
    let url: RedisUrl = url.parse().map_err(|error| SetupError::value("--redis", error))?;
    let ca = options.redis_ca.as_ref().map(|path| {
        let failed = |error| format!("{} can't be read ({error})", path.display());
        fs::read(path).map_err(|error| SetupError::value("--redis-ca", failed(error)))
    });
    let redis = Redis::new(&url, ca.transpose()?).map_err(|error| SetupError::value("--redis-ca", error))?;
    tokio::spawn(look_at(redis.clone()));
    Ok(Some(redis))
}

/// Rates of the region, or of this process alone.
pub(super) fn gate(redis: Option<&Redis>, clock: &Arc<dyn Clock>) -> Arc<dyn RateGate> {
    match redis {
        Some(redis) => Arc::new(RedisRateGate::new(redis.clone())),
        None => Arc::new(MemoryRateGate::new(Arc::clone(clock))),
    }
}

/// Tells the operator at the start what is wrong with the region's Redis. The node itself goes on trying.
async fn look_at(redis: Redis) {
    match redis.connect(LOOK).await {
        Ok(()) => tracing::info!("the region's Redis answers"),
        Err(error) => tracing::error!(
            cause = error.cause,
            "the region's Redis can't be reached: until it can, rates count for this process alone, and documents \
             that are to be there are refused"
        ),
    }
}
