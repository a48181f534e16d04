//! HTTP answers of the node itself.

use crate::caps::RETRY_AFTER_S;
use crate::node::Node;
use axum::body::Body;
use domain::clock::rfc3339_ms;
use domain::http_error::HttpError;
use domain::policy::{Policy, RETRY_AFTER_SECONDS};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

pub(crate) type Answer = Response<Body>;

/// The request's id, to quote in a report.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const METHODS: &str = "GET, HEAD, OPTIONS";
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Prometheus's text exposition format.
const EXPOSITION: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// `GET /health`: 200 while the node takes connections, else 503.
pub(crate) fn health(node: &Node) -> Answer {
    let now = node.now();
    let stores_answer = node.documents_answer.answers(now) && node.gate.answers();
    let answers = stores_answer && node.homes().all(|home| home.answers());
    let status = if node.is_overloaded() {
        "overloaded"
    } else if node.is_draining() || !answers {
        "degraded"
    } else {
        "healthy"
    };
    let code = if status == "healthy" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({"status": status, "timestamp": rfc3339_ms(node.ports.clock.unix_ms())});
    let mut answer = with_body(node, code, JSON, body.to_string());
    if code != StatusCode::OK {
        retry_after(&mut answer, retry_jittered(node));
    }
    answer
}

/// `GET /metrics`.
pub(crate) fn metrics(node: &Node) -> Answer {
    node.meter.tell(&node.metrics);
    with_body(node, StatusCode::OK, EXPOSITION, node.metrics.text())
}

/// A document's path was asked for without a WebSocket upgrade.
pub(crate) fn upgrade_required(node: &Node) -> Answer {
    let text = "This path is a document: connect with a WebSocket (version 13).\n";
    let mut answer = with_body(node, StatusCode::UPGRADE_REQUIRED, TEXT, text.to_owned());
    answer.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    answer
}

/// No document is served at this path.
pub(crate) fn not_found(node: &Node) -> Answer {
    error(node, &HttpError::NotFound)
}

/// What a browser asks before a request with a token, or just which methods there are.
pub(crate) fn preflight(node: &Node) -> Answer {
    let mut answer = with_body(node, StatusCode::NO_CONTENT, TEXT, String::new());
    let headers = answer.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization"));
    answer
}

/// The path is served, with GET only.
pub(crate) fn method_not_allowed(node: &Node) -> Answer {
    let mut answer = error(node, &HttpError::MethodNotAllowed(METHODS));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
    answer
}

/// The node drains, or is full to its high-water mark.
pub(crate) fn busy(node: &Node) -> Answer {
    let mut answer = error(node, &HttpError::Unavailable("this node takes no connections; try another"));
    retry_after(&mut answer, retry_jittered(node));
    answer
}

/// Too many requests of one client.
pub(crate) fn rate_limited(node: &Node, policy: Policy) -> Answer {
    let mut answer = error(node, &HttpError::RateLimited { limit: policy.window().limit });
    retry_after(&mut answer, u64::from(RETRY_AFTER_SECONDS));
    answer
}

fn error(node: &Node, error: &HttpError) -> Answer {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let id = request_id(node);
    let body: Value = json!({"error": {
        "code": error.code(), "message": error.to_string(), "status": error.status(), "request_id": id,
    }});
    let mut answer = with_body(node, status, JSON, body.to_string());
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(X_REQUEST_ID, value);
    }
    answer
}

fn with_body(node: &Node, status: StatusCode, kind: HeaderValue, body: String) -> Answer {
    let mut answer = Answer::new(Body::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After, X-Request-Id"));
    if let Ok(value) = HeaderValue::from_str(&request_id(node)) {
        headers.insert(X_REQUEST_ID, value);
    }
    answer
}

fn request_id(node: &Node) -> String {
    format!("req_{:016x}", node.ports.entropy.next_u64())
}

fn retry_jittered(node: &Node) -> u64 {
    let (from, to) = RETRY_AFTER_S;
    from + node.ports.entropy.next_u64() % (to - from + 1)
}

fn retry_after(answer: &mut Answer, seconds: u64) {
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
}
