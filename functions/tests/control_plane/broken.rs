//! Stores that do not answer.

use domain::claims::Claims;
use domain::ids::{AppKey, ClientId, DocumentKey, KeyId, NodeId, PlanId, Region, TenantId};
use domain::ledger::{LedgerRecord, ShareWrite, WriteOutcome};
use domain::policy::Window;
use domain::ports::{
    Added, Beat, Cluster, Grant, HeldKey, Ledger, Mark, NodeRecord, Owner, Pin, PinOutcome, Pins, RateBucket,
    RateGate, RefreshFamilies, Registry, Sighting, TokenSigner, Tokens, Turn, Unavailable, Want,
};
use domain::registry::{App, Client, Plan, Presented, RefreshFamily, Tenant, TenantKey};
use domain::token::TokenRefusal;
use serde_json::Value;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

/// Every port at once, out of order.
#[derive(Clone, Copy)]
pub(crate) enum Broken {
    /// Says that it is unavailable.
    Dead,
    /// Says nothing, for ever.
    Silent,
}

impl Broken {
    pub(crate) async fn fail<T>(self) -> Result<T, Unavailable> {
        match self {
            Self::Dead => Err(Unavailable::new("a store", "connection refused")),
            Self::Silent => pending().await,
        }
    }
}

#[async_trait::async_trait]
impl Ledger for Broken {
    async fn read(&self, _: &AppKey) -> Result<LedgerRecord, Unavailable> {
        self.fail().await
    }

    async fn write(&self, _: &AppKey, _: &ShareWrite) -> Result<WriteOutcome, Unavailable> {
        self.fail().await
    }

    async fn forget_sealed(&self, _: &AppKey, _: &NodeId) -> Result<(), Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl Pins for Broken {
    async fn read(&self, _: &DocumentKey) -> Result<Option<Pin>, Unavailable> {
        self.fail().await
    }

    async fn pin(&self, _: &DocumentKey, _: &Owner) -> Result<PinOutcome, Unavailable> {
        self.fail().await
    }

    async fn take_over(&self, _: &DocumentKey, _: &Pin, _: &Owner) -> Result<PinOutcome, Unavailable> {
        self.fail().await
    }

    async fn unpin(&self, _: &DocumentKey, _: &Pin) -> Result<(), Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl Cluster for Broken {
    async fn announce(&self, _: &NodeRecord) -> Result<Beat, Unavailable> {
        self.fail().await
    }

    async fn beat(&self, _: &NodeRecord) -> Result<Beat, Unavailable> {
        self.fail().await
    }

    async fn regions(&self) -> Result<Vec<Region>, Unavailable> {
        self.fail().await
    }

    async fn nodes(&self, _: &Region) -> Result<Vec<NodeRecord>, Unavailable> {
        self.fail().await
    }

    async fn sight(&self, _: &Region, _: &NodeId, _: u64) -> Result<Sighting, Unavailable> {
        self.fail().await
    }

    async fn fence(&self, _: &Region, _: &NodeId, _: u64) -> Result<bool, Unavailable> {
        self.fail().await
    }

    async fn reaped(&self, _: &Region, _: &NodeId) -> Result<(), Unavailable> {
        self.fail().await
    }

    async fn hold(&self, _: &Region, _: &NodeId, _: &HeldKey) -> Result<Beat, Unavailable> {
        self.fail().await
    }

    async fn let_go(&self, _: &NodeId, _: &HeldKey) -> Result<(), Unavailable> {
        self.fail().await
    }

    async fn held(&self, _: &NodeId) -> Result<Vec<HeldKey>, Unavailable> {
        self.fail().await
    }

    async fn forget(&self, _: &Region, _: &NodeId) -> Result<(), Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl RateGate for Broken {
    async fn take(&self, _: &RateBucket, _: Want, _: Window, _: Duration) -> Result<Grant, Unavailable> {
        self.fail().await
    }

    async fn give_back(&self, _: &RateBucket, _: Mark, _: u64, _: Window) -> Result<(), Unavailable> {
        self.fail().await
    }
}

/// A key set that is never fetched to its end, whichever way it is broken.
#[async_trait::async_trait]
impl Tokens for Broken {
    async fn verify(&self, _: &str, _: u64) -> Result<Arc<Claims>, TokenRefusal> {
        pending().await
    }
}

#[async_trait::async_trait]
impl Registry for Broken {
    async fn add_tenant(&self, _: &Tenant) -> Result<Added, Unavailable> {
        self.fail().await
    }

    async fn tenant(&self, _: &TenantId) -> Result<Option<Tenant>, Unavailable> {
        self.fail().await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, Unavailable> {
        self.fail().await
    }

    async fn set_plan(&self, _: &Plan) -> Result<(), Unavailable> {
        self.fail().await
    }

    async fn plan(&self, _: &PlanId) -> Result<Option<Plan>, Unavailable> {
        self.fail().await
    }

    async fn plans(&self) -> Result<Vec<Plan>, Unavailable> {
        self.fail().await
    }

    async fn add_app(&self, _: &App) -> Result<Added, Unavailable> {
        self.fail().await
    }

    async fn set_app(&self, _: &App) -> Result<(), Unavailable> {
        self.fail().await
    }

    async fn app(&self, _: &AppKey) -> Result<Option<App>, Unavailable> {
        self.fail().await
    }

    async fn apps(&self, _: &TenantId) -> Result<Vec<App>, Unavailable> {
        self.fail().await
    }

    async fn add_client(&self, _: &Client) -> Result<Added, Unavailable> {
        self.fail().await
    }

    async fn client(&self, _: &ClientId) -> Result<Option<Client>, Unavailable> {
        self.fail().await
    }

    async fn clients(&self, _: &TenantId) -> Result<Vec<Client>, Unavailable> {
        self.fail().await
    }

    async fn revoke_client(&self, _: &ClientId, _: u64) -> Result<bool, Unavailable> {
        self.fail().await
    }

    async fn add_key(&self, _: &TenantKey) -> Result<Added, Unavailable> {
        self.fail().await
    }

    async fn keys(&self, _: &TenantId) -> Result<Vec<TenantKey>, Unavailable> {
        self.fail().await
    }

    async fn drop_key(&self, _: &TenantId, _: &KeyId) -> Result<bool, Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl RefreshFamilies for Broken {
    async fn begin(&self, _: &RefreshFamily) -> Result<(), Unavailable> {
        self.fail().await
    }

    async fn turn(&self, _: &Turn, _: u64) -> Result<Presented, Unavailable> {
        self.fail().await
    }
}

#[async_trait::async_trait]
impl TokenSigner for Broken {
    async fn sign(&self, _: &TenantId, _: &Value, _: u64) -> Result<Option<String>, Unavailable> {
        self.fail().await
    }
}
