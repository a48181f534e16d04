//! `POST` and `GET /v1/webhooks`, `DELETE /v1/webhooks/{id}`: where a tenant is told of its usage (SPEC section 6.2).

mod asked;
mod listed;
mod secret;

pub(crate) use secret::sealed_as;

use crate::operators::{OperatorsPlane, Right, WebhookDesk};
use crate::plane::answered;
use crate::refusal::Refusal;
use crate::token::drawn;
use asked::Asked;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use domain::alerts::Webhook;
use domain::bounds::WEBHOOKS_MAX;
use domain::http_error::HttpError;
use domain::ids::{TenantId, WebhookId};
use domain::policy::Policy;
use domain::registry::ApiScope;
use listed::{Listed, Made};
use secret::Secret;
use serde::Serialize;
use std::sync::Arc;

const READ: Right = Right { scope: ApiScope::WebhooksRead, policy: Policy::Webhooks };
const WRITE: Right = Right { scope: ApiScope::WebhooksWrite, policy: Policy::Webhooks };

/// What webhooks' endpoints work on.
pub(crate) struct WebhooksPlane {
    pub(crate) plane: OperatorsPlane,
    pub(crate) desk: WebhookDesk,
}

/// The answer of `GET /v1/webhooks`.
#[derive(Serialize)]
pub(crate) struct List {
    data: Vec<Listed>,
}

/// Answers `GET /v1/webhooks`: without secrets.
pub(crate) async fn list(
    State(webhooks): State<Arc<WebhooksPlane>>,
    parts: Parts,
) -> Result<Json<List>, Refusal> {
    let tenant = webhooks.plane.tenant(&parts, READ).await?;
    let known = answered("webhooks", webhooks.desk.alerts.webhooks(&tenant)).await?;
    Ok(Json(List { data: known.iter().map(Listed::of).collect() }))
}

/// Answers `POST /v1/webhooks`. The secret is in this answer and in no other.
pub(crate) async fn make(
    State(webhooks): State<Arc<WebhooksPlane>>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<Made>), Refusal> {
    let (parts, body) = request.into_parts();
    let tenant = webhooks.plane.tenant(&parts, WRITE).await?;
    let asked = Asked::read(&parts.headers, body, webhooks.desk.hosts).await?;
    let made = webhooks.add(tenant, asked).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Answers `DELETE /v1/webhooks/{id}`. What is on its way to it goes nowhere.
pub(crate) async fn drop(
    State(webhooks): State<Arc<WebhooksPlane>>,
    path: Result<Path<String>, PathRejection>,
    parts: Parts,
) -> Result<StatusCode, Refusal> {
    let tenant = webhooks.plane.tenant(&parts, WRITE).await?;
    let id = path.ok().and_then(|Path(id)| WebhookId::parse(&id).ok()).ok_or(NO_SUCH)?;
    match answered("webhooks", webhooks.desk.alerts.drop_webhook(&tenant, &id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(NO_SUCH.into()),
    }
}

const NO_SUCH: HttpError = HttpError::NoSuch("webhook");

impl WebhooksPlane {
    /// Adds a webhook of what is asked for. Of several requests at once each may see room for one more.
    async fn add(&self, tenant: TenantId, asked: Asked) -> Result<Made, Refusal> {
        let alerts = &self.desk.alerts;
        if answered("webhooks", alerts.webhooks(&tenant)).await?.len() >= WEBHOOKS_MAX {
            return Err(too_many().into());
        }
        let entropy = &*self.plane.front.entropy;
        let id = format!("wh_{}", drawn::<1>(entropy));
        let id = WebhookId::parse(&id).expect("hex digits are an id");
        let secret = Secret::draw(entropy);
        let sealed_secret = answered("vault", secret.seal(&*self.desk.vault, &tenant, &id)).await?;
        let Asked { url, events, description } = asked;
        let created_unix_s = self.plane.now_unix_s();
        let webhook = Webhook { id, tenant, url, events, description, sealed_secret, created_unix_s };
        // One that is there already is this one, of a try whose answer was lost: nobody draws the same id twice.
        answered("webhooks", alerts.add_webhook(&webhook)).await?;
        Ok(Made::of(&webhook, &secret))
    }
}

fn too_many() -> HttpError {
    let expected =
        format!("there are {WEBHOOKS_MAX} webhooks, the most that an account may have: delete one first");
    HttpError::InvalidField { name: "url", expected }
}
