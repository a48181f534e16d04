use crate::claims::AllowedDomain;
use crate::ids::{AppKey, ClientId, HomeRegion, PlanId, TenantId};
use crate::limits::PlanLimits;
use crate::money::PricePerMillion;
use std::fmt;

/// A paying organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id, as tokens say it.
    pub id: TenantId,
    /// What people call it; may be empty.
    pub name: String,
}

/// What an app may be sold as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// What an app of this plan is allowed.
    pub limits: PlanLimits,
    /// Requests that an app of this plan may make in a calendar month before its tenant is told; none are refused. `None` means
    /// any number.
    pub monthly_requests: Option<u64>,
    /// What requests cost.
    pub price: PricePerMillion,
}

/// An app: one product or environment of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The app and its tenant.
    pub key: AppKey,
    /// What people call it; may be empty.
    pub name: String,
    /// The plan whose limits its tokens carry.
    pub plan: PlanId,
    /// Where its ledger lives (`dbCode`); `None` means the deployment's default. It never changes: counts would be split.
    pub home: Option<HomeRegion>,
    /// Domains that browsers may connect from, up to [`crate::bounds::ALLOWED_DOMAINS_MAX`]; empty means any.
    pub allowed_domains: Vec<AllowedDomain>,
}

/// Who asks for tokens in an app's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// OAuth's `client_id`.
    pub id: ClientId,
    /// The app that its tokens speak for.
    pub app: AppKey,
    /// What its secret is known by.
    pub secret: SecretHash,
    /// Whether it may have refresh tokens.
    pub refresh: Refresh,
    /// Seconds since 1970 at which it was made.
    pub created_unix_s: u64,
    /// Seconds since 1970 at which it was revoked; from then on it gets no token.
    pub revoked_unix_s: Option<u64>,
}

/// Whether a client may have refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// It may ask for `offline_access`.
    Allowed,
    /// It asks with its secret each time.
    Denied,
}

/// What a secret is known by: its hash by argon2id (RFC 9106) as a PHC string. Printed without what it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(pub String);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}
