//! What the functions share that answer the events of an HTTP API.

mod event;

use crate::lambda::{Ended, run};
use axum::Router;
use functions::setup::{Environment, Mistakes};
use functions::{FlushAfter, InvocationId, PeerAddr};
use lambda_http::lambda_runtime::Runtime;
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, LambdaEvent, Request, RequestExt, Service, service_fn};
use std::process::ExitCode;
use tower::util::option_layer;

/// Answers the events of an HTTP API by the routes that `set_up` makes of the environment, and does what comes after an
/// answer before the next event is asked for.
pub(crate) fn serve(
    set_up: impl FnOnce(&Environment) -> Result<(Router, Option<FlushAfter>), Mistakes>,
) -> ExitCode {
    run(async {
        let (mut routes, after) = set_up(&Environment::of_process()).map_err(Ended::SetUp)?;
        let mut answer = Adapter::from(service_fn(move |mut request: Request| {
            introduce(&mut request);
            routes.call(request)
        }));
        let handler = service_fn(move |mut event: LambdaEvent<LambdaRequest>| {
            event::defuse(&mut event.payload);
            answer.call(event)
        });
        Runtime::new(handler).layer(option_layer(after)).run().await.map_err(Ended::Runtime)
    })
}

/// Tells the routes who asks, and what Lambda calls the request.
fn introduce(request: &mut Request) {
    let peer = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        _ => None,
    };
    let peer = peer.and_then(|address| address.parse().ok()).map(PeerAddr);
    let invocation = request.lambda_context_ref().map(|context| InvocationId(context.request_id.clone()));
    let extensions = request.extensions_mut();
    peer.and_then(|peer| extensions.insert(peer));
    invocation.and_then(|invocation| extensions.insert(invocation));
}
