//! `GET /discovery`: which region a client opens a document in.

use crate::plane::{ControlPlane, answered};
use crate::query::{form_to_percent, raw_value};
use crate::refusal::Refusal;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use domain::http_error::HttpError;
use domain::ids::{DocumentKey, DocumentName, Region};
use domain::policy::Policy;
use domain::ports::{NodeRecord, NodeState, Unavailable};
use serde::Serialize;
use std::sync::Arc;

/// The answer. `url` is null where no node of the region takes connections.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Direction {
    region: String,
    url: Option<String>,
    is_new: bool,
}

/// Answers `GET /discovery`. The rate policy comes first, so that guessing at tokens is bounded too; then the
/// token, so that only its owner learns what is wrong with the rest.
pub(crate) async fn discovery(
    State(plane): State<Arc<ControlPlane>>,
    parts: Parts,
) -> Result<Json<Direction>, Refusal> {
    plane.admit(Policy::Discovery, plane.client(&parts)).await?;
    let claims = plane.authenticate(&parts).await?;
    let name = document_name(parts.uri.query().unwrap_or(""))?;
    let document = DocumentKey { app: claims.app.clone(), name };
    let direction = match answered("pins", plane.pins.read(&document)).await? {
        Some(pin) => to_pinned(&plane, &pin.owner.region, &document.name).await?,
        None => to_new(&plane, &document.name).await?,
    };
    Ok(Json(direction))
}

fn document_name(query: &str) -> Result<DocumentName, HttpError> {
    const NAME: &str = "documentName";
    let raw = raw_value(query, NAME).ok_or(HttpError::MissingParameter(NAME))?;
    DocumentName::from_percent_encoded(&form_to_percent(raw))
        .map_err(|error| HttpError::InvalidParameter { name: NAME, expected: error.to_string() })
}

/// A document that is active stays in its region, whether or not anyone can reach it there at the moment.
async fn to_pinned(
    plane: &ControlPlane,
    region: &Region,
    document: &DocumentName,
) -> Result<Direction, Refusal> {
    let nodes = answered("cluster", plane.cluster.nodes(region)).await?;
    let url = if takes_connections(&nodes) { plane.regions.url(region) } else { None };
    Ok(Direction { region: region.to_string(), url: url.map(|url| url.of_document(document)), is_new: false })
}

async fn to_new(plane: &ControlPlane, document: &DocumentName) -> Result<Direction, Refusal> {
    let region = answered("cluster", nearest_open(plane)).await?;
    let region = region.ok_or(HttpError::Unavailable("no region has a healthy node; try again later"))?;
    let url = plane.regions.url(region).map(|url| url.of_document(document));
    Ok(Direction { region: region.to_string(), url, is_new: true })
}

/// The first region, from the nearest on, with a node that takes connections.
async fn nearest_open(plane: &ControlPlane) -> Result<Option<&Region>, Unavailable> {
    for region in plane.regions.from_nearest(&plane.region) {
        if takes_connections(&plane.cluster.nodes(region).await?) {
            return Ok(Some(region));
        }
    }
    Ok(None)
}

fn takes_connections(nodes: &[NodeRecord]) -> bool {
    nodes.iter().any(|node| node.state == NodeState::Up)
}
