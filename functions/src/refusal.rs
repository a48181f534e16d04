//! How a request that gets no answer is told so: the one place where errors become HTTP.

use crate::answer::RequestId;
use crate::envelope::Envelope;
use axum::body::Body;
use axum::http::header::{ALLOW, RETRY_AFTER as RETRY_AFTER_HEADER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::bounds::RETRY_AFTER;
use domain::clock::Entropy;
use domain::http_error::HttpError;
use domain::metering::Reason;
use domain::policy::RETRY_AFTER_SECONDS;
use domain::ports::Unavailable;
use domain::token::TokenRefusal;

/// Why a request is not answered with what it asked for, and which store is to blame, if one is.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    error: HttpError,
    store: Option<Unavailable>,
}

impl From<HttpError> for Refusal {
    fn from(error: HttpError) -> Self {
        Self { error, store: None }
    }
}

impl From<TokenRefusal> for Refusal {
    fn from(refusal: TokenRefusal) -> Self {
        let store = match refusal {
            TokenRefusal::Unverifiable => Some(Unavailable::new("keys", "no keys to verify by can be had")),
            _ => None,
        };
        Self { error: refusal.into(), store }
    }
}

impl From<Unavailable> for Refusal {
    fn from(store: Unavailable) -> Self {
        let error = HttpError::Unavailable("a store cannot be reached; try again later");
        Self { error, store: Some(store) }
    }
}

/// Hands the refusal to the outermost layer, which knows the request's id and renders it.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

impl Refusal {
    /// What usage counts it as.
    pub(crate) fn reason(&self) -> Reason {
        Reason::from(&self.error)
    }

    /// The answer; what a store said goes to the log and not to the client.
    pub(crate) fn render(&self, envelope: Envelope, id: &RequestId, entropy: &dyn Entropy) -> Response {
        if let Some(Unavailable { store, cause }) = &self.store {
            tracing::warn!(store, cause, "a store is unavailable");
        }
        let error = &self.error;
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, envelope.around(error, id)).into_response();
        add_headers(response.headers_mut(), error, envelope, entropy);
        response
    }
}

fn add_headers(headers: &mut HeaderMap, error: &HttpError, envelope: Envelope, entropy: &dyn Entropy) {
    match error {
        HttpError::AuthenticationFailed(_) | HttpError::UnknownKey => {
            headers.insert(WWW_AUTHENTICATE, envelope.challenge());
        }
        HttpError::MethodNotAllowed(methods) => {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        HttpError::RateLimited { .. } => {
            headers.insert(RETRY_AFTER_HEADER, RETRY_AFTER_SECONDS.into());
        }
        HttpError::Unavailable(_) => {
            let wait = entropy.between(RETRY_AFTER.start, RETRY_AFTER.end);
            headers.insert(RETRY_AFTER_HEADER, wait.as_secs().into());
        }
        _ => {}
    }
}
