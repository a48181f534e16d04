//! What can be wrong with a token before its claims are looked at.

/// Why a JWT is not to be believed. Printed as the cause of close code 4002.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum InvalidToken {
    /// It is no JWT, names an algorithm that is not taken, or its registered claims have wrong shapes.
    #[error("malformed")]
    Malformed,
    /// A key for it is known, and the signature is not that key's.
    #[error("signature")]
    Signature,
    /// `exp` lies more than the leeway in the past.
    #[error("expired")]
    Expired,
    /// `nbf` or `iat` lies more than the leeway in the future.
    #[error("not yet valid")]
    NotYetValid,
    /// No key is known that could have signed it.
    #[error("unknown key")]
    UnknownKey,
}

/// Why a genuine token gives no right to what was asked. Printed as the cause of close code 4003.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Forbidden {
    /// `aud` is not, and does not contain, `WireSocket.API`.
    #[error("audience")]
    Audience,
    /// `scope` or `scp` does not contain `WireSocket.API`.
    #[error("scope")]
    Scope,
    /// `tenantid` is missing or no id.
    #[error("tenant")]
    Tenant,
    /// `appId` is missing or no id.
    #[error("app")]
    App,
    /// `limits` is missing or not four integers from 0 to 2^53.
    #[error("limits")]
    Limits,
    /// `dbCode` names a home region that this deployment does not have.
    #[error("home region")]
    HomeRegion,
    /// The browser's `Origin` is on none of the allowed domains.
    #[error("origin")]
    Origin,
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenRefusal {
    /// No token was given.
    #[error("missing token")]
    Missing,
    /// It is not to be believed.
    #[error("invalid token: {0}")]
    Invalid(#[from] InvalidToken),
    /// It is genuine, and gives no right to this.
    #[error("forbidden: {0}")]
    Forbidden(#[from] Forbidden),
    /// No key set could be had yet that might have its key: nobody can tell.
    #[error("the keys that tokens are verified by cannot be reached; try again later")]
    Unverifiable,
}
