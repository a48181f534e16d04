use super::{NAME, SECRET_BYTES_MAX};
use crate::private_file;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{KeyId, TenantId};
use domain::ports::{Unavailable, Vault};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

const KEY_BYTES: usize = 32;
/// Bytes of a key file that are read: the key's 44 characters, and what an editor adds.
const FILE_BYTES_MAX: u64 = 256;

/// A vault whose key lies in a file: AES-256-GCM, with tenant and key as what is authenticated too.
///
/// The file holds 32 random bytes in base64url, as `openssl rand -base64 32` prints them too. What is sealed is a nonce
/// of 12 bytes, drawn for each, then the secret, encrypted, then the tag.
#[derive(Debug)]
pub struct FileVault {
    key: RandomizedNonceKey,
}

/// Why a key file gives no vault.
#[derive(Debug, thiserror::Error)]
pub enum FileVaultError {
    /// The file can't be read or written.
    #[error("cannot {ask} the vault's key {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        ask: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} must hold 32 random bytes in base64url, as `openssl rand -base64 32` prints them", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no entropy.
    #[error("cannot generate a vault's key")]
    Generation,
}

impl FileVault {
    /// The vault of the key in the file at `path`.
    ///
    /// # Errors
    /// [`FileVaultError`], naming the file.
    pub fn open(path: &Path) -> Result<Self, FileVaultError> {
        let file_error = |source| FileVaultError::File { ask: "read", path: path.to_owned(), source };
        let mut text = String::new();
        let file = File::open(path).map_err(file_error)?;
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(file_error)?;
        let malformed = || FileVaultError::Malformed { path: path.to_owned() };
        let key = decode(text.trim()).ok_or_else(malformed)?;
        Ok(Self { key: RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| malformed())? })
    }

    /// The vault of the key in the file at `path`; where there is none, a new one is written there, readable by its
    /// owner only. Two processes that start at once end up with the same key.
    ///
    /// # Errors
    /// [`FileVaultError`], naming the file. A file that holds something else is never replaced.
    pub fn open_or_create(path: &Path) -> Result<Self, FileVaultError> {
        match Self::open(path) {
            Err(FileVaultError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        let mut key = [0; KEY_BYTES];
        rand::fill(&mut key).map_err(|_| FileVaultError::Generation)?;
        match private_file::create(path, format!("{}\n", URL_SAFE_NO_PAD.encode(key)).as_bytes()) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(FileVaultError::File { ask: "write", path: path.to_owned(), source })
            }
            _ => Self::open(path),
        }
    }
}

#[async_trait::async_trait]
impl Vault for FileVault {
    async fn seal(&self, tenant: &TenantId, key: &KeyId, secret: &[u8]) -> Result<Vec<u8>, Unavailable> {
        if secret.len() > SECRET_BYTES_MAX {
            return Err(Unavailable::new(NAME, "what is to be sealed is too long"));
        }
        let mut sealed = secret.to_vec();
        let nonce = self.key.seal_in_place_append_tag(bound_to(tenant, key), &mut sealed);
        let nonce = nonce.map_err(|_| Unavailable::new(NAME, "the secret could not be encrypted"))?;
        sealed.splice(0..0, *nonce.as_ref());
        Ok(sealed)
    }

    async fn open(&self, tenant: &TenantId, key: &KeyId, sealed: &[u8]) -> Result<Vec<u8>, Unavailable> {
        let closed =
            || Unavailable::new(NAME, "what was sealed is of another key, tenant or vault, or was changed");
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or_else(closed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| closed())?;
        let mut opened = sealed.to_vec();
        let secret = self.key.open_in_place(nonce, bound_to(tenant, key), &mut opened);
        secret.map(|secret| secret.to_vec()).map_err(|_| closed())
    }
}

/// Ids hold no zero byte, so no two pairs of them are alike.
fn bound_to(tenant: &TenantId, key: &KeyId) -> Aad<Vec<u8>> {
    Aad::from([tenant.as_str().as_bytes(), &[0], key.as_str().as_bytes()].concat())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let url_safe = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(url_safe).ok().filter(|key| key.len() == KEY_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.key");
        FileVault::open_or_create(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        FileVault::open_or_create(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no unfinished file is left");
    }

    #[test]
    fn a_key_is_read_in_either_base64() {
        assert_eq!(decode(&"_-".repeat(21)), None, "31 bytes are too few");
        let key = [0xfb; KEY_BYTES];
        let standard = base64::engine::general_purpose::STANDARD.encode(key);
        assert_eq!(decode(&standard), Some(key.to_vec()));
        assert_eq!(decode(&URL_SAFE_NO_PAD.encode(key)), Some(key.to_vec()));
    }

    #[test]
    fn errors_name_the_file_and_leave_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.key");
        let missing = FileVault::open(&path).unwrap_err().to_string();
        assert!(missing.contains("vault.key"), "{missing}");
        for text in ["", "secret", &"A".repeat(44)] {
            fs::write(&path, text).unwrap();
            let error = FileVault::open_or_create(&path).unwrap_err().to_string();
            assert!(error.contains("vault.key") && !error.contains("AAAA"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
