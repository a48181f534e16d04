//! What an HTTP request of the control plane can be refused for (SPEC section 5), as facts.

use crate::token::TokenRefusal;

/// Why a request was not answered with what it asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// A query parameter is missing.
    #[error("the query parameter `{0}` is missing")]
    MissingParameter(&'static str),
    /// A query parameter has a value that can't be used.
    #[error("the query parameter `{name}` is invalid: {expected}")]
    InvalidParameter {
        /// The parameter.
        name: &'static str,
        /// What would be right.
        expected: String,
    },
    /// A body is no JSON of the kind that is expected.
    #[error("the body is invalid: {0}")]
    InvalidJson(String),
    /// A field of the body is missing.
    #[error("the field `{0}` of the body is missing")]
    MissingField(&'static str),
    /// A field of the body has a value that can't be used.
    #[error("the field `{name}` of the body is invalid: {expected}")]
    InvalidField {
        /// The field.
        name: &'static str,
        /// What would be right.
        expected: String,
    },
    /// The API key is missing, not known or revoked.
    #[error("the API key is missing, unknown or revoked: expected `Authorization: Bearer sk_live_…`")]
    UnknownKey,
    /// The API key is genuine, and gives no right to this.
    #[error("the API key has no scope `{0}`")]
    ScopeMissing(&'static str),
    /// The path is served, and there is nothing of the id that it names.
    #[error("there is no {0} of this id")]
    NoSuch(&'static str),
    /// The token is missing or not to be believed.
    #[error("{0}")]
    AuthenticationFailed(TokenRefusal),
    /// The token is genuine, and gives no right to this.
    #[error("{0}")]
    InsufficientScope(TokenRefusal),
    /// There is nothing at this path.
    #[error("nothing is served at this path")]
    NotFound,
    /// The path is served, with another method.
    #[error("this path answers {0} only")]
    MethodNotAllowed(&'static str),
    /// Too many requests of this policy from this client.
    #[error("too many requests: at most {limit} in 60 seconds")]
    RateLimited {
        /// Requests allowed in 60 s.
        limit: u64,
    },
    /// Something is broken here, and the log says what.
    #[error("an internal error; quote the request id when you report it")]
    Internal,
    /// A store can't be reached, or no node is there.
    #[error("{0}")]
    Unavailable(&'static str),
}

impl HttpError {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::MissingParameter(_)
            | Self::InvalidParameter { .. }
            | Self::InvalidJson(_)
            | Self::MissingField(_)
            | Self::InvalidField { .. } => 400,
            Self::AuthenticationFailed(_) | Self::UnknownKey => 401,
            Self::InsufficientScope(_) | Self::ScopeMissing(_) => 403,
            Self::NotFound | Self::NoSuch(_) => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::RateLimited { .. } => 429,
            Self::Internal => 500,
            Self::Unavailable(_) => 503,
        }
    }

    /// The machine-readable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingParameter(_) | Self::MissingField(_) => "missing_parameter",
            Self::InvalidParameter { .. } | Self::InvalidField { .. } => "invalid_parameter",
            Self::InvalidJson(_) => "invalid_json",
            Self::AuthenticationFailed(_) | Self::UnknownKey => "authentication_failed",
            Self::InsufficientScope(_) | Self::ScopeMissing(_) => "insufficient_scope",
            Self::NotFound | Self::NoSuch(_) => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::RateLimited { .. } => "rate_limit_exceeded",
            Self::Internal => "internal_error",
            Self::Unavailable(_) => "service_unavailable",
        }
    }
}

impl From<TokenRefusal> for HttpError {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Missing | TokenRefusal::Invalid(_) => Self::AuthenticationFailed(refusal),
            TokenRefusal::Forbidden(_) => Self::InsufficientScope(refusal),
            TokenRefusal::Unverifiable => {
                Self::Unavailable("the keys that tokens are verified by cannot be reached; try again later")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close::CloseReason;

    #[test]
    fn a_token_is_not_to_blame_where_no_keys_can_be_had() {
        assert_eq!(HttpError::from(TokenRefusal::Unverifiable).status(), 503);
        assert_eq!(CloseReason::from(TokenRefusal::Unverifiable).code(), 1013);
    }
}
