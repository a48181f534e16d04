use super::jwks::JwksError;
use super::moment::Moment;
use parking_lot::Mutex;
use std::time::Duration;

/// How often each of the two is said at most, over all key sets that share this.
const EVERY: Duration = Duration::from_secs(60);

/// What is said of key sets that can't be fetched.
#[derive(Default)]
pub(super) struct Warnings {
    warned: Mutex<Option<Moment>>,
    alarmed: Mutex<Option<Moment>>,
}

impl Warnings {
    /// Says that a source did not answer; aloud where the keys at hand are so old that some may have been revoked.
    pub(super) fn unanswered(&self, error: &JwksError, doubtful_age: Option<Duration>, now: Moment) {
        match doubtful_age.map(|age| age.as_secs()) {
            None if is_due(&self.warned, now) => tracing::warn!(%error, "a key set stays as it was"),
            Some(age_seconds) if is_due(&self.alarmed, now) => {
                tracing::error!(%error, age_seconds, "keys can't be refreshed: revoked ones may still be trusted");
            }
            _ => {}
        }
    }
}

fn is_due(said: &Mutex<Option<Moment>>, now: Moment) -> bool {
    let mut said = said.lock();
    let is_due = said.is_none_or(|said| now.since(said) >= EVERY);
    if is_due {
        *said = Some(now);
    }
    is_due
}
