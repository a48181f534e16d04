use super::jwks::JwksError;
use super::kept_set::{Age, KeptSet};
use super::key_set::KeySet;
use super::moment::Moment;
use super::token::UnverifiedToken;
use super::trusted::Trusted;
use super::warnings::Warnings;
use domain::clock::Clock;
use domain::token::{InvalidToken, TokenRefusal};
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a source may take before the keys at hand have to do.
const ANSWER_DEADLINE: Duration = Duration::from_secs(5);
/// How long whoever has keys at hand waits for younger ones: two sets' time fits into
/// [`domain::bounds::LOOKUP_DEADLINE`].
const REFRESH_WAIT: Duration = Duration::from_millis(900);

/// When a key set that grows old is fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// Beside its use, by a task of its own.
    #[default]
    Beside,
    /// Before its use, within 900 ms: where a process may be frozen as soon as it has answered, nothing goes on beside.
    First,
}

/// Whether keys were had from a source before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// They were not: it may be that there are none.
    First,
    /// They were.
    Again,
}

/// Where one key set comes from.
#[async_trait::async_trait]
pub(super) trait Source: Send + Sync + 'static {
    /// The document as it is at this moment; `None` where there is none.
    async fn fetch(&self, ask: Ask) -> Result<Option<Value>, JwksError>;

    /// The keys of a document that may verify.
    ///
    /// # Errors
    /// What is wrong with the document as a whole.
    fn parse(&self, document: &Value) -> Result<KeySet, String>;

    /// What it is, for messages.
    fn place(&self) -> String;
}

/// A key set that is fetched as it is wanted.
pub(super) struct FetchedSet {
    source: Box<dyn Source>,
    clock: Arc<dyn Clock>,
    kept: Mutex<KeptSet>,
    /// One fetch at a time; whoever finds no key meanwhile waits for it, and then looks again.
    turn: Arc<Semaphore>,
    warnings: Arc<Warnings>,
}

impl FetchedSet {
    pub(super) fn new(source: Box<dyn Source>, clock: Arc<dyn Clock>, warnings: Arc<Warnings>) -> Arc<Self> {
        Arc::new(Self { source, clock, kept: Mutex::default(), turn: Arc::new(Semaphore::new(1)), warnings })
    }

    /// The keys by which `token` is genuine.
    pub(super) async fn check(
        self: &Arc<Self>,
        token: &UnverifiedToken<'_>,
        refresh: Refresh,
    ) -> Result<Arc<Trusted>, TokenRefusal> {
        let tried = self.current(refresh).await;
        let refusal = match &tried {
            None => InvalidToken::UnknownKey,
            Some(trusted) => match trusted.keys.check(token) {
                Ok(()) => return Ok(trusted.clone()),
                Err(refusal) => refusal,
            },
        };
        if let Some(newer) = self.newer_than(tried.as_ref()).await {
            return newer.keys.check(token).map(|()| newer).map_err(TokenRefusal::from);
        }
        let has_named = tried.is_some_and(|trusted| trusted.keys.has_named_by(token));
        // Whoever could not be asked may have the key by now.
        if has_named || self.kept.lock().is_answered() {
            Err(refusal.into())
        } else {
            Err(TokenRefusal::Unverifiable)
        }
    }

    /// The keys as they are known, and no older than they may be.
    pub(super) async fn current(self: &Arc<Self>, refresh: Refresh) -> Option<Arc<Trusted>> {
        let stands = self.kept.lock().stands(self.now());
        // Where the wait ends first, the keys at hand have to do.
        match (stands, refresh) {
            (Age::Young, _) => {}
            (Age::Ripe, Refresh::Beside) => self.refresh_beside(),
            (Age::Old, Refresh::Beside) => {
                self.refresh_beside();
                let _ = timeout(REFRESH_WAIT, self.turn.acquire()).await;
            }
            (Age::Ripe | Age::Old, Refresh::First) => {
                let _ = timeout(REFRESH_WAIT, self.refresh_first()).await;
            }
        }
        self.trusted()
    }

    /// Asks the source, whenever it was last asked; how many keys may verify tokens.
    ///
    /// # Errors
    /// [`JwksError`]; the keys stay as they were.
    pub(super) async fn load(&self) -> Result<usize, JwksError> {
        self.fetch().await?;
        Ok(self.trusted().map_or(0, |trusted| trusted.keys.len()))
    }

    /// Whether there were keys when the source answered last.
    pub(super) fn has_keys(&self) -> bool {
        self.kept.lock().has_keys()
    }

    fn now(&self) -> Moment {
        Moment::of(&*self.clock)
    }

    fn trusted(&self) -> Option<Arc<Trusted>> {
        self.kept.lock().trusted(self.now())
    }

    /// Holds the turn from here on, so that whoever waits for it waits for the answer.
    fn refresh_beside(self: &Arc<Self>) {
        if !self.kept.lock().may_ask(self.now()) {
            return;
        }
        let Ok(turn) = self.turn.clone().try_acquire_owned() else { return };
        let set = self.clone();
        tokio::spawn(async move {
            let _turn = turn;
            set.ask().await;
        });
    }

    async fn refresh_first(&self) {
        let _turn = self.turn.acquire().await;
        self.ask().await;
    }

    /// Another key set than `tried`, if there is one; fetches it unless that was done of late.
    async fn newer_than(&self, tried: Option<&Arc<Trusted>>) -> Option<Arc<Trusted>> {
        let _turn = self.turn.acquire().await.ok()?;
        let is_tried = |trusted: Option<&Arc<Trusted>>| trusted.map(Arc::as_ptr) == tried.map(Arc::as_ptr);
        if is_tried(self.trusted().as_ref()) {
            self.ask().await;
        }
        self.trusted().filter(|trusted| !is_tried(Some(trusted)))
    }

    /// Asks the source where it may be asked. Whoever calls has the turn.
    async fn ask(&self) {
        if !self.kept.lock().may_ask(self.now()) {
            return;
        }
        let late = || self.unreadable("it takes too long");
        let fetched = timeout(ANSWER_DEADLINE, self.fetch()).await.unwrap_or_else(|_| Err(late()));
        if let Err(error) = fetched {
            let doubtful_age = self.kept.lock().doubtful_age(self.now());
            self.warnings.unanswered(&error, doubtful_age, self.now());
        }
    }

    async fn fetch(&self) -> Result<(), JwksError> {
        let ask = if self.has_keys() { Ask::Again } else { Ask::First };
        self.kept.lock().ask(self.now());
        let document = self.source.fetch(ask).await?;
        let trusted = document.map(|document| self.read(document)).transpose()?;
        self.kept.lock().take(trusted, self.now());
        Ok(())
    }
    /// The same document makes the same keys, by which tokens are remembered.
    fn read(&self, document: Value) -> Result<Arc<Trusted>, JwksError> {
        let known = self.trusted().filter(|trusted| trusted.document == document);
        known.map_or_else(|| self.parsed(document), Ok)
    }

    fn parsed(&self, document: Value) -> Result<Arc<Trusted>, JwksError> {
        let malformed = |cause| JwksError::Malformed { place: self.source.place(), cause };
        let keys = self.source.parse(&document).map_err(malformed)?;
        tracing::info!(place = self.source.place(), keys = keys.len(), "fetched another key set");
        Ok(Arc::new(Trusted { document, keys }))
    }

    fn unreadable(&self, cause: &str) -> JwksError {
        JwksError::Unreadable { place: self.source.place(), cause: cause.to_owned() }
    }
}
