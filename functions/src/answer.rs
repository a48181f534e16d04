//! What every answer of the control plane has in common: its id, CORS, its line in the log, that it is counted, and that
//! nobody keeps it unless it says otherwise.

use crate::asker::Asker;
use crate::endpoint::Endpoint;
use crate::envelope::Envelope;
use crate::plane::Front;
use crate::refusal::Refusal;
use crate::token::drawn;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW,
    CACHE_CONTROL,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::clock::Entropy;
use domain::metering::Recorder;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// Seconds for which a browser may remember a preflight: the most that any browser takes is a day, Chromium
/// takes two hours.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("7200");

/// Request extension: what the platform that runs the control plane calls this request in its own logs. Every line
/// that the request logs carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationId(pub String);

/// What a user quotes to an operator: 128 bits in hex, drawn anew for each request.
#[derive(Clone)]
pub(crate) struct RequestId(String);

impl RequestId {
    fn draw(entropy: &dyn Entropy) -> Self {
        Self(drawn::<2>(entropy))
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

/// What the outermost layer works on.
pub(crate) struct Outermost {
    pub(crate) front: Front,
    /// Counts the requests of apps, where anybody does.
    pub(crate) metering: Option<Arc<Recorder>>,
}

/// The outermost layer: gives the request its id, turns a refusal into its answer, adds what every answer carries, and
/// counts it for the app that asked.
pub(crate) async fn finish(
    State(outermost): State<Arc<Outermost>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::draw(&*outermost.front.entropy);
    let asker = Asker::default();
    request.extensions_mut().insert(asker.clone());
    let span = span(&id, request.extensions().get());
    outermost.answer(&id, &asker, request, next).instrument(span).await
}

/// What every line of a request carries.
fn span(id: &RequestId, invocation: Option<&InvocationId>) -> tracing::Span {
    let invocation_id = invocation.map(|id| id.0.as_str());
    tracing::error_span!("request", request_id = %id, invocation_id)
}

impl Outermost {
    /// A preflight is answered at any path, so that a browser gets to see the 404 behind it.
    async fn answer(&self, id: &RequestId, asker: &Asker, request: Request, next: Next) -> Response {
        let front = &self.front;
        let begun = front.clock.monotonic();
        let (endpoint, envelope) = (Endpoint::of(request.uri().path()), Envelope::of(request.uri().path()));
        let method = request.method().clone();
        let mut response =
            if is_preflight(&request) { no_content(endpoint) } else { next.run(request).await };
        let refusal = response.extensions_mut().remove::<Refusal>();
        if let Some(refusal) = &refusal {
            response = refusal.render(envelope, id, &*front.entropy);
        }
        add_common(response.headers_mut(), id);
        let took = front.clock.monotonic().saturating_sub(begun);
        self.count(endpoint, asker, refusal.as_ref(), took);
        let (path, status) = (endpoint.as_str(), response.status().as_u16());
        tracing::info!(%method, path, status, ms = took.as_secs_f64() * 1e3, "answered");
        response
    }

    fn count(&self, endpoint: Endpoint, asker: &Asker, refusal: Option<&Refusal>, took: Duration) {
        if let (Some(recorder), Some(endpoint), Some(app)) = (&self.metering, endpoint.metered(), asker.app())
        {
            let reason = refusal.map(Refusal::reason);
            recorder.count(app, endpoint, reason, took, self.front.clock.unix_ms());
        }
    }
}

/// The answer to `OPTIONS` of its own.
pub(crate) async fn options(uri: Uri) -> Response {
    no_content(Endpoint::of(uri.path()))
}

fn no_content(endpoint: Endpoint) -> Response {
    let methods = HeaderValue::from_static(endpoint.methods());
    let headers = [
        (ALLOW, methods.clone()),
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(endpoint.request_headers())),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn add_common(headers: &mut HeaderMap, id: &RequestId) {
    headers.insert("x-request-id", id.header());
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After, X-Request-Id"));
}
