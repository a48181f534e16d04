use super::{Content, SharedFile};
use domain::ports::Unavailable;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a change waits for those before it within this process.
const TURN_DEADLINE: Duration = Duration::from_secs(3);

/// One change at a time to the files of one lock: further ones wait here, and not on threads.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

/// A shared file as a port's store, read and changed beside the tasks of an async runtime.
pub(crate) struct ServedFile<T> {
    file: Arc<SharedFile<T>>,
    turns: Turns,
    /// What the port is called in logs and metrics.
    store: &'static str,
}

impl<T: Content + Clone + PartialEq + Send + Sync + 'static> ServedFile<T> {
    /// The file `name` of `folder`, which need not be there. Blocks while it reads it.
    ///
    /// # Errors
    /// What is wrong, with the file's name.
    pub(crate) fn open(
        store: &'static str,
        folder: &Path,
        name: &str,
        lock: &str,
        turns: &Turns,
    ) -> Result<Self, String> {
        let file = SharedFile::new(folder, name, lock);
        file.read()?;
        Ok(Self { file: Arc::new(file), turns: turns.clone(), store })
    }

    /// What `find` finds in the file.
    pub(crate) async fn look<R: Send + 'static>(
        &self,
        find: impl FnOnce(&T) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        let file = self.file.clone();
        let looked = tokio::task::spawn_blocking(move || file.read().map(|content| find(&content)));
        self.answered(looked.await)
    }

    /// Changes the file, after every change that others are making.
    pub(crate) async fn change<R: Send + 'static>(
        &self,
        change: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        let turn = tokio::time::timeout(TURN_DEADLINE, self.turns.0.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| self.unavailable("too many changes wait for one another"))?;
        let file = self.file.clone();
        let changed = tokio::task::spawn_blocking(move || {
            // Held by the change and not by who asked for it, who may have gone.
            let _turn = turn;
            file.change(change)
        });
        self.answered(changed.await)
    }

    fn answered<R>(
        &self,
        answer: Result<Result<R, String>, tokio::task::JoinError>,
    ) -> Result<R, Unavailable> {
        let answer = answer.map_err(|error| self.unavailable(error))?;
        answer.map_err(|cause| self.unavailable(cause))
    }

    fn unavailable(&self, cause: impl std::fmt::Display) -> Unavailable {
        Unavailable::new(self.store, cause)
    }
}
