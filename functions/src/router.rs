use crate::answer::{METHODS, finish, no_content};
use crate::plane::ControlPlane;
use crate::refusal::Refusal;
use crate::{discovery, usage};
use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};
use domain::http_error::HttpError;
use std::sync::Arc;

/// Makes the control plane's routes. `HEAD` is answered wherever `GET` is.
///
/// Whoever serves it inserts the peer's address into each request's extensions, as
/// `axum::extract::ConnectInfo<SocketAddr>` or as [`PeerAddr`](crate::PeerAddr). Without one, all requests count as one client's.
///
/// The router has a fallback of its own (404), so it is called or nested, not merged with another such router.
pub fn router(plane: ControlPlane) -> Router {
    let plane = Arc::new(plane);
    Router::new()
        .route("/discovery", only_get(discovery::discovery))
        .route("/usage", only_get(usage::usage))
        .fallback(not_found)
        .layer(from_fn_with_state(plane.clone(), finish))
        .with_state(plane)
}

fn only_get<H, T>(handler: H) -> MethodRouter<Arc<ControlPlane>>
where
    H: Handler<T, Arc<ControlPlane>>,
    T: 'static,
{
    get(handler).options(no_content).fallback(method_not_allowed)
}

async fn method_not_allowed() -> Refusal {
    HttpError::MethodNotAllowed(METHODS).into()
}

async fn not_found() -> Refusal {
    HttpError::NotFound.into()
}
