//! The data folder: who uses it, its signing key, its key set, and its books.

use crate::vault;
use domain::ports::{Registry, Unavailable, Vault};
use serde_json::{Value, json};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stores::jwt::{SigningKey, SigningKeyError};
use stores::vault::{FileVault, FileVaultError};
use syncd::setup::{RegistryAt, RegistryPorts, SetupError};

/// Why a data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataFolderError {
    #[error("the data folder {} is in use by another `wiresocket serve`: stop that one, or choose another folder with --data", .0.display())]
    InUse(PathBuf),
    #[error("{} can't be read or written: {source}; choose another folder with --data", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} is no JSON key set ({cause}): repair it, or delete it to have it made anew", path.display())]
    KeySet { path: PathBuf, cause: String },
    #[error("no data folder {}: name that of a local service with --data (or WIRESOCKET_DATA)", .0.display())]
    Missing(PathBuf),
    #[error(
        "the books can't be used: {0}; repair them, put back a backup, or choose another folder with --data"
    )]
    Books(String),
    #[error("the books of the data folder can't be read: {0}")]
    Unread(#[from] Unavailable),
    #[error(
        "{} is missing, and nothing else opens the signing keys on the books beside it: put it back from a backup; or, \
         where it is lost, write another into its place with `openssl rand -base64 32`, and have each tenant's keys \
         followed with `wiresocket admin keys rotate TENANT --at-once --new-vault`", .0.display()
    )]
    VaultKeyLost(PathBuf),
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    #[error(transparent)]
    Vault(#[from] FileVaultError),
}

const DEV_KEYS: &str = "dev-keys.json";

/// A folder that this process may use. The lock ends with the process, however it ends.
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: Option<File>,
}

impl DataFolder {
    /// The folder, made if it is missing. Several processes may have it so.
    pub(crate) fn shared(path: &Path) -> Result<Self, DataFolderError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| DataFolderError::File { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), _lock: None })
    }

    /// The folder, which must be there. Several processes may have it so.
    pub(crate) fn existing(path: &Path) -> Result<Self, DataFolderError> {
        if path.is_dir() {
            Ok(Self { path: path.to_owned(), _lock: None })
        } else {
            Err(DataFolderError::Missing(path.to_owned()))
        }
    }

    /// The folder, for this process alone to serve from.
    pub(crate) fn exclusive(path: &Path) -> Result<Self, DataFolderError> {
        let folder = Self::shared(path)?;
        let lock_path = folder.path.join("lock");
        let failed = |source| DataFolderError::File { path: lock_path.clone(), source };
        let lock = File::options().create(true).append(true).open(&lock_path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(lock), ..folder }),
            Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse(folder.path)),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Where the documents lie.
    pub(crate) fn documents(&self) -> PathBuf {
        self.path.join("documents")
    }

    /// Where the books are: tenants, plans, apps, clients and their signing keys.
    pub(crate) fn registry(&self) -> RegistryAt {
        RegistryAt::Folder(self.path.clone())
    }

    /// The books.
    pub(crate) async fn books(&self) -> Result<RegistryPorts, DataFolderError> {
        RegistryPorts::open(&self.registry()).await.map_err(|error| match error {
            // It would name an option that nobody gave.
            SetupError::Value { cause, .. } => DataFolderError::Books(cause),
            error => DataFolderError::Books(error.to_string()),
        })
    }

    /// The file of the key that seals the signing keys of those tenants.
    pub(crate) fn vault_key(&self) -> PathBuf {
        self.path.join("vault.key")
    }

    /// What seals them. Its key is made where `books` have no signing key: beside those that one sealed, another would
    /// hide that it was lost.
    pub(crate) async fn vault(&self, books: &dyn Registry) -> Result<Arc<dyn Vault>, DataFolderError> {
        let path = self.vault_key();
        // In this order: whoever adds the first signing key has made the vault's before.
        let has_sealed = !vault::sealed_by_it(books).await?.is_empty();
        if has_sealed && !path.exists() {
            return Err(DataFolderError::VaultKeyLost(path));
        }
        Ok(Arc::new(FileVault::open_or_create(&path)?))
    }

    /// The signing key, made if it is missing.
    pub(crate) fn signing_key(&self) -> Result<SigningKey, DataFolderError> {
        Ok(SigningKey::load_or_generate(&self.path.join("signing-key.json"))?)
    }

    /// The key set that tokens are verified by. It holds the signing key's public part, and whatever keys its
    /// owner has added to the file.
    pub(crate) fn key_set(&self, own: &SigningKey) -> Result<PathBuf, DataFolderError> {
        let path = self.path.join("jwks.json");
        let malformed = |cause: String| DataFolderError::KeySet { path: path.clone(), cause };
        let mut set: Value = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => json!({"keys": []}),
            Err(source) => return Err(DataFolderError::File { path, source }),
        };
        let keys = set.get_mut("keys").and_then(Value::as_array_mut);
        let keys = keys.ok_or_else(|| malformed("it has no array `keys`".to_owned()))?;
        if !keys.iter().any(|key| key.get("kid").and_then(Value::as_str) == Some(own.kid())) {
            let public = own.public_jwks();
            keys.extend(public.get("keys").and_then(Value::as_array).into_iter().flatten().cloned());
            self.replace(&path, &format!("{set:#}\n"))?;
        }
        Ok(path)
    }

    /// Where what is counted over time lies.
    pub(crate) fn usage(&self) -> PathBuf {
        self.path.join("usage")
    }

    /// Says so where usage was counted in `other` file of that folder, which a server of another kind keeps: one node, or
    /// several.
    pub(crate) fn mention_usage_in(&self, other: &str) {
        let file = self.usage().join(other);
        if file.exists() {
            let file = file.display();
            tracing::warn!(%file, "reports and webhooks of one node and of several (--nodes) are kept apart");
        }
    }

    /// The API keys that were made for development, by names; an empty object where there are none.
    pub(crate) fn dev_keys(&self) -> Result<Value, DataFolderError> {
        let path = self.path.join(DEV_KEYS);
        match fs::read(&path) {
            // What is no JSON has no keys, and is made anew.
            Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(json!({})),
            Err(source) => Err(DataFolderError::File { path, source }),
        }
    }

    /// Keeps those keys, for the owner's eyes only.
    pub(crate) fn keep_dev_keys(&self, keys: &Value) -> Result<(), DataFolderError> {
        self.replace(&self.path.join(DEV_KEYS), &format!("{keys:#}\n"))
    }

    /// Replaces a file whole, or not at all.
    fn replace(&self, path: &Path, text: &str) -> Result<(), DataFolderError> {
        let failed = |source| DataFolderError::File { path: path.to_owned(), source };
        let draft = path.with_extension("draft");
        let mut file = File::create(&draft).map_err(failed)?;
        file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&draft, path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_served_from_by_one_and_read_by_many() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new");
        let first = DataFolder::exclusive(&path).unwrap();
        assert!(matches!(DataFolder::exclusive(&path), Err(DataFolderError::InUse(_))));
        assert!(DataFolder::shared(&path).is_ok());
        drop(first);
        assert!(DataFolder::exclusive(&path).is_ok());
    }

    #[test]
    fn keys_that_the_owner_added_stay_in_the_set() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::exclusive(dir.path()).unwrap();
        let key = folder.signing_key().unwrap();
        let path = folder.key_set(&key).unwrap();
        let added = json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "mine"}]});
        fs::write(&path, added.to_string()).unwrap();
        folder.key_set(&folder.signing_key().unwrap()).unwrap();
        let set: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let kids: Vec<&str> =
            set["keys"].as_array().unwrap().iter().filter_map(|k| k["kid"].as_str()).collect();
        assert_eq!(kids, ["mine", key.kid()]);
        fs::write(&path, "[]").unwrap();
        assert!(matches!(folder.key_set(&key), Err(DataFolderError::KeySet { .. })));
    }
}
