//! The two forms that errors are told in: that of tenants and clients, and that of the platform's own operators.

use crate::answer::RequestId;
use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::http_error::HttpError;
use serde::Serialize;

/// In which form an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// SPEC section 5.
    Plain,
    /// SPEC section 6.1: everything below `/admin`.
    Platform,
}

/// An answer of the platform's.
#[derive(Serialize)]
pub(crate) struct PlatformAnswer<T> {
    #[serde(rename = "RC")]
    code: u16,
    #[serde(rename = "RM")]
    message: &'static str,
    #[serde(flatten)]
    content: PlatformContent<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum PlatformContent<T> {
    Result(T),
    Error { code: &'static str, message: String },
}

#[derive(Serialize)]
struct Plain<'a> {
    error: PlainError<'a>,
}

#[derive(Serialize)]
struct PlainError<'a> {
    code: &'static str,
    message: String,
    status: u16,
    request_id: &'a str,
}

impl<T> PlatformAnswer<T> {
    /// What was asked for.
    pub(crate) fn of(result: T) -> Self {
        Self { code: 0, message: "OK", content: PlatformContent::Result(result) }
    }
}

impl Envelope {
    /// That of whatever is asked at this path.
    pub(crate) fn of(path: &str) -> Self {
        match path.strip_prefix("/admin") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self::Platform,
            _ => Self::Plain,
        }
    }

    /// The body that tells an error.
    pub(crate) fn around(self, error: &HttpError, id: &RequestId) -> Response {
        match self {
            Self::Plain => Json(plain(error, id)).into_response(),
            Self::Platform => Json(of_platform(error)).into_response(),
        }
    }

    /// What a 401 says the client is to be known by.
    pub(crate) fn challenge(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Plain => "Bearer",
            Self::Platform => "IM-API-KEY",
        })
    }
}

fn plain<'a>(error: &HttpError, id: &'a RequestId) -> Plain<'a> {
    let (code, status) = (error.code(), error.status());
    Plain { error: PlainError { code, message: error.to_string(), status, request_id: id.as_str() } }
}

fn of_platform(error: &HttpError) -> PlatformAnswer<()> {
    let status = StatusCode::from_u16(error.status()).ok().and_then(|status| status.canonical_reason());
    let (code, message) = platform_error(error);
    PlatformAnswer {
        code: error.status(),
        message: status.unwrap_or("Error"),
        content: PlatformContent::Error { code, message },
    }
}

fn platform_error(error: &HttpError) -> (&'static str, String) {
    match error {
        HttpError::UnknownKey | HttpError::AuthenticationFailed(_) => {
            ("INVALID_API_KEY", "Invalid or missing API key".to_owned())
        }
        HttpError::ScopeMissing(_) | HttpError::InsufficientScope(_) => {
            ("PERMISSION_DENIED", "Platform API permission required".to_owned())
        }
        HttpError::NotFound | HttpError::NoSuch(_) => ("NOT_FOUND", error.to_string()),
        HttpError::MethodNotAllowed(_) => ("METHOD_NOT_ALLOWED", error.to_string()),
        HttpError::RateLimited { .. } => ("RATE_LIMIT_EXCEEDED", error.to_string()),
        HttpError::Unavailable(_) => ("SERVICE_UNAVAILABLE", error.to_string()),
        HttpError::Internal => ("INTERNAL_ERROR", error.to_string()),
        HttpError::MissingParameter(_)
        | HttpError::InvalidParameter { .. }
        | HttpError::InvalidJson(_)
        | HttpError::MissingField(_)
        | HttpError::InvalidField { .. } => ("INVALID_REQUEST", error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_below_admin_is_the_platforms() {
        for path in ["/admin", "/admin/", "/admin/stats", "/admin/x/y"] {
            assert_eq!(Envelope::of(path), Envelope::Platform, "{path}");
        }
        for path in ["/", "/administrator", "/v1/admin", "/Admin/stats"] {
            assert_eq!(Envelope::of(path), Envelope::Plain, "{path}");
        }
    }
}
