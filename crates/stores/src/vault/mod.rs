//! Private keys, unreadable at rest: under a key in a file, or under one that AWS KMS never gives away.
//!
//! [`VaultAt`] says which of them. Both bind what they seal to its tenant and key.

mod file;
mod kms;
mod vault_at;

pub use file::{FileVault, FileVaultError};
pub use kms::{KmsKeyAt, KmsVault};
pub use vault_at::{InvalidVault, OpenVaultError, VaultAt};

/// What logs and metrics call a vault.
const NAME: &str = "vault";
/// Bytes of a secret that is sealed, as the port says; KMS takes no more.
const SECRET_BYTES_MAX: usize = 4096;
