//! Usage on a disk of this machine, in one file: an embedded B-tree.
//!
//! A change is on the device when it is answered, and so survives `kill -9` and the machine's death. Changes that wait at the
//! same moment go to the device together.

mod change;
mod database;
mod reading;
mod record;
mod tables;
mod varint;
mod writer;

pub use tables::UsageFileError;

use change::{Change, Failure};
use database::UsageDatabase;
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::AppUsage;
use domain::ports::{
    NodeMinute, PlatformLog, Resolution, Span, Unavailable, UsageAdd, UsageLog, UsageStanding,
};
use reading::Reading;
use redb::ReadableDatabase;
use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::{Semaphore, mpsc, oneshot};
use writer::{Request, Writer};

const USAGE: &str = "usage log";
const PLATFORM: &str = "platform log";
/// Changes that wait for the device; more wait in their own tasks.
const QUEUE: usize = 1024;
/// Reads at once, each on a thread for blocking work.
const READS: usize = 4;

/// The usage of each app and the nodes' minutes, in the file `usage.redb` of a folder, which belongs to one process.
///
/// Must be used within a tokio runtime. What nobody adds to any more is deleted when newer usage comes, a day's at once.
pub struct DiskUsage {
    // In this order they are dropped: the thread ends when no request can come.
    queue: mpsc::Sender<Request>,
    _thread: WriterThread,
    database: Arc<UsageDatabase>,
    reads: Semaphore,
}

impl DiskUsage {
    /// The name of its file.
    pub const FILE: &str = "usage.redb";

    /// The usage in the folder at `path`, which is made if there is none.
    ///
    /// # Errors
    /// [`UsageFileError`]: another process has the file, or it is no usage that this release knows.
    pub fn open(path: &Path) -> Result<Self, UsageFileError> {
        let file = path.join(Self::FILE);
        let unusable =
            |error: std::io::Error| UsageFileError::Unusable { path: file.clone(), cause: error.to_string() };
        make_private(path, &file).map_err(unusable)?;
        let database = Arc::new(UsageDatabase::open(&file)?);
        let (queue, requests) = mpsc::channel(QUEUE);
        let writer = Writer { database: Arc::clone(&database), queue: requests, days: BTreeSet::new() };
        let thread = thread::Builder::new().name("usage".to_owned()).spawn(move || writer.run());
        let thread = WriterThread(Some(thread.map_err(unusable)?));
        Ok(Self { queue, _thread: thread, database, reads: Semaphore::new(READS) })
    }

    async fn change(&self, store: &'static str, change: Change) -> Result<(), Unavailable> {
        let gone = || Unavailable::new(store, "the writer has ended");
        let (done, answer) = oneshot::channel();
        self.queue.send(Request { change, store, done }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn read<R: Send + 'static>(
        &self,
        store: &'static str,
        read: impl FnOnce(&Reading) -> Result<R, Failure> + Send + 'static,
    ) -> Result<R, Unavailable> {
        let _turn = self.reads.acquire().await.map_err(|error| Unavailable::new(store, error))?;
        let database = Arc::clone(&self.database);
        let answer = tokio::task::spawn_blocking(move || {
            let database = database.get().map_err(|error| error.to_string())?;
            let reading = database.begin_read().map_err(|error| error.to_string())?;
            read(&Reading(reading)).map_err(|error| error.to_string())
        });
        let answer = answer.await.map_err(|error| Unavailable::new(store, error))?;
        answer.map_err(|cause| Unavailable::new(store, cause))
    }
}

/// Makes the folder where there is none, and the file for its owner's eyes only.
fn make_private(folder: &Path, file: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = File::options().create(true).append(true).mode(0o600).open(file)?;
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Dropping it waits for the writer's end, which comes when its queue is closed.
struct WriterThread(Option<JoinHandle<()>>);

impl Drop for WriterThread {
    fn drop(&mut self) {
        if self.0.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the usage log panicked");
        }
    }
}

#[async_trait::async_trait]
impl UsageLog for DiskUsage {
    async fn add(
        &self,
        writer: domain::ports::Writer,
        sequence: u64,
        add: &UsageAdd,
    ) -> Result<(), Unavailable> {
        self.change(USAGE, Change::Add { writer, sequence, add: Box::new(add.clone()) }).await
    }

    async fn read(
        &self,
        app: &AppKey,
        from: Hour,
        to: Hour,
        resolution: Resolution,
    ) -> Result<Vec<(Span, AppUsage)>, Unavailable> {
        let app = app.clone();
        self.read(USAGE, move |reading| reading.usage(&app, from, to, resolution)).await
    }

    async fn apps(&self, tenant: &TenantId) -> Result<Vec<AppId>, Unavailable> {
        let mut standings = self.standings().await?;
        standings.retain(|standing| standing.app.tenant == *tenant);
        Ok(standings.into_iter().map(|standing| standing.app.app).collect())
    }

    async fn standings(&self) -> Result<Vec<UsageStanding>, Unavailable> {
        self.read(USAGE, Reading::standings).await
    }

    async fn roll_up(&self, app: &AppKey, before: Day) -> Result<(), Unavailable> {
        self.change(USAGE, Change::RollUp { app: app.clone(), before }).await
    }
}

#[async_trait::async_trait]
impl PlatformLog for DiskUsage {
    async fn note(&self, minute: &NodeMinute) -> Result<(), Unavailable> {
        self.change(PLATFORM, Change::Note(minute.clone())).await
    }

    async fn minutes(&self, from: u64, to: u64) -> Result<Vec<NodeMinute>, Unavailable> {
        self.read(PLATFORM, move |reading| reading.minutes(from, to)).await
    }
}
