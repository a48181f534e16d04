use serde_json::Value;
use std::path::PathBuf;

/// Bytes of a key set document that are read: some hundred RSA keys with their certificates.
pub(super) const JWKS_BYTES_MAX: usize = 1024 * 1024;

/// Where a JSON Web Key Set (RFC 7517) comes from.
#[async_trait::async_trait]
pub trait Jwks: Send + Sync + 'static {
    /// The document as it is at this moment.
    async fn fetch(&self) -> Result<Value, JwksError>;

    /// Its path or URL, for messages.
    fn place(&self) -> String;
}

#[async_trait::async_trait]
impl Jwks for Box<dyn Jwks> {
    async fn fetch(&self) -> Result<Value, JwksError> {
        (**self).fetch().await
    }

    fn place(&self) -> String {
        (**self).place()
    }
}

/// Why there is no key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// The document can't be had.
    #[error("cannot read the key set {place}: {cause}")]
    Unreadable {
        /// Its path or URL.
        place: String,
        /// What the system said.
        cause: String,
    },
    /// The document is no JWKS.
    #[error("{place} is no JSON Web Key Set: {cause}")]
    Malformed {
        /// Its path or URL.
        place: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// A key set in a file, which may be replaced at any time.
#[derive(Debug, Clone)]
pub struct JwksFile {
    path: PathBuf,
}

impl JwksFile {
    /// The key set in the file at `path`. The file is first read when keys are wanted.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

#[async_trait::async_trait]
impl Jwks for JwksFile {
    async fn fetch(&self) -> Result<Value, JwksError> {
        let unreadable =
            |cause: std::io::Error| JwksError::Unreadable { place: self.place(), cause: cause.to_string() };
        let malformed = |cause: String| JwksError::Malformed { place: self.place(), cause };
        let bytes = tokio::fs::metadata(&self.path).await.map_err(unreadable)?.len();
        if bytes > JWKS_BYTES_MAX as u64 {
            return Err(malformed(format!("{bytes} bytes are more than {JWKS_BYTES_MAX}")));
        }
        let text = tokio::fs::read(&self.path).await.map_err(unreadable)?;
        serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

/// A key set that never changes.
#[derive(Debug, Clone)]
pub struct StaticKeys {
    document: Value,
}

impl StaticKeys {
    /// The key set that `document` holds.
    #[must_use]
    pub fn new(document: Value) -> Self {
        Self { document }
    }
}

#[async_trait::async_trait]
impl Jwks for StaticKeys {
    async fn fetch(&self) -> Result<Value, JwksError> {
        Ok(self.document.clone())
    }

    fn place(&self) -> String {
        "the given key set".to_owned()
    }
}
