//! `GET /discovery`: which region a client opens a document in.

use crate::plane::{ControlPlane, answered};
use crate::query::{form_to_percent, raw_value};
use crate::refusal::Refusal;
use crate::regions::{RegionUrl, Standing};
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use domain::http_error::HttpError;
use domain::ids::{DocumentKey, DocumentName, Region};
use domain::policy::Policy;
use domain::ports::{Cluster, Unavailable};
use serde::Serialize;
use std::sync::Arc;

/// Regions other than the nearest whose nodes are looked up for one request, one after the other: more would not
/// be answered within the deadline.
const REGIONS_TRIED_MAX: usize = 32;

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
    plane.front.admit(Policy::Discovery, plane.front.client(&parts)).await?;
    let claims = plane.authenticate(&parts).await?;
    let name = document_name(parts.uri.query().unwrap_or(""))?;
    let document = DocumentKey { app: claims.app.clone(), name };
    let home = plane.home(&claims)?;
    let direction = match answered("pins", home.pins.read(&document)).await? {
        Some(pin) => to_pinned(&*home.cluster, pin.owner.region, &document.name).await?,
        None => to_new(&*home.cluster, &plane.region, &document.name).await?,
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
    cluster: &dyn Cluster,
    region: Region,
    document: &DocumentName,
) -> Result<Direction, Refusal> {
    let url = match Standing::of(&answered("cluster", cluster.nodes(&region)).await?) {
        Standing::Open(url) => url.map(|url| url.of_document(document)),
        Standing::Closed => None,
    };
    Ok(Direction { region: region.to_string(), url, is_new: false })
}

async fn to_new(
    cluster: &dyn Cluster,
    nearest: &Region,
    document: &DocumentName,
) -> Result<Direction, Refusal> {
    let open = answered("cluster", nearest_open(cluster, nearest)).await?;
    let (region, url) =
        open.ok_or(HttpError::Unavailable("no region has a healthy node; try again later"))?;
    let url = url.map(|url| url.of_document(document));
    Ok(Direction { region: region.to_string(), url, is_new: true })
}

/// The first region, from the nearest on, with a node that takes connections. Few documents are new where the
/// nearest region has none, so the others are only looked up then.
async fn nearest_open(
    cluster: &dyn Cluster,
    nearest: &Region,
) -> Result<Option<(Region, Option<RegionUrl>)>, Unavailable> {
    if let Standing::Open(url) = Standing::of(&cluster.nodes(nearest).await?) {
        return Ok(Some((nearest.clone(), url)));
    }
    let others = cluster.regions().await?.into_iter().filter(|region| region != nearest);
    for region in others.take(REGIONS_TRIED_MAX) {
        if let Standing::Open(url) = Standing::of(&cluster.nodes(&region).await?) {
            return Ok(Some((region, url)));
        }
    }
    Ok(None)
}
