//! Tokens for tenants: issued by `wiresocket serve` from the books of its data folder, and believed by its nodes.

use domain::bounds::KEY_PUBLISHED_BEFORE;
use domain::ids::TenantId;
use domain::ports::TokenSigner;
use house_tests::raw_client::{Ending, RawClient};
use house_tests::{
    Admin, Agent, Credentials, DataFolder, FLAVOURS, Opening, Plan, ServedNode, Server, access_token,
    eventually, http, post_form, unix_seconds, usage,
};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use stores::jwt::{Start, TenantKeys};
use stores::registry::FileRegistry;
use stores::vault::FileVault;

const APP: &str = "acme/editor";

/// A server, and a client of an app that was made while it ran.
struct House {
    server: Server,
    admin: Admin,
    client: Credentials,
    data: DataFolder,
}

impl House {
    async fn open() -> Self {
        let (server, data) = Server::fresh().await;
        let admin = Admin::of(&data);
        let client = admin.client_of(APP);
        Self { server, admin, client, data }
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The tenants' keys, as a test may use them that the service would not.
    fn keys(&self) -> TenantKeys {
        let vault = FileVault::open(&self.data.path().join("vault.key")).expect("the vault's key is there");
        let registry = FileRegistry::open(self.data.path()).expect("the books can be read");
        TenantKeys::new(Arc::new(registry), Arc::new(vault))
    }
}

fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).expect("it is an id")
}

/// Which key a token says it was signed by.
fn key_of(token: &str) -> String {
    let header = token.split('.').next().expect("a JWT has parts");
    let decoded = std::process::Command::new("node")
        .args(["-e", "process.stdout.write(Buffer.from(process.argv[1], 'base64url'))", header])
        .output()
        .expect("node is installed");
    let header: Value = serde_json::from_slice(&decoded.stdout).expect("a JWT's header is JSON");
    header["kid"].as_str().expect("tenants' tokens name their key").to_owned()
}

/// The ids of the keys that a tenant publishes.
async fn published(address: SocketAddr, tenant: &str) -> Vec<String> {
    let answer = http::get(address, &format!("/{tenant}/.well-known/jwks"), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let set = answer.json();
    let keys = set["keys"].as_array().expect("a set has keys");
    keys.iter().map(|key| key["kid"].as_str().expect("a key has an id").to_owned()).collect()
}

fn oauth_error(answer: &http::Answer) -> (u16, String) {
    (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_stock_client_connects_with_a_token_that_its_app_asked_for() {
    let house = House::open().await;
    let token = house.client.token(house.address()).await;
    let agent = Agent::start();
    let opening = Opening { flavour: FLAVOURS[1], url: house.server.url(), room: "doc".into(), token };
    let writer = agent.open("writer", &opening).await;
    let reader = agent.open("reader", &Opening { flavour: FLAVOURS[2], ..opening.clone() }).await;
    writer.synced().await;
    reader.synced().await;
    writer.insert(0, "shared").await;
    reader.text_is("shared").await;
    assert_eq!(usage(house.address(), &opening.token).await.connections, 2);
    assert_eq!(published(house.address(), "acme").await, [key_of(&opening.token)]);
    assert!(!house.server.log().contains(&house.client.secret));
}

#[tokio::test]
async fn a_tenants_key_speaks_for_no_other_tenant_and_the_operators_for_all() {
    let house = House::open().await;
    house.admin.client_of("globex/site");
    let keys = house.keys();
    let claims = |tenant: &str| {
        let mut claims = Plan::default().claims();
        claims["tenantid"] = json!(tenant);
        claims
    };
    let signed = async |by: &str, says: &str| {
        let token = keys.sign(&tenant(by), &claims(says), unix_seconds()).await;
        token.expect("the books can be read").expect("the tenant has a key")
    };
    let own = signed("acme", "acme").await;
    assert_eq!(RawClient::join(house.address(), "/doc", &own).await.map(drop), Ok(()));
    for says in ["globex", "nobody"] {
        let forged = signed("acme", says).await;
        let refused = RawClient::join(house.address(), "/doc", &forged).await.expect_err("it is forged");
        let is_token =
            matches!(&refused, Ending::Closed(4002, reason) if reason.starts_with("Invalid token: "));
        assert!(is_token, "acme's key for {says}: {refused:?}");
        let bearer = format!("Bearer {forged}");
        let answer = http::get(house.address(), "/usage", &[("Authorization", &bearer)]).await;
        assert_eq!(answer.status, 401, "acme's key for {says}: {}", answer.body);
    }
    let operators = house.server.signer().sign(&json!({}), &claims("globex"));
    assert_eq!(RawClient::join(house.address(), "/doc", &operators).await.map(drop), Ok(()));
}

/// Joins over and over with the newest token, and tells how often that was refused.
struct Traffic {
    ended: Arc<AtomicBool>,
    joined: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<Vec<Ending>>,
}

impl Traffic {
    fn begin(client: &Credentials, address: SocketAddr) -> Self {
        let (ended, joined) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (until, count, client) = (Arc::clone(&ended), Arc::clone(&joined), client.clone());
        let task = tokio::spawn(async move {
            let mut refusals = Vec::new();
            while !until.load(Ordering::Relaxed) {
                let token = client.token(address).await;
                match RawClient::join(address, "/traffic", &token).await {
                    Ok(session) => session.leave().await,
                    Err(refusal) => refusals.push(refusal),
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            refusals
        });
        Self { ended, joined, task }
    }

    async fn end(self) -> (u64, Vec<Ending>) {
        self.ended.store(true, Ordering::Relaxed);
        let refusals = self.task.await.expect("the traffic does not panic");
        (self.joined.load(Ordering::Relaxed), refusals)
    }
}

#[tokio::test]
async fn a_rotation_is_noticed_by_nobody() {
    let house = House::open().await;
    let address = house.address();
    let before = house.client.token(address).await;
    // As an operator would have rotated some minutes ago, so that the next key signs in a moment.
    let signs_in_s = 3;
    let rotated_at = unix_seconds() + signs_in_s - KEY_PUBLISHED_BEFORE.as_secs();
    let next = house.keys().make(&tenant("acme"), rotated_at, Start::WhenKnown).await.expect("there is room");
    let traffic = Traffic::begin(&house.client, address);
    RawClient::join(address, "/doc", &before).await.expect("the node knows the keys").leave().await;
    let after = eventually("the next key signs", || async {
        let token = house.client.token(address).await;
        (key_of(&token) == next.id.as_str()).then_some(token)
    })
    .await;
    for (what, token) in [("the key that signs", &after), ("the retired key", &before)] {
        assert_eq!(RawClient::join(address, "/doc", token).await.map(drop), Ok(()), "a token of {what}");
    }
    let standings = house.admin.json(&["keys", "list", "acme"]);
    assert_eq!(
        (&standings["keys"][0]["standing"], &standings["keys"][1]["standing"]),
        (&json!("active"), &json!("retired"))
    );
    assert_eq!(published(address, "acme").await.len(), 2);
    let (joined, refusals) = traffic.end().await;
    assert_eq!(refusals, [], "of {joined} handshakes");
}

#[tokio::test]
async fn a_revoked_client_gets_no_token_and_what_it_has_ends_by_itself() {
    let house = House::open().await;
    let address = house.address();
    let other = house.admin.another_client_of(APP);
    let offline = house.client.ask(address, "offline_access").await;
    let refresh = offline.json()["refresh_token"].as_str().expect("it was asked for").to_owned();
    house.admin.json(&["clients", "revoke", &house.client.id]);
    assert_eq!(oauth_error(&house.client.ask(address, "").await), refused(401, "invalid_client"));
    assert_eq!(oauth_error(&house.client.refresh(address, &refresh).await), refused(400, "invalid_grant"));
    let session = RawClient::join(address, "/doc", &access_token(&offline)).await;
    assert!(session.is_ok(), "an access token is good until it expires: {session:?}");
    other.token(address).await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_its_family() {
    let house = House::open().await;
    let address = house.address();
    let refresh_token =
        |answer: &http::Answer| answer.json()["refresh_token"].as_str().expect("there is another").to_owned();
    let first = refresh_token(&house.client.ask(address, "WireSocket.API offline_access").await);
    let answer = house.client.refresh(address, &first).await;
    let second = refresh_token(&answer);
    RawClient::join(address, "/doc", &access_token(&answer)).await.expect("its access token is good");
    let thief = house.admin.another_client_of(APP);
    assert_eq!(oauth_error(&thief.refresh(address, &second).await), refused(400, "invalid_grant"));
    for spent in [&first, &second] {
        let answer = house.client.refresh(address, spent).await;
        assert_eq!(oauth_error(&answer), refused(400, "invalid_grant"));
    }
}

#[tokio::test]
async fn a_changed_plan_is_in_the_next_token_and_a_full_app_refuses() {
    let house = House::open().await;
    let address = house.address();
    house.admin.json(&["plans", "set", "plenty", "--max-connections", "1"]);
    let token = house.client.token(address).await;
    let session = RawClient::join(address, "/doc", &token).await.expect("there is one place");
    let refused = RawClient::join(address, "/doc", &token).await.map(drop);
    assert_eq!(refused, Err(Ending::Closed(4004, "Connection limit exceeded: 1".to_owned())));
    session.leave().await;
}

#[tokio::test]
async fn several_nodes_issue_and_believe_alike() {
    let data = DataFolder::fresh();
    let mut server = Server::start(&data, &["--nodes", "2", "--documents", "memory"]).await;
    let nodes: [ServedNode; 2] = server.nodes().await;
    let [one, other] = nodes.map(|node| node.address);
    let admin = Admin::of(&data);
    let client = admin.client_of(APP);
    for (issuer, believer) in [(one, other), (other, one), (server.address(), one)] {
        let token = client.token(issuer).await;
        assert_eq!(RawClient::join(believer, "/doc", &token).await.map(drop), Ok(()));
    }
    assert_eq!(published(one, "acme").await, published(other, "acme").await);
    let offline = client.ask(one, "offline_access").await.json();
    let first = offline["refresh_token"].as_str().expect("it was asked for");
    assert_eq!(client.refresh(other, first).await.status, 200);
    assert_eq!(oauth_error(&client.refresh(one, first).await), refused(400, "invalid_grant"));
    admin.json(&["clients", "revoke", &client.id]);
    for node in [one, other] {
        assert_eq!(oauth_error(&client.ask(node, "").await), refused(401, "invalid_client"));
    }
}

#[tokio::test]
async fn documents_are_where_they_were_beside_the_token_endpoint() {
    let house = House::open().await;
    let address = house.address();
    let token = house.client.token(address).await;
    for document in ["/connect%2Ftoken", "/connect", "/acme%2F.well-known%2Fjwks"] {
        assert_eq!(RawClient::join(address, document, &token).await.map(drop), Ok(()), "{document}");
        assert_eq!(http::get(address, document, &[]).await.status, 426, "{document}");
    }
    assert_eq!(http::upgrade(address, "/connect/token", &[]).await.status, 404);
    assert_eq!(http::get(address, "/connect/token", &[]).await.status, 405);
    let nobody = http::get(address, "/nobody/.well-known/jwks", &[]).await;
    assert_eq!((nobody.status, nobody.json()["error"]["code"].clone()), (404, json!("not_found")));
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let house = House::open().await;
    let long = "x".repeat(200_000);
    let answer = post_form(house.address(), "/connect/token", &[("grant_type", &long)]).await;
    assert_eq!(oauth_error(&answer), refused(400, "invalid_request"));
    house.client.token(house.address()).await;
}
