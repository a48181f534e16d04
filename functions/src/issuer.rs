use domain::ports::{RefreshFamilies, Registry, SecretHashes, TokenSigner};
use std::sync::Arc;

/// What issues tokens: the books, and the keys of the tenants.
#[derive(Clone)]
pub struct Issuer {
    /// Tenants, plans, apps, clients and the public parts of signing keys.
    pub registry: Arc<dyn Registry>,
    /// Which refresh tokens are good.
    pub families: Arc<dyn RefreshFamilies>,
    /// Tells whether a client's secret is the right one.
    pub secrets: Arc<dyn SecretHashes>,
    /// Signs in a tenant's name.
    pub signer: Arc<dyn TokenSigner>,
}
