//! Both vaults pass the clauses of their port: the one of a file, and that of KMS on ministack.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

mod file {
    use std::sync::Arc;
    use stores::vault::FileVault;
    use tempfile::TempDir;

    fn vault() -> (TempDir, Arc<FileVault>) {
        let folder = tempfile::tempdir().unwrap();
        let vault = FileVault::open_or_create(&folder.path().join("vault.key")).unwrap();
        (folder, Arc::new(vault))
    }

    stores::conformance!(vault, vault());
    stores::conformance!(vault_guarded, vault());

    #[tokio::test]
    async fn what_one_key_sealed_another_does_not_open() {
        use domain::ids::{KeyId, TenantId};
        use domain::ports::Vault;
        let ((_one, one), (_other, other)) = (vault(), vault());
        let (tenant, key) = (TenantId::parse("t").unwrap(), KeyId::parse("k").unwrap());
        let sealed = one.seal(&tenant, &key, b"secret").await.unwrap();
        assert!(other.open(&tenant, &key, &sealed).await.is_err());
    }
}

/// ministack does not guard what it encrypts against changes; Amazon's KMS does, by AES-256-GCM.
mod kms {
    use super::servers::{kms, ministack};

    stores::conformance!(vault, ((), kms::vault(ministack::endpoint()).await));
}
