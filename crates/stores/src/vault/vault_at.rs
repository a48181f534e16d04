use super::file::{FileVault, FileVaultError};
use super::kms::{KmsKeyAt, KmsVault};
use crate::aws::{Access, InvalidPlace, Place};
use domain::ports::Vault;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// Characters of a key's id, ARN or alias, as KMS allows them.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 1..=2048;

/// Which vault: `file:PATH` or `kms:KEY[,region=REGION][,endpoint=URL]`, where `KEY` is an id, an ARN or an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultAt {
    /// Its key lies in this file.
    File(PathBuf),
    /// Its key is one of AWS KMS.
    Kms(KmsKeyAt),
}

/// Why a text names no vault. Says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVault {
    /// It is of neither form.
    #[error("`{0}` is no vault: it must be file:PATH or kms:KEY[,region=REGION][,endpoint=URL]")]
    Form(String),
    /// The key.
    #[error("`{0}` is no key of KMS: it must be an id, an ARN, or alias/NAME")]
    Key(String),
    /// What follows the key.
    #[error(
        "`{0}` is no setting of a key: after it come `region=REGION` and `endpoint=URL`, each at most once"
    )]
    Setting(String),
    /// The region.
    #[error("`{0}` is no AWS region: it must be letters, digits and hyphens, such as eu-central-1")]
    Region(String),
    /// The endpoint.
    #[error("`{0}` is no endpoint: it must be http://HOST[:PORT] or https://HOST[:PORT]")]
    Endpoint(String),
}

/// Why a vault can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenVaultError {
    /// Its key file.
    #[error(transparent)]
    File(#[from] FileVaultError),
    /// Neither the key nor the environment names an AWS region.
    #[error("no AWS region for the vault `kms:{key}`: set AWS_REGION, or say `kms:{key},region=REGION`")]
    NoRegion {
        /// The key.
        key: String,
    },
}

impl VaultAt {
    /// Opens the vault: reads its key file, which must be there, or reaches its key, to which nothing is sent yet.
    ///
    /// # Errors
    /// [`OpenVaultError`].
    pub fn open(&self, access: &Access) -> Result<Arc<dyn Vault>, OpenVaultError> {
        match self {
            Self::File(path) => Ok(Arc::new(FileVault::open(path)?)),
            Self::Kms(key) => match KmsVault::new(key, access) {
                Some(vault) => Ok(Arc::new(vault)),
                None => Err(OpenVaultError::NoRegion { key: key.key().to_owned() }),
            },
        }
    }
}

impl FromStr for VaultAt {
    type Err = InvalidVault;

    fn from_str(text: &str) -> Result<Self, InvalidVault> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("kms", key)) => Ok(Self::Kms(key.parse()?)),
            _ => Err(InvalidVault::Form(text.to_owned())),
        }
    }
}

impl FromStr for KmsKeyAt {
    type Err = InvalidVault;

    fn from_str(text: &str) -> Result<Self, InvalidVault> {
        let mut parts = text.split(',');
        let key = parts.next().unwrap_or_default();
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/' | b':' | b'.');
        if !KEY_LENGTH.contains(&key.len()) || !key.bytes().all(fits) {
            return Err(InvalidVault::Key(key.to_owned()));
        }
        Ok(Self { key: key.to_owned(), place: Place::parse(parts)? })
    }
}

impl From<InvalidPlace> for InvalidVault {
    fn from(invalid: InvalidPlace) -> Self {
        match invalid {
            InvalidPlace::Setting(setting) => Self::Setting(setting),
            InvalidPlace::Region(region) => Self::Region(region),
            InvalidPlace::Endpoint(endpoint) => Self::Endpoint(endpoint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_is_a_file_or_a_key_of_kms() {
        assert_eq!("file:/a,b:c".parse(), Ok(VaultAt::File("/a,b:c".into())));
        let arn = "arn:aws:kms:eu-west-1:123456789012:key/1-2";
        let VaultAt::Kms(key) = format!("kms:{arn}").parse().unwrap() else { panic!("it is a key") };
        assert_eq!((key.key(), key.region()), (arn, Some("eu-west-1")));
        let elsewhere: KmsKeyAt = format!("{arn},region=eu-west-2,endpoint=http://h:1").parse().unwrap();
        assert_eq!(elsewhere.region(), Some("eu-west-2"));
        assert_eq!(elsewhere.place.endpoint.as_deref(), Some("http://h:1"));
        let alias: KmsKeyAt = "alias/wiresocket".parse().unwrap();
        assert_eq!(alias.region(), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("", InvalidVault::Form(String::new())),
            ("file:", InvalidVault::Form("file:".to_owned())),
            ("vault.key", InvalidVault::Form("vault.key".to_owned())),
            ("kms:", InvalidVault::Key(String::new())),
            ("kms:a b", InvalidVault::Key("a b".to_owned())),
            ("kms:k,x=y", InvalidVault::Setting("x=y".to_owned())),
            ("kms:k,region=", InvalidVault::Region(String::new())),
            ("kms:k,endpoint=h", InvalidVault::Endpoint("h".to_owned())),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<VaultAt>(), Err(expected), "{text:?}");
        }
    }
}
