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
            Self::MissingParameter(_) | Self::InvalidParameter { .. } => 400,
            Self::AuthenticationFailed(_) => 401,
            Self::InsufficientScope(_) => 403,
            Self::NotFound => 404,
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
            Self::MissingParameter(_) => "missing_parameter",
            Self::InvalidParameter { .. } => "invalid_parameter",
            Self::AuthenticationFailed(_) => "authentication_failed",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::NotFound => "not_found",
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
