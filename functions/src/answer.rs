//! What every answer of the control plane has in common: its id, CORS, and that nobody keeps it.

use crate::plane::ControlPlane;
use crate::refusal::Refusal;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW,
    CACHE_CONTROL,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::clock::Entropy;
use std::fmt;
use std::sync::Arc;

/// The methods of every path that is served, as `Allow` lists them.
pub(crate) const METHODS: &str = "GET, HEAD, OPTIONS";

/// Seconds for which a browser may remember a preflight: the most that any browser takes is a day, Chromium
/// takes two hours.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("7200");

/// What a user quotes to an operator: 128 bits in hex, drawn anew for each request.
#[derive(Clone)]
pub(crate) struct RequestId(String);

impl RequestId {
    fn draw(entropy: &dyn Entropy) -> Self {
        Self(format!("{:016x}{:016x}", entropy.next_u64(), entropy.next_u64()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn header(&self) -> HeaderValue {
        HeaderValue::try_from(self.as_str()).expect("hex digits may stand in a header")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The outermost layer: gives the request its id, turns a refusal into its answer, and adds what every answer
/// carries. A preflight is answered at any path, so that a browser gets to see the 404 behind it.
pub(crate) async fn finish(State(plane): State<Arc<ControlPlane>>, request: Request, next: Next) -> Response {
    let id = RequestId::draw(&*plane.entropy);
    let path = logged_path(request.uri().path());
    let method = request.method().clone();
    let mut response =
        if is_preflight(&request) { no_content().await.into_response() } else { next.run(request).await };
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        response = refusal.render(&id, &*plane.entropy);
    }
    add_common(response.headers_mut(), &id);
    tracing::debug!(request_id = %id, %method, path, status = response.status().as_u16(), "answered");
    response
}

/// The answer to `OPTIONS`, as a browser's preflight or of its own.
pub(crate) async fn no_content() -> impl IntoResponse {
    let headers = [
        (ALLOW, HeaderValue::from_static(METHODS)),
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS)),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization")),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ];
    (StatusCode::NO_CONTENT, headers)
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// A path that is not served could hold anything, a token included.
fn logged_path(path: &str) -> &'static str {
    match path {
        "/discovery" => "/discovery",
        "/usage" => "/usage",
        _ => "other",
    }
}

fn add_common(headers: &mut HeaderMap, id: &RequestId) {
    headers.insert("x-request-id", id.header());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After, X-Request-Id"));
}
