//! Ways to name the document and to pass the token, and what is answered before the upgrade.

use house_tests::raw_client::{Ending, RawClient};
use house_tests::{Agent, DataFolder, Opening, Plan, Server, eventually, http, unix_seconds};
use serde_json::{Value, json};

struct House {
    server: Server,
    agent: Agent,
    token: String,
    _data: DataFolder,
}

impl House {
    async fn open() -> Self {
        let (server, data) = Server::fresh().await;
        let token = server.token(&Plan::default());
        Self { server, agent: Agent::start(), token, _data: data }
    }

    /// Dials `path` and asserts that a session began there. Returns the subprotocol of the reply.
    async fn assert_admitted(&self, path: &str, options: Value) -> String {
        let mut dialled = json!({"url": format!("{}{path}", self.server.url()), "until": "admitted"});
        dialled.as_object_mut().expect("it is one").extend(options.as_object().cloned().unwrap_or_default());
        let outcome = self.agent.dial(&dialled).await;
        assert_eq!((&outcome["opened"], &outcome["code"]), (&json!(true), &json!(1005)), "{path}: {outcome}");
        outcome["protocol"].as_str().unwrap_or_default().to_owned()
    }

    /// Asserts that what is typed at one URL and room is read at the other.
    async fn assert_same_document(&self, one: (String, &str), other: (String, &str)) {
        let mark = format!("{} and {}", one.1, other.1);
        let open = async |side: &str, (url, room): (String, &str)| {
            let opening =
                Opening { flavour: "y-websocket 3", url, room: room.into(), token: self.token.clone() };
            let client = self.agent.open(&format!("{side} {mark}"), &opening).await;
            client.synced().await;
            client
        };
        let (one, other) = (open("one", one).await, open("other", other).await);
        one.insert(0, &mark).await;
        other.text_has(&[&mark]).await;
    }
}

#[tokio::test]
async fn the_token_is_taken_from_the_query_under_both_names() {
    let house = House::open().await;
    house.assert_admitted(&format!("/doc?token={}", house.token), json!({})).await;
    house.assert_admitted(&format!("/doc?access_token={}", house.token), json!({})).await;
}

#[tokio::test]
async fn the_token_is_taken_from_the_header() {
    let house = House::open().await;
    let headers = json!({"headers": {"Authorization": format!("Bearer {}", house.token)}});
    house.assert_admitted("/doc", headers).await;
}

#[tokio::test]
async fn the_token_is_taken_from_the_subprotocol_and_only_its_first_word_is_echoed() {
    let house = House::open().await;
    for word in ["access_token", "Bearer"] {
        let protocols = json!({"protocols": [word, house.token]});
        assert_eq!(house.assert_admitted("/doc", protocols).await, word);
    }
}

#[tokio::test]
async fn the_header_comes_before_the_subprotocol_and_that_before_the_query() {
    let house = House::open().await;
    let good = &house.token;
    let header =
        json!({"headers": {"Authorization": format!("Bearer {good}")}, "protocols": ["Bearer", "bad"]});
    house.assert_admitted("/doc?token=bad", header).await;
    house.assert_admitted("/doc?token=bad", json!({"protocols": ["Bearer", good]})).await;
    let bad_first = json!({
        "url": format!("{}/doc?token={good}", house.server.url()),
        "headers": {"Authorization": "Bearer bad"},
    });
    assert_eq!(house.agent.dial(&bad_first).await["code"], 4002);
}

#[tokio::test]
async fn an_expiring_token_drops_no_live_connection() {
    const LEEWAY_SECONDS: u64 = 30;
    let house = House::open().await;
    let mut claims = Plan::default().claims();
    claims["exp"] = json!(unix_seconds() - LEEWAY_SECONDS + 2);
    let token = house.server.signer().sign(&json!({}), &claims);
    let opening = |room: &str, token: &str| Opening {
        flavour: "y-websocket 3",
        url: house.server.url(),
        room: room.into(),
        token: token.into(),
    };
    let early = house.agent.open("early", &opening("doc", &token)).await;
    let other = house.agent.open("other", &opening("doc", &house.token)).await;
    early.synced().await;
    other.synced().await;
    let expired = Ending::Closed(4002, "Invalid token: expired".into());
    let refused = async || {
        let late = RawClient::join(house.server.address(), "/doc", &token).await;
        (late.err().as_ref() == Some(&expired)).then_some(())
    };
    eventually("a newcomer with the token is refused", refused).await;
    early.insert(0, "still here").await;
    other.text_is("still here").await;
    assert_eq!(early.report().await["closes"], 0);
}

#[tokio::test]
async fn a_doubled_path_means_the_document_itself() {
    let house = House::open().await;
    let url = house.server.url();
    house.assert_same_document((url.clone(), "plan"), (format!("{url}/plan"), "plan")).await;
}

#[tokio::test]
async fn a_token_in_the_server_url_means_the_room_behind_it() {
    let house = House::open().await;
    let url = house.server.url();
    let path = format!("/?token={}/plan", house.token);
    house.assert_admitted(&path, json!({})).await;
    let opened =
        json!({"flavour": "y-websocket 3", "url": format!("{url}/?token={}", house.token), "room": "plan"});
    let odd = house.agent.open_with("odd", &opened).await;
    odd.synced().await;
    let plain = Opening { flavour: "y-websocket 3", url, room: "plan".into(), token: house.token.clone() };
    let plain = house.agent.open("plain", &plain).await;
    plain.synced().await;
    odd.insert(0, "through the URL").await;
    plain.text_is("through the URL").await;
}

#[tokio::test]
async fn percent_encoded_names_are_decoded_once() {
    let house = House::open().await;
    let url = house.server.url();
    house.assert_same_document((url.clone(), "a%2Db"), (url.clone(), "a-b")).await;
    house.assert_same_document((url.clone(), "%C3%BC%20x"), (url.clone(), "ü x")).await;
    // `%252D` is the name `%2D`, which is not the name `-`.
    for (room, text) in [("-", "a hyphen"), ("%252D", "an escape")] {
        let opening = Opening {
            flavour: "y-websocket 3",
            url: url.clone(),
            room: room.into(),
            token: house.token.clone(),
        };
        let client = house.agent.open(room, &opening).await;
        client.synced().await;
        client.insert(0, text).await;
        client.text_is(text).await;
    }
}

#[tokio::test]
async fn a_plain_request_on_a_document_path_is_answered_426_and_an_unknown_path_404() {
    let (server, _data) = Server::fresh().await;
    let plain = http::get(server.address(), "/doc", &[]).await;
    assert_eq!(plain.status, 426);
    assert_eq!(plain.header("upgrade").map(str::to_ascii_lowercase).as_deref(), Some("websocket"));
    for path in ["/one/other", "/a/b/c"] {
        assert_eq!(http::get(server.address(), path, &[]).await.status, 404, "{path}");
        assert_eq!(http::upgrade(server.address(), path, &[]).await.status, 404, "upgrade of {path}");
    }
}

#[tokio::test]
async fn health_is_healthy_and_metrics_count_connections() {
    let house = House::open().await;
    for path in ["/health", "/"] {
        let health = http::get(house.server.address(), path, &[]).await;
        assert_eq!((health.status, &health.json()["status"]), (200, &json!("healthy")), "{path}");
    }
    let client = RawClient::join(house.server.address(), "/doc", &house.token).await.expect("it is admitted");
    let gauge = async |name| house_tests::gauge(house.server.address(), name).await;
    assert_eq!(gauge("wiresocket_connections_total").await, 1.0);
    assert_eq!(gauge("wiresocket_documents_active").await, 1.0);
    client.leave().await;
}

#[tokio::test]
async fn the_61st_handshake_of_an_address_within_a_minute_is_answered_429() {
    let data = DataFolder::fresh();
    let arguments = ["--rate-limits", "on", "--trusted-proxy", "127.0.0.1/32"];
    let server = Server::start(&data, &arguments).await;
    let token = server.token(&Plan::default());
    let bearer = format!("Bearer {token}");
    let attempt = async |from: &str| {
        let headers = [("X-Forwarded-For", from), ("Authorization", &*bearer)];
        http::upgrade(server.address(), "/doc", &headers).await
    };
    for n in 1..=60 {
        assert_eq!(attempt("203.0.113.9").await.status, 101, "attempt {n}");
    }
    let refused = attempt("203.0.113.9").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(attempt("203.0.113.10").await.status, 101, "another address has a window of its own");
    assert_eq!(attempt("2001:db8::1").await.status, 101);
}
