use crate::answer::{Outermost, finish, options};
use crate::endpoint::Endpoint;
use crate::issuer::Issuer;
use crate::operators::{Operators, OperatorsPlane};
use crate::plane::{ControlPlane, Front};
use crate::platform::PlatformPlane;
use crate::refusal::Refusal;
use crate::token::TokenPlane;
use crate::webhooks::WebhooksPlane;
use crate::{description, discovery, key_set, platform, reports, token, usage, webhooks};
use axum::Router;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post};
use domain::http_error::HttpError;
use domain::metering::Recorder;
use domain::ports::Homes;
use std::sync::Arc;

/// Makes the control plane's routes: of tokens and key sets too, where there is an issuer, and of reports, webhooks and
/// the platform's counts, where there is something to see. `HEAD` is answered wherever `GET` is.
///
/// Whoever serves it inserts the peer's address into each request's extensions, as
/// `axum::extract::ConnectInfo<SocketAddr>` or as [`PeerAddr`](crate::PeerAddr). Without one, all requests count as one client's.
///
/// The router has a fallback of its own (404), so it is called or nested, not merged with another such router.
pub fn router(plane: ControlPlane) -> Router {
    let (front, metering) = (plane.front.clone(), plane.metering.clone());
    let (issuer, operators, homes) = (plane.issuer.clone(), plane.operators.clone(), plane.homes.clone());
    let plane = Arc::new(plane);
    let mut routes = discovery_routes(plane.clone()).merge(usage_route(plane));
    if let Some(issuer) = issuer {
        routes = routes.merge(token_routes(front.clone(), issuer));
    }
    if let Some(operators) = operators {
        routes = routes.merge(platform_routes(front.clone(), homes, operators.clone()));
        routes = routes.merge(tenants_routes(front.clone(), operators));
    }
    finished(routes, front, metering)
}

/// Makes the route of `/discovery` and that of the description of all routes, with 404 at every other path: a function
/// that is behind all paths that nothing else is served at.
pub fn discovery_router(plane: ControlPlane) -> Router {
    let (front, metering) = (plane.front.clone(), plane.metering.clone());
    finished(discovery_routes(Arc::new(plane)), front, metering)
}

/// Makes the route of `/usage` alone, with 404 at every other path.
pub fn usage_router(plane: ControlPlane) -> Router {
    let (front, metering) = (plane.front.clone(), plane.metering.clone());
    finished(usage_route(Arc::new(plane)), front, metering)
}

/// Makes the routes of tokens and key sets alone, with 404 at every other path.
pub fn token_router(front: Front, issuer: Issuer) -> Router {
    finished(token_routes(front.clone(), issuer), front, None)
}

/// Makes the routes of tenants' reports and webhooks alone, with 404 at every other path.
pub fn reports_router(front: Front, operators: Operators) -> Router {
    finished(tenants_routes(front.clone(), operators), front, None)
}

/// Makes the routes of the platform's own counts alone, with 404 at every other path.
pub fn platform_router(front: Front, homes: Homes, operators: Operators) -> Router {
    finished(platform_routes(front.clone(), homes, operators), front, None)
}

fn discovery_routes(plane: Arc<ControlPlane>) -> Router {
    Router::new()
        .route(Endpoint::DISCOVERY, answered_by(get(discovery::discovery)))
        .with_state(plane)
        .route(Endpoint::DESCRIPTION, answered_by(get(description::description)))
}

fn usage_route(plane: Arc<ControlPlane>) -> Router {
    Router::new().route(Endpoint::USAGE, answered_by(get(usage::usage))).with_state(plane)
}

fn token_routes(front: Front, issuer: Issuer) -> Router {
    Router::new()
        .route(Endpoint::TOKEN, answered_by(post(token::token)))
        .route(Endpoint::KEY_SET, answered_by(get(key_set::key_set)))
        .with_state(Arc::new(TokenPlane { front, issuer }))
}

fn tenants_routes(front: Front, operators: Operators) -> Router {
    let plane = OperatorsPlane { front, operators };
    let webhooks = webhook_routes(&plane);
    Router::new()
        .route(Endpoint::REPORTS, answered_by(get(reports::summary)))
        .route(Endpoint::REPORT, answered_by(get(reports::report)))
        .with_state(Arc::new(plane))
        .merge(webhooks)
}

/// None where there is no desk.
fn webhook_routes(plane: &OperatorsPlane) -> Router {
    let Some(desk) = plane.operators.webhooks.clone() else { return Router::new() };
    Router::new()
        .route(Endpoint::WEBHOOKS, answered_by(get(webhooks::list).post(webhooks::make)))
        .route(Endpoint::WEBHOOK, answered_by(delete(webhooks::drop)))
        .with_state(Arc::new(WebhooksPlane { plane: plane.clone(), desk }))
}

fn platform_routes(front: Front, homes: Homes, operators: Operators) -> Router {
    Router::new()
        .route(Endpoint::CONNECTION_COUNT, answered_by(get(platform::connection_count)))
        .route(Endpoint::STATS, answered_by(get(platform::stats)))
        .with_state(Arc::new(PlatformPlane::new(front, homes, operators)))
}

fn answered_by<S: Clone + Send + Sync + 'static>(methods: MethodRouter<S>) -> MethodRouter<S> {
    methods.options(options).fallback(method_not_allowed)
}

fn finished(routes: Router, front: Front, metering: Option<Arc<Recorder>>) -> Router {
    let outermost = Arc::new(Outermost { front, metering });
    routes.fallback(not_found).layer(from_fn_with_state(outermost, finish))
}

async fn method_not_allowed(uri: Uri) -> Refusal {
    HttpError::MethodNotAllowed(Endpoint::of(uri.path()).methods()).into()
}

async fn not_found() -> Refusal {
    HttpError::NotFound.into()
}
