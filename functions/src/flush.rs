//! Usage is written down between two requests, where nobody waits for it.

use domain::clock::Clock;
use domain::metering::Recorder;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service};

/// How long writing down may hold up the next request.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// Writes usage down each time that the service inside is done: as a layer around what takes an event, answers it and
/// posts the answer, after the client has its answer and before another event is asked for. What is not written down
/// within a second is left to the next time.
#[derive(Clone)]
pub struct FlushAfter {
    recorder: Arc<Recorder>,
    clock: Arc<dyn Clock>,
}

impl FlushAfter {
    /// A layer that writes down what this recorder has counted.
    #[must_use]
    pub fn new(recorder: Arc<Recorder>, clock: Arc<dyn Clock>) -> Self {
        Self { recorder, clock }
    }

    async fn flush(&self) {
        let flushing = self.recorder.flush(self.clock.unix_ms());
        let cause = match tokio::time::timeout(FLUSH_MAX, flushing).await {
            Ok(flushed) => flushed.failure.map(|failure| failure.cause),
            Err(_) => Some("no answer within the deadline".to_owned()),
        };
        if let Some(cause) = cause {
            let (unwritten, lost) = {
                let meter = self.recorder.meter();
                (meter.unwritten(), meter.lost())
            };
            tracing::warn!(cause, unwritten, lost, "usage could not be written down");
        }
    }
}

/// What [`FlushAfter`] makes of a service.
#[derive(Clone)]
pub struct Flushing<S> {
    inner: S,
    after: FlushAfter,
}

impl<S> Layer<S> for FlushAfter {
    type Service = Flushing<S>;

    fn layer(&self, inner: S) -> Flushing<S> {
        Flushing { inner, after: self.clone() }
    }
}

impl<R, S> Service<R> for Flushing<S>
where
    S: Service<R>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let answered = self.inner.call(request);
        let after = self.after.clone();
        Box::pin(async move {
            let outcome = answered.await;
            after.flush().await;
            outcome
        })
    }
}
