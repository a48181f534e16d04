use crate::answer::{finish, options};
use crate::endpoint::Endpoint;
use crate::issuer::Issuer;
use crate::operators::Operators;
use crate::plane::{ControlPlane, Front};
use crate::refusal::Refusal;
use crate::token::TokenPlane;
use crate::{discovery, key_set, token, usage};
use axum::Router;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use domain::http_error::HttpError;
use domain::ports::Homes;
use std::sync::Arc;

/// Makes the control plane's routes: of tokens and key sets too, where there is an issuer. `HEAD` is answered wherever
/// `GET` is.
///
/// Whoever serves it inserts the peer's address into each request's extensions, as
/// `axum::extract::ConnectInfo<SocketAddr>` or as [`PeerAddr`](crate::PeerAddr). Without one, all requests count as one client's.
///
/// The router has a fallback of its own (404), so it is called or nested, not merged with another such router.
pub fn router(plane: ControlPlane) -> Router {
    let (front, issuer) = (plane.front.clone(), plane.issuer.clone());
    let plane = Arc::new(plane);
    let lookups = discovery_route(plane.clone()).merge(usage_route(plane));
    let routes = match issuer {
        None => lookups,
        Some(issuer) => lookups.merge(token_routes(front.clone(), issuer)),
    };
    finished(routes, front)
}

/// Makes the route of `/discovery` alone, with 404 at every other path: a function that is behind all paths that
/// nothing is served at.
pub fn discovery_router(plane: ControlPlane) -> Router {
    let front = plane.front.clone();
    finished(discovery_route(Arc::new(plane)), front)
}

/// Makes the route of `/usage` alone, with 404 at every other path.
pub fn usage_router(plane: ControlPlane) -> Router {
    let front = plane.front.clone();
    finished(usage_route(Arc::new(plane)), front)
}

/// Makes the routes of tokens and key sets alone, with 404 at every other path.
pub fn token_router(front: Front, issuer: Issuer) -> Router {
    finished(token_routes(front.clone(), issuer), front)
}

/// Makes the routes of tenants' reports and webhooks alone, with 404 at every other path.
pub fn reports_router(front: Front, operators: Operators) -> Router {
    let _ = operators;
    finished(Router::new(), front)
}

/// Makes the routes of the platform's own counts alone, with 404 at every other path.
pub fn platform_router(front: Front, homes: Homes, operators: Operators) -> Router {
    let _ = (homes, operators);
    finished(Router::new(), front)
}

fn discovery_route(plane: Arc<ControlPlane>) -> Router {
    Router::new().route(Endpoint::DISCOVERY, answered_by(get(discovery::discovery))).with_state(plane)
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

fn answered_by<S: Clone + Send + Sync + 'static>(methods: MethodRouter<S>) -> MethodRouter<S> {
    methods.options(options).fallback(method_not_allowed)
}

fn finished(routes: Router, front: Front) -> Router {
    routes.fallback(not_found).layer(from_fn_with_state(Arc::new(front), finish))
}

async fn method_not_allowed(uri: Uri) -> Refusal {
    HttpError::MethodNotAllowed(Endpoint::of(uri.path()).methods()).into()
}

async fn not_found() -> Refusal {
    HttpError::NotFound.into()
}
