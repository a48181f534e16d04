//! What a request for a token can be refused for (RFC 6749 section 5.2), as facts.

/// Why no token was issued. Printed as `error_description`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// A parameter is missing, is there twice, has a value that can't be used, or the body is no form.
    #[error("{0}")]
    InvalidRequest(String),
    /// The client is not known, is revoked, or its secret is not this one: which of them is not told.
    #[error("the client is not known, or its secret is another one")]
    InvalidClient,
    /// The refresh token was used before, has expired, was revoked, or is another client's: which of them is not told.
    #[error("the refresh token is spent, expired, revoked or of another client")]
    InvalidGrant,
    /// The client may not use this grant.
    #[error("this client may not use the grant `{0}`")]
    UnauthorizedClient(&'static str),
    /// The grant is none of the two that are served.
    #[error("the grant type must be client_credentials or refresh_token")]
    UnsupportedGrantType,
    /// A scope was asked for that there is not, or that this client or grant may not have.
    #[error("the scope `{0}` is not one that this client may have")]
    InvalidScope(String),
}

impl OAuthError {
    /// The code of `error`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient(_) => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope(_) => "invalid_scope",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            _ => 400,
        }
    }
}
