//! `GET /admin/connection-count` and `GET /admin/stats`: what the operator of the whole platform sees (SPEC section 6.1).

mod living;

use crate::envelope::PlatformAnswer;
use crate::operators::{Operators, Right, holder};
use crate::plane::{Front, answered};
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use domain::clock::rfc3339_ms;
use domain::platform::{HourStats, last_minutes};
use domain::policy::Policy;
use domain::ports::{ApiKeys, Homes, NodeRecord, PlatformLog};
use domain::registry::ApiScope;
use living::Living;
use serde::Serialize;
use std::sync::Arc;

const RIGHT: Right = Right { scope: ApiScope::PlatformRead, policy: Policy::Platform };

/// What the platform's endpoints work on.
pub(crate) struct PlatformPlane {
    front: Front,
    api_keys: Arc<dyn ApiKeys>,
    log: Arc<dyn PlatformLog>,
    living: Living,
}

/// The result of `GET /admin/connection-count`.
#[derive(Serialize)]
pub(crate) struct Count {
    count: u64,
}

/// The result of `GET /admin/stats`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    start_time: String,
    end_time: String,
    start: u64,
    end: u64,
    document_count: u64,
    peak_connection_count: u64,
    connection_count: u64,
    op_count: u64,
    node_count: u64,
}

type Answer<T> = Result<Json<PlatformAnswer<T>>, Refusal>;

/// Answers `GET /admin/connection-count`.
pub(crate) async fn connection_count(State(plane): State<Arc<PlatformPlane>>, parts: Parts) -> Answer<Count> {
    plane.admit(&parts).await?;
    let living = plane.living.now(&plane.front).await?;
    Ok(Json(PlatformAnswer::of(Count { count: sum(&living, |node| node.connections) })))
}

/// Answers `GET /admin/stats`: what was noted of the last hour's whole minutes, and what the nodes hold at this moment.
pub(crate) async fn stats(State(plane): State<Arc<PlatformPlane>>, parts: Parts) -> Answer<Stats> {
    plane.admit(&parts).await?;
    let living = plane.living.now(&plane.front).await?;
    let (from, to) = last_minutes(plane.front.clock.unix_ms() / 1000);
    let minutes = answered("platform log", plane.log.minutes(from, to)).await?;
    Ok(Json(PlatformAnswer::of(Stats::new(HourStats::of(&minutes, (from, to)), &living))))
}

impl PlatformPlane {
    pub(crate) fn new(front: Front, homes: Homes, operators: Operators) -> Self {
        let Operators { api_keys, platform, .. } = operators;
        Self { front, api_keys, log: platform, living: Living::new(homes) }
    }

    async fn admit(&self, parts: &Parts) -> Result<(), Refusal> {
        let text = parts.headers.get("im-api-key").and_then(|key| key.to_str().ok());
        holder(&self.front, &*self.api_keys, text.map(str::trim), parts, RIGHT).await.map(drop)
    }
}

impl Stats {
    fn new(hour: HourStats, living: &[NodeRecord]) -> Self {
        let connections = sum(living, |node| node.connections);
        Self {
            start_time: rfc3339_ms(hour.start_unix_s.saturating_mul(1000)),
            end_time: rfc3339_ms(hour.end_unix_s.saturating_mul(1000)),
            start: hour.start_unix_s,
            end: hour.end_unix_s,
            document_count: sum(living, |node| node.documents),
            // Samples are seconds apart, and what is held at this moment is of no minute yet.
            peak_connection_count: hour.connections_peak.max(connections),
            connection_count: connections,
            op_count: hour.ops,
            node_count: living.len() as u64,
        }
    }
}

fn sum(living: &[NodeRecord], of: impl Fn(&NodeRecord) -> u64) -> u64 {
    living.iter().fold(0, |sum, node| sum.saturating_add(of(node)))
}
