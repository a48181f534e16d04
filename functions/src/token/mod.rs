//! `POST /connect/token`: access tokens for clients with a secret or a refresh token (RFC 6749).

mod client;
mod deadline;
mod digest;
mod failure;
mod form;
mod grant;
mod issue;
mod refresh;

use crate::issuer::Issuer;
use crate::plane::Front;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{HeaderName, HeaderValue, PRAGMA};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request};
use axum::response::IntoResponse;
pub(crate) use digest::{drawn, sha256};

use client::Presented;
use deadline::Deadline;
use domain::policy::Policy;
use failure::TokenFailure;
use form::Form;
use grant::GrantType;
use issue::Issued;
use std::sync::Arc;

/// What the endpoint works on.
pub(crate) struct TokenPlane {
    pub(crate) front: Front,
    pub(crate) issuer: Issuer,
}

/// Nobody on the way keeps an answer with a token in it: for caches of HTTP/1.0, beside `Cache-Control`.
const NO_CACHE: (HeaderName, HeaderValue) = (PRAGMA, HeaderValue::from_static("no-cache"));

/// Answers `POST /connect/token`. The rate policy comes first, so that guessing at secrets is bounded.
pub(crate) async fn token(State(plane): State<Arc<TokenPlane>>, request: Request<Body>) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    ([NO_CACHE], plane.answer(&parts, body).await)
}

impl TokenPlane {
    async fn answer(&self, parts: &Parts, body: Body) -> Result<Json<Issued>, TokenFailure> {
        self.front.admit(Policy::Token, self.front.client(parts)).await?;
        let asked = self.asked(&parts.headers, body).await;
        if let Err(TokenFailure::OAuth { error, .. }) = &asked {
            tracing::info!(error = error.code(), "refused a token");
        }
        asked.map(Json)
    }

    async fn asked(&self, headers: &HeaderMap, body: Body) -> Result<Issued, TokenFailure> {
        let form = Form::read(headers, body).await?;
        let deadline = Deadline::begins();
        let grant = GrantType::of(&form)?;
        let presented = Presented::of(headers, &form)?;
        let outcome = match grant {
            GrantType::ClientCredentials => self.client_credentials(&presented, &form, deadline).await,
            GrantType::RefreshToken => self.refresh_token(&presented, &form, deadline).await,
        };
        outcome.map_err(|failure| failure.asked_by(presented.scheme))
    }
}
