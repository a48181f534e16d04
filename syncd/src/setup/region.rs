use super::documents::DocumentsAt;
use super::error::SetupError;
use super::options::Options;
use super::secret::secret_argument;
use domain::clock::Clock;
use domain::ports::RateGate;
use std::fmt::Display;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use stores::memory::MemoryRateGate;
use stores::redis::{Redis, RedisRateGate, RedisUrl};

const PASSWORD: &str = "--redis-password";
/// How long it is waited, in the background, until the log says that Redis does not answer.
const LOOK: Duration = Duration::from_secs(5);

/// The region's Redis, where the options name one. Nothing waits for it.
pub(super) fn redis(options: &Options) -> Result<Option<Redis>, SetupError> {
    let Some(url) = options.redis_url()? else { return Ok(None) };
    let ca = options.redis_ca.as_ref().map(|path| {
        let failed = |error| format!("{} can't be read ({error})", path.display());
        fs::read(path).map_err(|error| SetupError::value("--redis-ca", failed(error)))
    });
    let redis = Redis::new(&url, ca.transpose()?).map_err(|error| SetupError::value("--redis-ca", error))?;
    tokio::spawn(look_at(redis.clone(), options.documents_at()));
    Ok(Some(redis))
}

impl Options {
    pub(super) fn redis_url(&self) -> Result<Option<RedisUrl>, SetupError> {
        let Some(text) = &self.redis else { return Ok(None) };
        // What was given is not told: it may hold a password.
        let url: RedisUrl = text.parse().map_err(|error| SetupError::value("--redis", error))?;
        let Some(password) = &self.redis_password else { return Ok(Some(url)) };
        let refuse = |cause: &dyn Display| SetupError::value(PASSWORD, cause);
        let password = secret_argument(password).map_err(|error| refuse(&error))?;
        if password.is_empty() {
            return Err(refuse(&"it is empty: give Redis's password, or leave the option out"));
        }
        url.with_password(&password).map(Some).map_err(|error| refuse(&error))
    }
}

/// Rates of the region, or of this process alone.
pub(super) fn gate(redis: Option<&Redis>, clock: &Arc<dyn Clock>) -> Arc<dyn RateGate> {
    match redis {
        Some(redis) => Arc::new(RedisRateGate::new(redis.clone())),
        None => Arc::new(MemoryRateGate::new(Arc::clone(clock))),
    }
}

/// Tells the operator at the start what is wrong with the region's Redis. The node itself goes on trying.
async fn look_at(redis: Redis, documents: DocumentsAt) {
    let until = match documents {
        DocumentsAt::Redis => {
            "rates do not hold for the region, and documents, which are to be there, are refused"
        }
        DocumentsAt::Memory | DocumentsAt::Disk | DocumentsAt::Lender(_) => {
            "rates do not hold for the region"
        }
    };
    match redis.connect(LOOK).await {
        Ok(()) => tracing::info!("the region's Redis answers"),
        Err(error) => {
            tracing::error!(
                cause = error.cause,
                "the region's Redis can't be reached: until it can, {until}"
            );
        }
    }
}
