use super::large_reads::{LargeRead, LargeReads};
use super::object_key::object_key;
use super::reaching::{OpenArchiveError, local, s3};
use super::url::{ArchiveUrl, Place};
use super::{NAME, PUT_DEADLINE, READ_DEADLINE, READ_WAITED_FOR_MAX, STATE_BYTES_MAX};
use crate::causes::with_causes;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::Unavailable;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetResult, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    UpdateVersion,
};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What an object in a bucket says as metadata: which owner put it,
const GENERATION: Attribute = Attribute::Metadata(Cow::Borrowed("generation"));
/// and the SHA-256 of its content, in base64.
const DIGEST: Attribute = Attribute::Metadata(Cow::Borrowed("sha256"));

/// The objects of an archive, one a document.
#[derive(Debug, Clone)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    /// The folder that is the archive, where it is one.
    folder: Option<PathBuf>,
    large_reads: Arc<LargeReads>,
}

/// What an object was when it was looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Which content it had; none where it did not exist.
    version: Option<UpdateVersion>,
    /// The owner that put it, where the archive is a bucket.
    pub(super) generation: Option<Generation>,
    digest: Option<String>,
}

/// What came of replacing an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaced {
    /// It is the state that was given.
    Done,
    /// It was not what it had been when it was looked at, and stays.
    Changed,
}

impl Archive {
    /// Reaches an archive. A folder is made if it is missing; of a bucket nothing is asked yet.
    ///
    /// # Errors
    /// [`OpenArchiveError`], which says what is missing.
    pub fn open(url: &ArchiveUrl) -> Result<Self, OpenArchiveError> {
        match &url.0 {
            Place::Folder(folder) => Ok(Self {
                store: Arc::new(local(folder)?),
                prefix: String::new(),
                folder: Some(folder.clone()),
                large_reads: Arc::default(),
            }),
            Place::Bucket(bucket) => Ok(Self {
                store: Arc::new(s3(bucket)?),
                prefix: bucket.prefix.clone(),
                folder: None,
                large_reads: Arc::default(),
            }),
        }
    }

    /// The document's state; none where it was never archived. What takes too long is found the next time.
    pub(super) async fn read(&self, document: &DocumentKey) -> Result<Option<Bytes>, Unavailable> {
        within(READ_DEADLINE, async {
            if let Some(earlier) = self.large_reads.of(document)
                && let Some(state) = self.read_earlier(document, &earlier).await?
            {
                return Ok(Some(state));
            }
            match self.store.get(&object_key(&self.prefix, document)).await {
                Ok(object) => self.content(document, object).await.map(Some),
                Err(error) if self.says_there_is_none(&error) => Ok(None),
                Err(error) => Err(unavailable(&error)),
            }
        })
        .await
    }

    /// What an earlier read found, if the object is still what it was then.
    async fn read_earlier(
        &self,
        document: &DocumentKey,
        earlier: &LargeRead,
    ) -> Result<Option<Bytes>, Unavailable> {
        let Ok(state) = earlier.state().await else { return Ok(None) };
        let seen = self.look(document).await?;
        self.large_reads.forget(document, earlier);
        let is_same = earlier.version.e_tag.is_some() && seen.version.as_ref() == Some(&earlier.version);
        Ok(is_same.then_some(state))
    }

    async fn content(&self, document: &DocumentKey, object: GetResult) -> Result<Bytes, Unavailable> {
        if object.meta.size <= READ_WAITED_FOR_MAX {
            return content(object).await;
        }
        match self.large_reads.begin(document, Box::new(object)) {
            Ok(read) => {
                let state = read.state().await?;
                self.large_reads.forget(document, &read);
                Ok(state)
            }
            Err(object) => content(*object).await,
        }
    }

    /// Looks at what the document's object is.
    pub(super) async fn look(&self, document: &DocumentKey) -> Result<Seen, Unavailable> {
        within(READ_DEADLINE, async {
            let only_head = GetOptions { head: true, ..GetOptions::default() };
            match self.store.get_opts(&object_key(&self.prefix, document), only_head).await {
                Ok(object) => Ok(Seen::from(object)),
                // Of what a bucket that is missing answers, the put says more.
                Err(Error::NotFound { .. }) => Ok(Seen::default()),
                Err(error) => Err(unavailable(&error)),
            }
        })
        .await
    }

    /// Replaces the document's object by the state of an owner, if it still is what was seen. A folder can't tell: there
    /// an object that was seen is replaced whatever it is.
    pub(super) async fn replace(
        &self,
        document: &DocumentKey,
        seen: Seen,
        generation: Generation,
        state: Bytes,
    ) -> Result<Replaced, Unavailable> {
        if !is_state_sized(state.len() as u64) {
            return Err(Unavailable::new(NAME, format!("{} bytes are no state", state.len())));
        }
        let mode = seen.version.map_or(PutMode::Create, PutMode::Update);
        within(PUT_DEADLINE, async {
            let put = match self.put(document, mode, generation, state.clone()).await {
                Err(Error::NotImplemented { .. }) => {
                    self.put(document, PutMode::Overwrite, generation, state).await
                }
                outcome => outcome,
            };
            put.map_or_else(replacement, |()| Ok(Replaced::Done))
        })
        .await
    }

    async fn put(
        &self,
        document: &DocumentKey,
        mode: PutMode,
        generation: Generation,
        state: Bytes,
    ) -> Result<(), Error> {
        let attributes = match self.folder {
            Some(_) => Attributes::new(),
            None => Attributes::from_iter([(GENERATION, generation.0.to_string()), (DIGEST, digest(&state))]),
        };
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        self.store.put_opts(&object_key(&self.prefix, document), state.into(), options).await.map(drop)
    }

    /// Whether the error means that the object does not exist. S3 says the same of a missing bucket, but for the code in
    /// the answer; and of a folder that was taken away nothing exists. Documents may well exist then.
    fn says_there_is_none(&self, error: &Error) -> bool {
        let Error::NotFound { source, .. } = error else { return false };
        match &self.folder {
            Some(folder) => folder.is_dir(),
            None => with_causes(&**source).contains("NoSuchKey"),
        }
    }
}

impl Seen {
    /// Whether the object is known to be just this state: then a bucket that keeps versions need not keep another.
    pub(super) fn is(&self, state: &[u8]) -> bool {
        self.digest.as_ref().is_some_and(|seen| *seen == digest(state))
    }
}

impl From<GetResult> for Seen {
    fn from(object: GetResult) -> Self {
        let generation = object.attributes.get(&GENERATION).and_then(|text| text.parse().ok());
        let digest = object.attributes.get(&DIGEST).map(|text| text.to_string());
        let version = UpdateVersion { e_tag: object.meta.e_tag, version: object.meta.version };
        Self { version: Some(version), generation: generation.map(Generation), digest }
    }
}

fn digest(state: &[u8]) -> String {
    STANDARD_NO_PAD.encode(digest::digest(&digest::SHA256, state))
}

/// An object that can be no state is not taken for an empty document.
pub(super) async fn content(object: GetResult) -> Result<Bytes, Unavailable> {
    let (bytes, key) = (object.meta.size, object.meta.location.clone());
    if !is_state_sized(bytes) {
        return Err(Unavailable::new(NAME, format!("{key} holds {bytes} bytes, which is no state")));
    }
    object.bytes().await.map_err(|error| unavailable(&error))
}

fn is_state_sized(bytes: u64) -> bool {
    (1..=STATE_BYTES_MAX).contains(&bytes)
}

fn replacement(error: Error) -> Result<Replaced, Unavailable> {
    match error {
        Error::Precondition { .. } | Error::AlreadyExists { .. } => Ok(Replaced::Changed),
        error => Err(unavailable(&error)),
    }
}

pub(super) async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    let timed_out = || Unavailable::new(NAME, format!("no answer within {deadline:?}"));
    tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| Err(timed_out()))
}

fn unavailable(error: &Error) -> Unavailable {
    Unavailable::new(NAME, with_causes(error))
}
