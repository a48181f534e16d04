//! Both vaults pass every clause of their port: the one of a file, and that of KMS on ministack.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

mod file {
    use std::sync::Arc;
    use stores::vault::FileVault;

    stores::conformance!(vault, {
        let folder = tempfile::tempdir().unwrap();
        let vault = FileVault::open_or_create(&folder.path().join("vault.key")).unwrap();
        (folder, Arc::new(vault))
    });
}

mod kms {
    use super::servers::{kms, ministack};

    stores::conformance!(vault, ((), kms::vault(ministack::endpoint()).await));
}
