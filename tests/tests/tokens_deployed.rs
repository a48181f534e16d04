//! Tokens of a deployment: nodes that verify by a registry's table, and a control plane that issues from it.

use house_tests::raw_client::{Ending, RawClient};
use house_tests::{
    Agent, FLAVOURS, FaultProxy, Faults, Fleet, FleetPlan, FunctionsProcess, Opening, Outage, Plan, http,
    post_form, usage,
};
use std::sync::Arc;

const APP: &str = "acme/editor";

#[tokio::test(flavor = "multi_thread")]
async fn every_node_believes_what_is_issued_from_the_registry() {
    let fleet = Fleet::start(FleetPlan::of(2).by_registry()).await;
    let functions = FunctionsProcess::start(&fleet, &["--rate-limits", "off"]).await;
    let client = fleet.admin().client_of(APP);
    let token = client.token(functions.address()).await;
    let agent = Agent::start();
    let opening = |node: usize, flavour| Opening {
        flavour,
        url: fleet[node].url(),
        room: "doc".into(),
        token: token.clone(),
    };
    let writer = agent.open("writer", &opening(0, FLAVOURS[1])).await;
    let reader = agent.open("reader", &opening(1, FLAVOURS[2])).await;
    writer.synced().await;
    reader.synced().await;
    writer.insert(0, "shared").await;
    reader.text_is("shared").await;
    assert_eq!(usage(functions.address(), &token).await.connections, 2);

    // The fleet's own signer is nobody's here.
    let stranger = fleet.token(&Plan::default());
    let refused = RawClient::join(fleet[0].address(), "/doc", &stranger).await.map(drop);
    assert_eq!(refused, Err(Ending::Closed(4002, "Invalid token: unknown key".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_verified_by_the_key_sets_that_another_publishes() {
    let fleet = Fleet::start(FleetPlan::of(1).by_registry()).await;
    let functions = FunctionsProcess::start(&fleet, &["--rate-limits", "off"]).await;
    let client = fleet.admin().client_of(APP);
    let url = format!("http://{}/{{tenantId}}/.well-known/jwks", functions.address());
    let elsewhere = FunctionsProcess::verifying_by(&fleet, &url).await;
    let token = client.token(functions.address()).await;
    let session = RawClient::join(fleet[0].address(), "/doc", &token).await.expect("the token is good");
    assert_eq!(usage(elsewhere.address(), &token).await.connections, 1);
    session.leave().await;
    let issuing = post_form(elsewhere.address(), "/connect/token", &[]).await;
    assert_eq!(issuing.status, 404, "without a vault there is nobody to issue");
    let published = http::get(functions.address(), "/acme/.well-known/jwks", &[]).await;
    assert_eq!(published.header("cache-control"), Some("public, max-age=300"));
}

/// A control plane of a fleet, and the way from it to the registry, which is not the way to the home.
async fn behind_a_proxy(fleet: &Fleet) -> (FunctionsProcess, FaultProxy) {
    let proxy = FaultProxy::before(fleet.dynamo(), 1, Arc::default());
    let registry = format!("registry,endpoint={}", proxy.endpoint());
    let options = ["--home", &fleet.home(), "--registry", &registry].map(str::to_owned);
    (FunctionsProcess::over(&options, &["--rate-limits", "off"]).await, proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_away_stops_no_tenant_whose_keys_are_known() {
    let fleet = Fleet::start(FleetPlan::of(1).by_registry()).await;
    let issuing = FunctionsProcess::start(&fleet, &["--rate-limits", "off"]).await;
    let known = fleet.admin().client_of(APP).token(issuing.address()).await;
    let unknown = fleet.admin().client_of("globex/site").token(issuing.address()).await;
    let (functions, registry) = behind_a_proxy(&fleet).await;
    let usage_of = async |token: &str| {
        let bearer = format!("Bearer {token}");
        http::get(functions.address(), "/usage", &[("Authorization", &bearer)]).await.status
    };
    assert_eq!(usage_of(&known).await, 200);
    registry.set(Faults::outage(Outage::Refuses));
    assert_eq!(usage_of(&known).await, 200);
    assert_eq!(usage_of(&unknown).await, 503, "nobody can tell whether it is genuine");
}
