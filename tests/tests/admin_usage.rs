//! `wiresocket admin` for who sees and pays for usage: API keys, what plans cost, and webhooks; beside a running server.

use house_tests::http::{Answer, get, raw};
use house_tests::{Admin, DataFolder, Server};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Output;

/// A server on a folder of its own, with a tenant `acme` and its app `editor` on the books.
async fn served() -> (Server, Admin, DataFolder) {
    let data = DataFolder::fresh();
    let server = Server::start(&data, &[]).await;
    let admin = Admin::of(&data);
    admin.client_of("acme/editor");
    (server, admin, data)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// What a command that is refused says, and with which code.
fn refused(output: &Output) -> (Option<i32>, String) {
    assert!(!output.status.success() && output.stdout.is_empty(), "it is done");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

async fn report(server: &Server, path: &str, key: &str) -> Answer {
    get(server.address(), path, &[("Authorization", &format!("Bearer {key}"))]).await
}

async fn count(server: &Server, key: &str) -> Answer {
    get(server.address(), "/admin/connection-count", &[("IM-API-KEY", key)]).await
}

async fn post_json(address: SocketAddr, path: &str, key: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    raw(address, request.as_bytes()).await
}

/// The entry of a key in the list of all.
fn listed(admin: &Admin, id: &str) -> Value {
    let keys = admin.json(&["api-keys", "list"]);
    let entry = keys["api_keys"].as_array().expect("a list").iter().find(|key| key["id"] == *id).cloned();
    entry.unwrap_or_else(|| panic!("{id} is not in {keys}"))
}

#[tokio::test]
async fn a_key_is_good_from_its_making_to_its_revocation() {
    let (server, admin, _data) = served().await;
    let tenants = admin.json(&["api-keys", "create", "--tenant", "acme", "--description", "billing"]);
    let platform = admin.json(&["api-keys", "create", "--platform"]);
    let (tenants_key, platform_key) = (text(&tenants["api_key"]), text(&platform["api_key"]));
    assert!(tenants_key.starts_with("sk_live_") && platform_key.starts_with("im_live_"));
    assert_eq!(tenants["scopes"], json!(["usage:read", "webhooks:read", "webhooks:write"]));
    assert_eq!(report(&server, "/v1/usage/editor", tenants_key).await.status, 200);
    assert_eq!(count(&server, platform_key).await.json()["result"], json!({"count": 0}));
    assert_eq!(report(&server, "/v1/usage", platform_key).await.status, 403, "the platform is no account");
    assert_eq!(count(&server, tenants_key).await.json()["RC"], 403, "an account is not the platform");

    let id = text(&tenants["id"]);
    let entry = listed(&admin, id);
    assert_eq!((&entry["tenant"], &entry["description"]), (&json!("acme"), &json!("billing")));
    assert!(entry["used"].is_string() && entry["revoked"].is_null(), "{entry}");
    let list = admin.run(&["api-keys", "list"]).stdout;
    assert!(!String::from_utf8_lossy(&list).contains("_live_"), "no key is shown again");
    let revoked = [(); 2].map(|()| admin.json(&["api-keys", "revoke", id])["revoked"].clone());
    assert!(revoked[0].is_string() && revoked[0] == revoked[1], "revoked once, it keeps its time");
    assert_eq!(report(&server, "/v1/usage/editor", tenants_key).await.status, 401);
    assert_eq!(count(&server, platform_key).await.status, 200, "the other key is another");
}

#[tokio::test]
async fn a_key_has_the_scopes_that_it_was_given_and_only_those_of_its_holder() {
    let (server, admin, data) = served().await;
    let key = admin.json(&["api-keys", "create", "--tenant", "acme", "--scope", "webhooks:read"]);
    assert_eq!(key["scopes"], json!(["webhooks:read"]));
    let key = text(&key["api_key"]);
    assert_eq!(report(&server, "/v1/webhooks", key).await.status, 200);
    assert_eq!(report(&server, "/v1/usage", key).await.json()["error"]["code"], "insufficient_scope");
    let cases: [(&[&str], i32, &str); 5] = [
        (&["create", "--platform", "--scope", "usage:read"], 2, "--scope"),
        (&["create", "--tenant", "acme", "--scope", "everything"], 2, "everything"),
        (&["create"], 2, "--platform"),
        (&["create", "--tenant", "globex"], 1, "no tenant `globex`"),
        (&["revoke", "0123456789abcdef"], 1, "0123456789abcdef"),
    ];
    for (arguments, code, word) in cases {
        let (told, complaint) = refused(&admin.run(&[&["api-keys"], arguments].concat()));
        assert!(told == Some(code) && complaint.contains(word), "{arguments:?}: {told:?} {complaint}");
    }
    let books = std::fs::read_to_string(data.path().join("registry.json")).expect("the books are there");
    assert!(!books.contains(key), "a key is kept as its digest");
}

#[tokio::test]
async fn what_a_plan_costs_and_allows_a_month_is_in_the_reports_of_its_apps() {
    let (server, admin, _data) = served().await;
    let key = admin.json(&["api-keys", "create", "--tenant", "acme"]);
    let key = text(&key["api_key"]);
    let plan =
        admin.json(&["plans", "set", "plenty", "--monthly-requests", "500", "--price-per-million", "2.50"]);
    assert_eq!((&plan["monthly_requests"], &plan["price_per_million"]), (&json!(500), &json!("2.5")));
    assert_eq!(report(&server, "/v1/usage/editor", key).await.json()["plan_limit"], 500);
    let plan = admin.json(&["plans", "set", "plenty", "--monthly-requests", "none"]);
    assert_eq!((&plan["monthly_requests"], &plan["price_per_million"]), (&Value::Null, &json!("2.5")));
    assert_eq!(plan["limits"]["maxConnections"], 100, "what is not said stays");
    assert_eq!(report(&server, "/v1/usage/editor", key).await.json()["plan_limit"], Value::Null);
    for price in ["free", "-1", "0.0000001", "1e3"] {
        let price = format!("--price-per-million={price}");
        let (code, complaint) = refused(&admin.run(&["plans", "set", "plenty", &price]));
        assert!(code == Some(2) && complaint.contains("--price-per-million"), "{complaint}");
    }
}

#[tokio::test]
async fn a_tenants_webhooks_are_listed_and_what_is_not_parked_is_not_replayed() {
    let (server, admin, data) = served().await;
    let key = admin.json(&["api-keys", "create", "--tenant", "acme"]);
    let wanted = json!({"url": "https://localhost:1/hooks", "events": ["usage.limit_reached"]});
    let made = post_json(server.address(), "/v1/webhooks", text(&key["api_key"]), &wanted).await;
    assert_eq!(made.status, 201, "a local service delivers anywhere: {}", made.body);
    let list = admin.json(&["webhooks", "list", "acme"]);
    let made = made.json();
    for member in ["id", "url", "events"] {
        assert_eq!(list["webhooks"][0][member], made[member], "{list}");
    }
    assert!(!list.to_string().contains("whsec_"));
    assert_eq!(admin.json(&["webhooks", "parked"]), json!({"parked": []}));
    assert_eq!(admin.json(&["webhooks", "replay", "--all"]), json!({"replayed": []}));
    let cases: [(&[&str], i32, &str); 3] = [
        (&["list", "globex"], 1, "no tenant `globex`"),
        (&["replay", "evt_none", text(&made["id"])], 1, "evt_none"),
        (&["replay"], 2, "<EVENT>"),
    ];
    for (arguments, code, word) in cases {
        let (told, complaint) = refused(&admin.run(&[&["webhooks"], arguments].concat()));
        assert!(told == Some(code) && complaint.contains(word), "{arguments:?}: {told:?} {complaint}");
    }
    let vault = format!("file:{}", data.path().join("vault.key").display());
    let elsewhere = Admin::on("registry,endpoint=http://127.0.0.1:1", &vault);
    let (code, complaint) = refused(&elsewhere.run(&["webhooks", "parked"]));
    assert!(code == Some(2) && complaint.contains("--usage"), "{complaint}");
}
