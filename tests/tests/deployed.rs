//! The control plane's suite, asked of a deployed stack, and the stack from end to end with live nodes on its tables.

use domain::registry::Refresh;
use futures_util::future::join_all;
use house_tests::control_plane::{Caller, REGION, Target};
use house_tests::deployed::{Deployed, StackNode};
use house_tests::{Agent, FLAVOURS, Opening, within};
use serde_json::{Value, json};
use std::time::Duration;

house_tests::control_plane_suite!(Deployed::start());

const DOCUMENT: &str = "shared";

/// A client of an app with a token from the deployed stack.
struct Tokened<'p> {
    plane: &'p Deployed,
    caller: Caller<'p>,
    token: String,
}

impl<'p> Tokened<'p> {
    async fn fresh(plane: &'p Deployed) -> Self {
        let caller = Caller::fresh(plane).await;
        let client = caller.client(Refresh::Denied).await;
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &*client.id),
            ("client_secret", &*client.secret),
        ];
        let answer = plane.ask(&caller.token_request(&fields)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let token = answer.json()["access_token"].as_str().expect("there is a token").to_owned();
        Self { plane, caller, token }
    }

    async fn get(&self, uri: &str) -> Value {
        self.plane.ask(&self.caller.ask("GET", uri).bearer(&self.token)).await.json()
    }

    async fn direction(&self) -> Value {
        self.get(&format!("/discovery?documentName={DOCUMENT}")).await
    }

    /// Connections and documents.
    async fn counts(&self) -> (u64, u64) {
        let usage = self.get("/usage").await["usage"].clone();
        let current = |what: &str| usage[what]["current"].as_u64().unwrap_or_else(|| panic!("{usage}"));
        (current("connections"), current("documents"))
    }

    fn opening(&self, flavour: &'static str, url: &str) -> Opening {
        Opening { flavour, url: url.to_owned(), room: DOCUMENT.to_owned(), token: self.token.clone() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_clients_live_on_what_the_stack_tells_them_and_the_sweep_buries_the_dead() {
    let plane = Deployed::start().await;
    plane.world().depopulate().await;
    let nodes = [StackNode::start(plane.stack(), "one").await, StackNode::start(plane.stack(), "two").await];
    let client = Tokened::fresh(&plane).await;
    let urls = nodes.each_ref().map(|node| format!("ws://{}", node.address()));

    let new = client.direction().await;
    assert_eq!((&new["region"], &new["isNew"]), (&json!(REGION), &json!(true)), "{new}");
    let url = new["url"].as_str().expect("a region with nodes has a URL").to_owned();
    assert!(urls.iter().any(|node| url == format!("{node}/{DOCUMENT}")), "{url} is of none of {urls:?}");

    let agent = Agent::start();
    let one = agent.open("one", &client.opening(FLAVOURS[1], &url)).await;
    one.synced().await;
    let elsewhere = urls.iter().find(|node| !url.starts_with(&***node)).expect("there are two nodes");
    let other = agent.open("other", &client.opening(FLAVOURS[2], elsewhere)).await;
    other.synced().await;
    one.insert(0, "from one node to the other").await;
    other.text_is("from one node to the other").await;
    assert_eq!(client.direction().await["isNew"], false);
    assert_eq!(client.counts().await, (2, 1));

    assert_eq!(sweep(&plane).await, Value::Null);
    assert_eq!(client.counts().await, (2, 1), "a sweep takes nothing from the living");
    // At once, as whoever is left takes over from who is not.
    join_all(nodes.map(StackNode::kill)).await;
    drop(agent);
    assert_ne!(client.counts().await, (0, 0), "who was killed has given nothing back");
    for _ in 0..2 {
        assert_eq!(sweep(&plane).await, Value::Null);
    }
    assert_eq!(client.counts().await, (0, 0));
    let nobody = client.direction().await;
    assert_eq!(nobody["error"]["code"], "service_unavailable", "{nobody}");
}

/// What nodes count is reported, and the run that rolls it up and tells of it finds its way to all that it works on.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_counts_is_reported_and_told_by_the_stack() {
    let plane = Deployed::start().await;
    plane.world().depopulate().await;
    let node = StackNode::start(plane.stack(), "counting").await;
    let client = Tokened::fresh(&plane).await;
    let agent = Agent::start();
    let url = format!("ws://{}", node.address());
    let typist = agent.open("typist", &client.opening(FLAVOURS[1], &url)).await;
    typist.synced().await;
    typist.insert(0, "one op").await;
    typist.leave().await;
    node.end().await;
    // The handshake and the op.
    client.caller.is_metered(2).await;
    let key = client.caller.account_key().await;
    let report = plane.ask(&client.caller.ask("GET", "/v1/usage/app?endpoint=ops").bearer(&key)).await;
    assert_eq!(report.json()["total_requests"], 1, "{}", report.body);
    assert_eq!(within(Duration::from_secs(60), "a run", plane.stack().alert()).await, Value::Null);
}

async fn sweep(plane: &Deployed) -> Value {
    within(Duration::from_secs(60), "a sweep", plane.stack().sweep()).await
}
