//! `GET /usage`: an app's counts beside its plan limits.

use crate::plane::{ControlPlane, answered};
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use domain::claims::Claims;
use domain::clock::rfc3339_ms;
use domain::ledger::Totals;
use domain::policy::Policy;
use domain::usage::Usage;
use serde::Serialize;
use std::sync::Arc;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    tenant_id: String,
    app_id: String,
    usage: Counts,
    timestamp: String,
}

#[derive(Serialize)]
struct Counts {
    connections: Count,
    documents: Count,
}

#[derive(Serialize)]
struct Count {
    current: u64,
    limit: u64,
    percent: f64,
    status: &'static str,
}

/// Answers `GET /usage`, in the same order of checks as `/discovery`.
pub(crate) async fn usage(
    State(plane): State<Arc<ControlPlane>>,
    parts: Parts,
) -> Result<Json<Report>, Refusal> {
    plane.front.admit(Policy::Usage, plane.front.client(&parts)).await?;
    let claims = plane.authenticate(&parts).await?;
    let record = answered("ledger", plane.home(&claims)?.ledger.read(&claims.app)).await?;
    Ok(Json(report(&claims, record.totals, plane.front.clock.unix_ms())))
}

fn report(claims: &Claims, totals: Totals, now_unix_ms: u64) -> Report {
    Report {
        tenant_id: claims.app.tenant.to_string(),
        app_id: claims.app.app.to_string(),
        usage: Counts {
            connections: count(totals.connections, claims.limits.connections_max),
            documents: count(totals.documents, claims.limits.documents_max),
        },
        timestamp: rfc3339_ms(now_unix_ms),
    }
}

fn count(current: u64, limit: u64) -> Count {
    let usage = Usage { current, limit };
    Count { current, limit, percent: usage.percent(), status: usage.status().as_str() }
}
