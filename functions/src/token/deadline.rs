use crate::plane::answered_within;
use domain::bounds::LOOKUP_DEADLINE;
use domain::ports::Unavailable;
use std::time::Duration;
use tokio::time::Instant;

/// How long a request for a token may take, from when its form is read: less than the time after which Lambda would end
/// the function (10 s), so that whoever asks hears of it from us.
const REQUEST_DEADLINE: Duration = Duration::from_secs(7);

/// When a request for a token must be answered, whatever its stores do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// The deadline of a request whose form has just been read.
    pub(super) fn begins() -> Self {
        Self(Instant::now() + REQUEST_DEADLINE)
    }

    /// What `store` answers to `ask`, within [`LOOKUP_DEADLINE`], and within what is left of the request's time.
    pub(super) async fn answered<T>(
        self,
        store: &'static str,
        ask: impl Future<Output = Result<T, Unavailable>>,
    ) -> Result<T, Unavailable> {
        answered_within(LOOKUP_DEADLINE.min(self.left()), store, ask).await
    }

    /// Makes sure that a store may be asked `times` over, each time for as long as it may take.
    pub(super) fn leaves(self, store: &'static str, times: u32) -> Result<(), Unavailable> {
        if self.left() < LOOKUP_DEADLINE * times {
            return Err(Unavailable::new(store, "other stores left too little time to ask it"));
        }
        Ok(())
    }

    fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}
