//! Tokens of a deployment: nodes that verify by a registry's table, and a control plane that issues from it.

use house_tests::raw_client::{Ending, RawClient};
use house_tests::{
    Agent, FLAVOURS, Faults, Fleet, FleetPlan, FunctionsProcess, Opening, Outage, Plan, http, post_form,
    usage,
};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_away_stops_no_tenant_whose_keys_are_known() {
    let fleet = Fleet::start(FleetPlan::of(1).by_registry()).await;
    let functions = FunctionsProcess::start(&fleet, &["--rate-limits", "off"]).await;
    let known = fleet.admin().client_of(APP).token(functions.address()).await;
    let unknown = fleet.admin().client_of("globex/site").token(functions.address()).await;
    RawClient::join(fleet[0].address(), "/doc", &known).await.expect("the token is good").leave().await;
    fleet.fail(Faults::outage(Outage::Refuses));
    let refusal = async |token| RawClient::join(fleet[0].address(), "/doc", token).await.map(drop);
    // Genuine, and then there is no place to be had from a ledger that is away too.
    let busy = Ending::Closed(1013, "Try again later".to_owned());
    assert_eq!(refusal(&known).await, Err(busy));
    assert!(matches!(refusal(&unknown).await, Err(Ending::Closed(4002, _))));
    fleet.fail(Faults::default());
}
