//! The node's one port: WebSocket attempts, its health and metrics, and whatever other routes it was given.

use crate::answer::{self, Answer};
use crate::attempt::{Attempt, means_upgrade, web_socket_key};
use crate::caps::OTHER_BODY_BYTES_MAX;
use crate::handshake::{DocumentPath, classify};
use crate::link::Link;
use crate::metrics::HandshakeOutcome;
use crate::node::Node;
use crate::session;
use crate::socket::Socket;
use axum::Router;
use axum::extract::ConnectInfo;
use domain::client_ip::ClientIp;
use domain::policy::{Policy, RatePolicies};
use domain::ports::{RateBucket, Want};
use http_body_util::Limited;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tower::ServiceExt;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Answers one request.
pub(crate) async fn answer(
    node: Arc<Node>,
    routes: Router,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Answer {
    let upgrade = request.extensions_mut().remove::<hyper::upgrade::OnUpgrade>();
    let (parts, body) = request.into_parts();
    let client = client(&node, &parts, peer);
    if means_upgrade(&parts) {
        return attempt(&node, &parts, client, upgrade).await;
    }
    match (parts.uri.path(), &parts.method) {
        ("/" | "/health" | "/metrics", &Method::OPTIONS) => answer::preflight(&node),
        ("/" | "/health" | "/metrics", method) if method != Method::GET && method != Method::HEAD => {
            answer::method_not_allowed(&node)
        }
        ("/" | "/health", _) => policed(&node, client, answer::health).await,
        ("/metrics", _) => policed(&node, client, answer::metrics).await,
        _ => {
            let body = Limited::new(body, OTHER_BODY_BYTES_MAX);
            let mut request = Request::from_parts(parts, axum::body::Body::new(body));
            request.extensions_mut().insert(ConnectInfo(peer));
            other(&node, routes, request).await
        }
    }
}

/// What is no upgrade goes to the other routes; on a document's path that they do not know, a WebSocket is
/// what should have been asked for.
async fn other(node: &Node, routes: Router, request: Request<axum::body::Body>) -> Answer {
    let is_document = matches!(classify(request.uri().path()), DocumentPath::Document(_));
    let is_preflight = request.method() == Method::OPTIONS;
    let answer = routes.oneshot(request).await.unwrap_or_else(|never| match never {});
    match answer.status() {
        StatusCode::NOT_FOUND if is_document && !is_preflight => answer::upgrade_required(node),
        // Of a router that has no words of its own for it.
        StatusCode::NOT_FOUND if !answer.headers().contains_key(answer::X_REQUEST_ID) => {
            if is_preflight {
                answer::preflight(node)
            } else {
                answer::not_found(node)
            }
        }
        _ => answer,
    }
}

async fn policed(node: &Node, client: ClientIp, render: fn(&Node) -> Answer) -> Answer {
    if is_over(node, Policy::Health, client).await {
        answer::rate_limited(node, Policy::Health)
    } else {
        render(node)
    }
}

/// The checks before the upgrade, in SPEC's order.
async fn attempt(
    node: &Arc<Node>,
    parts: &Parts,
    client: ClientIp,
    upgrade: Option<hyper::upgrade::OnUpgrade>,
) -> Answer {
    let Some(attempt) = Attempt::read(parts, client, node.now()) else {
        return refuse(node, answer::not_found(node));
    };
    let (Some(key), Some(upgrade)) = (web_socket_key(parts), upgrade) else {
        return refuse(node, answer::upgrade_required(node));
    };
    if node.is_draining() || node.is_overloaded() {
        return refuse(node, answer::busy(node));
    }
    if is_over(node, Policy::Connect, client).await {
        return refuse(node, answer::rate_limited(node, Policy::Connect));
    }
    if node.refusals.is_full() && is_refused_again(node, &attempt).await {
        return refuse(node, answer::rate_limited(node, Policy::Connect));
    }
    let answer = accept(key, attempt.subprotocol);
    tokio::spawn(upgraded(Arc::clone(node), upgrade, attempt));
    answer
}

/// Whether an attempt is of one that keeps being refused. Only a genuine token tells one app from another here,
/// as it does when the refusal is noted; genuine tokens are remembered, so that this costs little.
async fn is_refused_again(node: &Node, attempt: &Attempt) -> bool {
    let who = session::refused_as(node, attempt).await;
    node.refusals.is_recent(&who, node.now())
}

fn refuse(node: &Node, answer: Answer) -> Answer {
    node.metrics.handshake(HandshakeOutcome::Status(answer.status().as_u16()));
    answer
}

async fn is_over(node: &Node, policy: Policy, client: ClientIp) -> bool {
    if node.config.rate_policies == RatePolicies::Off {
        return false;
    }
    let bucket = RateBucket::Client(policy, client);
    let grant = node.gate.take(&bucket, Want::only(1), policy.window(), Duration::ZERO).await;
    grant.is_some_and(|grant| grant.count == 0)
}

fn client(node: &Node, parts: &Parts, peer: SocketAddr) -> ClientIp {
    let forwarded = parts.headers.get_all(X_FORWARDED_FOR).into_iter();
    let lines: Vec<&str> = forwarded.filter_map(|line| line.to_str().ok()).collect();
    ClientIp::from_request(peer.ip(), lines.into_iter(), &node.config.trusted_proxies)
}

/// RFC 6455 section 4.2.2.
fn accept(key: &[u8], subprotocol: Option<&'static str>) -> Answer {
    let mut answer = Answer::new(axum::body::Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(hyper::header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(hyper::header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(value) = HeaderValue::from_str(&derive_accept_key(key)) {
        headers.insert(hyper::header::SEC_WEBSOCKET_ACCEPT, value);
    }
    if let Some(word) = subprotocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(word));
    }
    answer
}

async fn upgraded(node: Arc<Node>, upgrade: hyper::upgrade::OnUpgrade, attempt: Attempt) {
    // An error means that the client hung up before it read the answer.
    let Ok(upgraded) = upgrade.await else { return };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => {
            let link = Arc::new(Link::new(parts.io.into_inner(), node.now_s()));
            let socket = Socket::new(link, &parts.read_buf, node.config.message_bytes_max);
            // A task of its own, that is no larger than an idle connection needs.
            tokio::spawn(session::serve(node, socket, Box::new(attempt)));
        }
        Err(_) => tracing::error!("an upgraded connection is no TCP stream; dropped"),
    }
}
