use super::caps::SECRET_BYTES_MIN;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use stores::seal::SealKey;

/// What all nodes of a deployment know and nobody else: with it they seal what they say to each other.
#[derive(Clone)]
pub struct ClusterSecret(SealKey);

/// Why a text gives no cluster secret. Never tells the secret.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSecret {
    /// It is too short to be hard to guess.
    #[error("a cluster secret must have at least {SECRET_BYTES_MIN} bytes, and this one has {bytes}")]
    TooShort {
        /// Bytes that it has.
        bytes: usize,
    },
    /// The file that should hold it can't be read.
    #[error("cannot read the cluster secret in {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ClusterSecret {
    /// The secret itself, 32 bytes or more.
    ///
    /// # Errors
    /// [`InvalidSecret::TooShort`].
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        Self::from_bytes(text.as_bytes())
    }

    /// The secret as an operator gives it: itself, or `@` and the path of the file that holds it. White space
    /// around what stands in the file is no part of it.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub fn from_argument(argument: &str) -> Result<Self, InvalidSecret> {
        let Some(path) = argument.strip_prefix('@') else { return Self::parse(argument) };
        let content = fs::read(path).map_err(|source| InvalidSecret::File { path: path.into(), source })?;
        Self::from_bytes(content.trim_ascii())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSecret> {
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(InvalidSecret::TooShort { bytes: bytes.len() });
        }
        Ok(Self(SealKey::new(bytes)))
    }

    pub(super) fn key(&self) -> &SealKey {
        &self.0
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_32_bytes_and_not_31() {
        assert!(ClusterSecret::parse(&"s".repeat(32)).is_ok());
        let error = ClusterSecret::parse(&"s".repeat(31)).unwrap_err();
        assert!(matches!(error, InvalidSecret::TooShort { bytes: 31 }));
        assert!(!error.to_string().contains("sss"), "{error}");
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let secret = "0123456789abcdef0123456789abcdef";
        fs::write(&path, format!("  {secret}\n")).unwrap();
        let read = ClusterSecret::from_argument(&format!("@{}", path.display())).unwrap();
        let sealed = ClusterSecret::parse(secret).unwrap().key().seal("p", b"x");
        assert!(read.key().open("p", &sealed).is_ok());
        let nowhere = ClusterSecret::from_argument("@/no/such/file").unwrap_err();
        assert!(nowhere.to_string().contains("/no/such/file"), "{nowhere}");
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = ClusterSecret::parse(&"s".repeat(32)).unwrap();
        assert_eq!(format!("{secret:?}"), "ClusterSecret(..)");
    }
}
