//! Every close code that one healthy node can send, code and reason as a page's `onclose` reads them.
//! (4009 needs a second region, 1011 a broken document.)

use futures_util::future::join_all;
use house_tests::{Agent, DataFolder, Plan, Server, Signer, unix_seconds, wire};
use serde_json::{Value, json};

/// A server and what dials it.
struct House {
    server: Server,
    agent: Agent,
    _data: DataFolder,
}

impl House {
    async fn open() -> Self {
        let (server, data) = Server::fresh().await;
        Self { server, agent: Agent::start(), _data: data }
    }

    /// Dials `/document` with `token` (none where it is empty), and returns the close.
    async fn close(&self, document: &str, token: &str, options: Value) -> (u64, String) {
        let query = if token.is_empty() { String::new() } else { format!("?token={token}") };
        let mut dialled = json!({ "url": format!("{}/{document}{query}", self.server.url()) });
        let options = options.as_object().cloned().unwrap_or_default();
        dialled.as_object_mut().expect("it is one").extend(options);
        let outcome = self.agent.dial(&dialled).await;
        assert_eq!(outcome["opened"], true, "refused before the upgrade: {outcome}");
        let code = outcome["code"].as_u64().unwrap_or_else(|| panic!("no close in {outcome}"));
        (code, outcome["reason"].as_str().unwrap_or_default().to_owned())
    }

    async fn assert_refused(&self, token: &str, code: u64, reason: &str) {
        assert_eq!(self.close("doc", token, json!({})).await, (code, reason.to_owned()), "{token}");
    }

    async fn assert_closed_for(&self, message: Value, code: u64, reason: &str) {
        let token = self.server.token(&Plan::default());
        let close = self.close("doc", &token, json!({ "send": [message] })).await;
        assert_eq!(close, (code, reason.to_owned()));
    }

    fn signer(&self) -> &Signer {
        self.server.signer()
    }
}

/// Good claims with some of them replaced; `null` takes one out.
fn claims_with(changes: &Value) -> Value {
    let mut claims = Plan::default().claims();
    let object = claims.as_object_mut().expect("claims are an object");
    for (name, value) in changes.as_object().expect("changes are an object") {
        object.insert(name.clone(), value.clone());
    }
    object.retain(|_, value| !value.is_null());
    claims
}

#[tokio::test]
async fn no_token_closes_with_4001() {
    let house = House::open().await;
    house.assert_refused("", 4001, "Missing token").await;
}

#[tokio::test]
async fn a_token_that_is_none_closes_with_4002_malformed() {
    let house = House::open().await;
    let good = house.server.token(&Plan::default());
    let unsigned = house.signer().sign(&json!({"alg": "none"}), &Plan::default().claims());
    let without_expiry = house.signer().sign(&json!({}), &claims_with(&json!({"exp": null})));
    let two_parts = good.rsplit_once('.').expect("a JWT has three parts").0;
    let tokens = ["nonsense", "a.b.c", two_parts, &unsigned, &without_expiry];
    join_all(tokens.map(|token| house.assert_refused(token, 4002, "Invalid token: malformed"))).await;
}

#[tokio::test]
async fn a_forged_token_closes_with_4002_signature() {
    let house = House::open().await;
    let (good, other) = (house.server.token(&Plan::default()), house.server.token(&Plan::roomy()));
    let (_, foreign_signature) = other.rsplit_once('.').expect("a JWT has three parts");
    let (message, _) = good.rsplit_once('.').expect("a JWT has three parts");
    house.assert_refused(&format!("{message}.{foreign_signature}"), 4002, "Invalid token: signature").await;
}

#[tokio::test]
async fn a_token_past_its_time_closes_with_4002_expired_and_within_the_leeway_it_is_good() {
    let house = House::open().await;
    let expired_since =
        |seconds| house.signer().sign(&json!({}), &claims_with(&json!({"exp": unix_seconds() - seconds})));
    house.assert_refused(&expired_since(40), 4002, "Invalid token: expired").await;
    let (code, _) = house.close("doc", &expired_since(10), json!({"until": "admitted"})).await;
    assert_eq!(code, 1005, "the client itself closed it");
}

#[tokio::test]
async fn a_token_before_its_time_closes_with_4002_not_yet_valid() {
    let house = House::open().await;
    for claim in ["nbf", "iat"] {
        let token = house.signer().sign(&json!({}), &claims_with(&json!({claim: unix_seconds() + 90})));
        house.assert_refused(&token, 4002, "Invalid token: not yet valid").await;
    }
}

#[tokio::test]
async fn a_token_of_another_deployment_closes_with_4002_unknown_key() {
    let house = House::open().await;
    let (stranger, _data) = Server::fresh().await;
    let token = stranger.token(&Plan::default());
    house.assert_refused(&token, 4002, "Invalid token: unknown key").await;
    let wrong_kind = house.signer().sign(&json!({"alg": "RS256"}), &Plan::default().claims());
    house.assert_refused(&wrong_kind, 4002, "Invalid token: unknown key").await;
}

#[tokio::test]
async fn each_claim_that_does_not_fit_closes_with_4003_and_its_cause() {
    let house = House::open().await;
    let half_limits = json!({"maxConnections": 1, "maxDocuments": 1, "maxUsersPerDoc": 1});
    let cases = [
        (json!({"aud": "another.API"}), "audience"),
        (json!({"scope": "openid"}), "scope"),
        (json!({"scope": null}), "scope"),
        (json!({"tenantid": null}), "tenant"),
        (json!({"tenantid": "no spaces allowed"}), "tenant"),
        (json!({"appId": "a".repeat(65)}), "app"),
        (json!({"limits": half_limits}), "limits"),
        (json!({"limits": null}), "limits"),
        (json!({"dbCode": "aws-nowhere-9"}), "home region"),
    ];
    let refusals = cases.map(async |(changes, cause)| {
        let token = house.signer().sign(&json!({}), &claims_with(&changes));
        house.assert_refused(&token, 4003, &format!("Forbidden: {cause}")).await;
    });
    join_all(refusals).await;
}

#[tokio::test]
async fn a_foreign_origin_closes_with_4003_and_an_allowed_or_absent_one_passes() {
    let house = House::open().await;
    let rule = json!({"allowed_domain_1": "app.example.org"});
    let token = house.signer().sign(&json!({}), &claims_with(&rule));
    let origin = |origin: &str| json!({"headers": {"Origin": origin}, "until": "admitted"});
    for foreign in ["https://evil.example.org", "null"] {
        let close = house.close("doc", &token, origin(foreign)).await;
        assert_eq!(close, (4003, "Forbidden: origin".to_owned()), "{foreign}");
    }
    for allowed in [origin("https://APP.example.org:8443"), json!({"until": "admitted"})] {
        assert_eq!(house.close("doc", &token, allowed).await.0, 1005, "the client itself closed it");
    }
}

#[tokio::test]
async fn the_connection_past_the_limit_closes_with_4004() {
    let house = House::open().await;
    let token = house.server.token(&Plan { connections: 1, ..Plan::default() });
    let held = house.hold("doc", &token).await;
    house.assert_refused(&token, 4004, "Connection limit exceeded: 1").await;
    held.leave().await;
}

#[tokio::test]
async fn the_document_past_the_limit_closes_with_4005() {
    let house = House::open().await;
    let token = house.server.token(&Plan { documents: 1, ..Plan::default() });
    let held = house.hold("first", &token).await;
    let close = house.close("second", &token, json!({})).await;
    assert_eq!(close, (4005, "Document limit exceeded: 1 (active: 1)".to_owned()));
    held.leave().await;
}

#[tokio::test]
async fn the_user_past_the_limit_closes_with_4008() {
    let house = House::open().await;
    let token = house.server.token(&Plan { users: 1, ..Plan::default() });
    let held = house.hold("doc", &token).await;
    house.assert_refused(&token, 4008, "Document user limit exceeded: 1").await;
    held.leave().await;
}

#[tokio::test]
async fn the_op_past_the_limit_closes_with_4006() {
    let house = House::open().await;
    let token = house.server.token(&Plan { ops: 3, ..Plan::default() });
    let mut typist = wire::Typist::new(9);
    let ops: Vec<Value> =
        (0..4).map(|_| json!({ "hex": hex(&wire::update_message(&typist.types("x"))) })).collect();
    let close = house.close("doc", &token, json!({ "send": ops })).await;
    assert_eq!(close, (4006, "Rate limit exceeded: 3 ops/min".to_owned()));
}

#[tokio::test]
async fn a_name_that_is_none_closes_with_4007() {
    let house = House::open().await;
    let token = house.server.token(&Plan::default());
    let too_long = "n".repeat(513);
    let refusals = ["%ff", "%00", "a%0Ab", "%zz", &too_long].map(async |name| {
        let close = house.close(name, &token, json!({})).await;
        assert_eq!(close, (4007, "Invalid document name".to_owned()), "{name}");
    });
    join_all(refusals).await;
}

#[tokio::test]
async fn a_text_frame_closes_with_1003() {
    let house = House::open().await;
    house.assert_closed_for(json!({"text": "hello"}), 1003, "Text frames are not supported").await;
}

#[tokio::test]
async fn bytes_that_are_no_message_close_with_1007() {
    let house = House::open().await;
    // An unknown type, a sync message cut short, an update that is none, a forged count of 2^31 structs.
    for bytes in ["63", "00", "000203ffffff", "00020801ffffffff0701000000"] {
        house.assert_closed_for(json!({ "hex": bytes }), 1007, "Malformed message").await;
    }
}

#[tokio::test]
async fn a_message_over_16_mib_closes_with_1009() {
    let house = House::open().await;
    let one_too_many = 16 * 1024 * 1024 + 1;
    house.assert_closed_for(json!({ "zeros": one_too_many }), 1009, "Message too big").await;
}

#[tokio::test]
async fn termination_closes_every_session_with_1012() {
    let House { server, agent, _data } = House::open().await;
    let token = server.token(&Plan::default());
    let first = agent.open("first", &opening(&server, "one", &token)).await;
    let second = agent.open("second", &opening(&server, "two", &token)).await;
    first.synced().await;
    second.synced().await;
    server.begin_termination();
    for client in [first, second] {
        assert_eq!(client.next_close().await, (1012, "Node restarting".to_owned()));
        client.leave().await;
    }
    assert_eq!(server.ended().await.code(), Some(0));
}

impl House {
    /// A session that stays in `document`.
    async fn hold(&self, document: &str, token: &str) -> house_tests::StockClient<'_> {
        let client = self.agent.open(document, &opening(&self.server, document, token)).await;
        client.synced().await;
        client
    }
}

fn opening(server: &Server, room: &str, token: &str) -> house_tests::Opening {
    house_tests::Opening {
        flavour: "y-websocket 3",
        url: server.url(),
        room: room.to_owned(),
        token: token.to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
