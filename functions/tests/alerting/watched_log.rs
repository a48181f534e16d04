//! A usage log that tells what is read, and answers as slowly as it is told.

use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::AppUsage;
use domain::ports::{Resolution, Span, Unavailable, UsageAdd, UsageLog, UsageStanding, Writer};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

pub(crate) struct WatchedLog {
    log: Arc<dyn UsageLog>,
    /// How long it takes over a standing, a read, and rolling an app up.
    slow: Slow,
    /// It has nothing to say of this one.
    stuck: Option<AppKey>,
    reads: Mutex<Vec<Read>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slow {
    pub(crate) standings: Duration,
    pub(crate) read: Duration,
    pub(crate) roll_up: Duration,
}

/// One read that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) app: AppKey,
    pub(crate) from: Hour,
}

impl WatchedLog {
    pub(crate) fn of(log: &Arc<dyn UsageLog>) -> Self {
        Self { log: log.clone(), slow: Slow::default(), stuck: None, reads: Mutex::default() }
    }

    pub(crate) fn slow(self, slow: Slow) -> Self {
        Self { slow, ..self }
    }

    pub(crate) fn stuck(self, app: AppKey) -> Self {
        Self { stuck: Some(app), ..self }
    }

    /// What was read since the last time that this was asked, by app.
    pub(crate) fn reads(&self) -> HashMap<AppKey, Vec<Hour>> {
        let mut by_app = HashMap::<_, Vec<_>>::new();
        for Read { app, from } in self.reads.lock().unwrap().drain(..) {
            by_app.entry(app).or_default().push(from);
        }
        by_app
    }
}

#[async_trait::async_trait]
impl UsageLog for WatchedLog {
    async fn add(&self, writer: Writer, sequence: u64, add: &UsageAdd) -> Result<(), Unavailable> {
        self.log.add(writer, sequence, add).await
    }

    async fn read(
        &self,
        app: &AppKey,
        from: Hour,
        to: Hour,
        resolution: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        self.reads.lock().unwrap().push(Read { app: app.clone(), from });
        if Some(app) == self.stuck.as_ref() {
            return std::future::pending().await;
        }
        sleep(self.slow.read).await;
        self.log.read(app, from, to, resolution).await
    }

    async fn apps(&self, tenant: &TenantId) -> Result<Vec<AppId>, Unavailable> {
        self.log.apps(tenant).await
    }

    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable> {
        sleep(self.slow.standings).await;
        self.log.standings().await
    }

    async fn roll_up(&self, app: &AppKey, before: Day) -> Result<(), Unavailable> {
        if Some(app) == self.stuck.as_ref() {
            return Err(Unavailable::new("usage", "connection refused"));
        }
        sleep(self.slow.roll_up).await;
        self.log.roll_up(app, before).await
    }
}
