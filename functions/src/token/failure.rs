//! How a client that gets no token is told so.

use super::client::Scheme;
use crate::refusal::Refusal;
use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::http_error::HttpError;
use domain::oauth::OAuthError;
use domain::ports::Unavailable;
use serde::Serialize;

/// Why no token was issued.
pub(crate) enum TokenFailure {
    /// The request is at fault: answered as RFC 6749 section 5.2 says.
    OAuth {
        error: OAuthError,
        /// How the client said who it is.
        scheme: Scheme,
    },
    /// Something else is: answered as everywhere.
    Refused(Refusal),
}

impl TokenFailure {
    /// The same failure, for a client that said in this way who it is.
    pub(super) fn asked_by(self, scheme: Scheme) -> Self {
        match self {
            Self::OAuth { error, .. } => Self::OAuth { error, scheme },
            refused @ Self::Refused(_) => refused,
        }
    }
}

impl From<OAuthError> for TokenFailure {
    fn from(error: OAuthError) -> Self {
        Self::OAuth { error, scheme: Scheme::Form }
    }
}

impl From<Unavailable> for TokenFailure {
    fn from(store: Unavailable) -> Self {
        Self::Refused(store.into())
    }
}

impl From<HttpError> for TokenFailure {
    fn from(error: HttpError) -> Self {
        Self::Refused(error.into())
    }
}

#[derive(Serialize)]
struct Answer {
    error: &'static str,
    error_description: String,
}

impl IntoResponse for TokenFailure {
    fn into_response(self) -> Response {
        let (error, scheme) = match self {
            Self::Refused(refusal) => return refusal.into_response(),
            Self::OAuth { error, scheme } => (error, scheme),
        };
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let answer = Answer { error: error.code(), error_description: error.to_string() };
        let mut response = (status, Json(answer)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge(scheme));
        }
        response
    }
}

/// An answer of 401 must name a scheme; who used none is not to be asked for a password by its browser.
fn challenge(scheme: Scheme) -> HeaderValue {
    HeaderValue::from_static(match scheme {
        Scheme::Basic => "Basic realm=\"WireSocket\"",
        Scheme::Form => "Bearer",
    })
}
