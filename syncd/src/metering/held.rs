use domain::clock::Clock;
use domain::ids::AppKey;
use domain::metering::Recorder;
use std::sync::Arc;

/// What is held of an app for as long as this lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Connection,
    Document,
}

/// A connection or a document that counts among those that are open. Dropped, whatever the cause, it does not any more.
#[must_use]
pub(crate) struct Held {
    recorder: Arc<Recorder>,
    clock: Arc<dyn Clock>,
    app: AppKey,
    of: Of,
}

impl Held {
    pub(super) fn new(recorder: &Arc<Recorder>, clock: &Arc<dyn Clock>, app: &AppKey, of: Of) -> Self {
        let held = Self { recorder: Arc::clone(recorder), clock: Arc::clone(clock), app: app.clone(), of };
        held.change(1);
        held
    }

    fn change(&self, by: i64) {
        let (connections, documents) = match self.of {
            Of::Connection => (by, 0),
            Of::Document => (0, by),
        };
        self.recorder.meter().held(&self.app, self.clock.unix_ms(), connections, documents);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.change(-1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::calendar::Hour;
    use domain::ids::{AppId, TenantId};
    use domain::ports::{Resolution, UsageLog, Writer};
    use std::time::Duration;
    use stores::memory::MemoryUsageLog;
    use stores::system::TurnedClock;

    #[tokio::test]
    async fn what_is_held_counts_until_it_is_dropped() {
        let log = Arc::new(MemoryUsageLog::new());
        let recorder = Arc::new(Recorder::new(Writer(1), log.clone()));
        let turned = Arc::new(TurnedClock::default());
        let clock: Arc<dyn Clock> = turned.clone();
        let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
        let connection = Held::new(&recorder, &clock, &app, Of::Connection);
        let document = Held::new(&recorder, &clock, &app, Of::Document);
        turned.advance(Duration::from_millis(30));
        drop(connection);
        turned.advance(Duration::from_millis(12));
        drop(document);
        turned.advance(Duration::from_millis(99));
        recorder.flush(turned.unix_ms()).await;
        let logged = log.read(&app, Hour(0), Hour(u64::MAX), Resolution::Hours).await.unwrap();
        let levels = logged[0].1.levels;
        assert_eq!((levels.connections_ms, levels.documents_ms), (30, 42));
    }
}
