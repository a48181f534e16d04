use super::object_key::object_key;
use super::url::{ArchiveUrl, Bucket, Place};
use super::{
    CONNECT_DEADLINE, NAME, PUT_DEADLINE, READ_DEADLINE, REPEAT_PAUSE, REPEATED_WITHIN, REPEATS_MAX,
    REQUEST_DEADLINE, STATE_BYTES_MAX,
};
use crate::causes::with_causes;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::Unavailable;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientConfigKey, Error, GetOptions, GetResult, ObjectStore,
    ObjectStoreExt, PutMode, PutOptions, RetryConfig, UpdateVersion,
};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What an object in a bucket says of the owner that put it, as metadata.
const GENERATION: Attribute = Attribute::Metadata(Cow::Borrowed("generation"));

/// The objects of an archive, one a document.
#[derive(Debug, Clone)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    /// The folder that is the archive, where it is one.
    folder: Option<PathBuf>,
}

/// Why an archive can't be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenArchiveError {
    /// The folder is not there, and can't be made.
    #[error("the folder {folder} can't be made or used: {cause}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        cause: String,
    },
    /// Neither the URL nor the environment names an AWS region.
    #[error("no AWS region for the bucket `{bucket}`: set AWS_REGION, or add `?region=REGION`")]
    NoRegion {
        /// The bucket.
        bucket: String,
    },
    /// What the environment says of S3 can't be used.
    #[error("the AWS_ variables of the environment can't be used for the bucket `{bucket}`: {cause}")]
    Environment {
        /// The bucket.
        bucket: String,
        /// What is wrong with them.
        cause: String,
    },
}

/// What an object was when it was looked at.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Which content it had; none where it did not exist.
    version: Option<UpdateVersion>,
    /// The owner that put it, where the archive is a bucket.
    pub(super) generation: Option<Generation>,
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
            }),
            Place::Bucket(bucket) => {
                Ok(Self { store: Arc::new(s3(bucket)?), prefix: bucket.prefix.clone(), folder: None })
            }
        }
    }

    /// The document's state; none where it was never archived.
    pub(super) async fn read(&self, document: &DocumentKey) -> Result<Option<Bytes>, Unavailable> {
        within(READ_DEADLINE, async {
            let object = match self.store.get(&object_key(&self.prefix, document)).await {
                Ok(object) => object,
                Err(error) if self.says_there_is_none(&error) => return Ok(None),
                Err(error) => return Err(unavailable(&error)),
            };
            content(object).await.map(Some)
        })
        .await
    }

    /// Looks at what the document's object is.
    pub(super) async fn look(&self, document: &DocumentKey) -> Result<Seen, Unavailable> {
        within(READ_DEADLINE, async {
            let only_head = GetOptions { head: true, ..GetOptions::default() };
            match self.store.get_opts(&object_key(&self.prefix, document), only_head).await {
                Ok(object) => Ok(Seen::from(object)),
                // Of what a bucket that is missing answers, the put says more.
                Err(Error::NotFound { .. }) => Ok(Seen { version: None, generation: None }),
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
            None => Attributes::from_iter([(GENERATION, generation.0.to_string())]),
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

impl From<GetResult> for Seen {
    fn from(object: GetResult) -> Self {
        let generation = object.attributes.get(&GENERATION).and_then(|text| text.parse().ok());
        let version = UpdateVersion { e_tag: object.meta.e_tag, version: object.meta.version };
        Self { version: Some(version), generation: generation.map(Generation) }
    }
}

/// An object that can be no state is not taken for an empty document.
async fn content(object: GetResult) -> Result<Bytes, Unavailable> {
    let (bytes, key) = (object.meta.size, object.meta.location.clone());
    if bytes == 0 || bytes > STATE_BYTES_MAX as u64 {
        return Err(Unavailable::new(NAME, format!("{key} holds {bytes} bytes, which is no state")));
    }
    object.bytes().await.map_err(|error| unavailable(&error))
}

fn replacement(error: Error) -> Result<Replaced, Unavailable> {
    match error {
        Error::Precondition { .. } | Error::AlreadyExists { .. } => Ok(Replaced::Changed),
        error => Err(unavailable(&error)),
    }
}

async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, Unavailable>>,
) -> Result<T, Unavailable> {
    let timed_out = || Unavailable::new(NAME, format!("no answer within {deadline:?}"));
    tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| Err(timed_out()))
}

fn unavailable(error: &Error) -> Unavailable {
    Unavailable::new(NAME, with_causes(error))
}

/// What is put there is on the device when it is answered.
fn local(folder: &Path) -> Result<LocalFileSystem, OpenArchiveError> {
    let refused = |cause: &dyn std::fmt::Display| OpenArchiveError::Folder {
        folder: folder.display().to_string(),
        cause: cause.to_string(),
    };
    std::fs::create_dir_all(folder).map_err(|error| refused(&error))?;
    let local = LocalFileSystem::new_with_prefix(folder).map_err(|error| refused(&error))?;
    Ok(local.with_fsync(true))
}

fn s3(bucket: &Bucket) -> Result<AmazonS3, OpenArchiveError> {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&bucket.name).with_retry(repeats());
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &bucket.endpoint {
        // Both, as the environment may hold either, and the second goes before the first.
        builder = builder.with_endpoint(endpoint).with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    let said =
        |builder: &AmazonS3Builder, key| builder.get_config_value(&key).filter(|text| !text.is_empty());
    let endpoint =
        said(&builder, AmazonS3ConfigKey::S3Endpoint).or_else(|| said(&builder, AmazonS3ConfigKey::Endpoint));
    let region = said(&builder, AmazonS3ConfigKey::Region)
        .or_else(|| said(&builder, AmazonS3ConfigKey::DefaultRegion));
    if endpoint.is_none() && region.is_none() {
        return Err(OpenArchiveError::NoRegion { bucket: bucket.name.clone() });
    }
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = plain(builder);
    }
    let cause = |error: Error| with_causes(&error);
    bounded(builder)
        .build()
        .map_err(|error| OpenArchiveError::Environment { bucket: bucket.name.clone(), cause: cause(error) })
}

/// Plain HTTP leads to a stand-in for S3, or to a store on a private network. Where the environment names no account
/// there, a made-up one is used: asking the instance for one, where there is none, takes seconds.
fn plain(builder: AmazonS3Builder) -> AmazonS3Builder {
    let builder = builder.with_allow_http(true);
    if builder.get_config_value(&AmazonS3ConfigKey::AccessKeyId).is_some() {
        return builder;
    }
    builder.with_access_key_id("wiresocket").with_secret_access_key("wiresocket")
}

fn bounded(builder: AmazonS3Builder) -> AmazonS3Builder {
    let client = |key, time: Duration| (AmazonS3ConfigKey::Client(key), format!("{}ms", time.as_millis()));
    let deadlines = [
        client(ClientConfigKey::ConnectTimeout, CONNECT_DEADLINE),
        client(ClientConfigKey::Timeout, REQUEST_DEADLINE),
    ];
    deadlines.into_iter().fold(builder, |builder, (key, time)| builder.with_config(key, time))
}

fn repeats() -> RetryConfig {
    let (init_backoff, max_backoff) = REPEAT_PAUSE;
    RetryConfig {
        backoff: BackoffConfig { init_backoff, max_backoff, ..BackoffConfig::default() },
        max_retries: REPEATS_MAX,
        retry_timeout: REPEATED_WITHIN,
    }
}
