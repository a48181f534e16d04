//! `GET /admin/connection-count` and `GET /admin/stats`: everything below `/admin` in the platform's own envelope.

use super::ask::Ask;
use super::caller::Caller;
use super::target::Target;
use super::world::CONNECTIONS;
use crate::signer::unix_seconds;
use domain::ports::{NodeMinute, SAMPLES_PER_MINUTE, Writer};
use serde_json::{Value, json};

fn ask(caller: &Caller<'_>, path: &str, key: &str) -> Ask {
    caller.ask("GET", path).header("IM-API-KEY", key)
}

/// What is told where all is well.
async fn told(plane: &impl Target, ask: &Ask) -> Value {
    let answer = plane.ask(ask).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["RC"], &body["RM"]), (200, &json!(0), &json!("OK")), "{body}");
    body["result"].clone()
}

/// Each node that is alive counts once, whatever homes it beats in, and none that is dead.
pub async fn each_living_node_is_counted_once(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let key = caller.platform_key().await;
    let count = told(plane, &ask(&caller, "/admin/connection-count", &key)).await;
    assert_eq!(count, json!({"count": 2 * CONNECTIONS}));
}

/// The last hour has what nodes noted of it, and what they hold at this moment.
pub async fn stats_are_of_the_last_hour_and_of_this_moment(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let key = caller.platform_key().await;
    let minute = unix_seconds() / 60 - 10;
    let connections = [1_000; SAMPLES_PER_MINUTE];
    let noted = NodeMinute { writer: Writer(rand::random()), minute, connections, ops: 7 };
    plane.world().usage.platform.note(&noted).await.expect("the platform log answers");
    let stats = told(plane, &ask(&caller, "/admin/stats", &key)).await;
    let number = |name: &str| stats[name].as_u64().unwrap_or_else(|| panic!("no {name} in {stats}"));
    assert_eq!(
        (number("connectionCount"), number("nodeCount"), number("documentCount")),
        (2 * CONNECTIONS, 2, 2)
    );
    // Others that ask the same deployment may have noted minutes of their own.
    assert!(number("opCount") >= 7 && number("peakConnectionCount") >= 1_000, "{stats}");
    assert_eq!(number("end") - number("start"), 3_600);
    assert!(unix_seconds().abs_diff(number("end")) < 300, "{stats}");
    let start = domain::clock::rfc3339_ms(number("start") * 1000);
    assert_eq!(stats["startTime"].as_str(), Some(&*start));
}

/// Refusals are told in the platform's envelope, whose code is the status.
pub async fn refusals_are_in_the_platforms_envelope(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let (key, tenants) = (caller.platform_key().await, caller.account_key().await);
    let revoked = caller.platform_key().await;
    caller.revoke_key(&revoked).await;
    let count = "/admin/connection-count";
    let cases = [
        (caller.ask("GET", count), 401, "INVALID_API_KEY"),
        (ask(&caller, count, "im_live_x"), 401, "INVALID_API_KEY"),
        (ask(&caller, count, &revoked), 401, "INVALID_API_KEY"),
        (caller.ask("GET", count).bearer(&key), 401, "INVALID_API_KEY"),
        (ask(&caller, "/admin/stats", &tenants), 403, "PERMISSION_DENIED"),
        (ask(&caller, "/admin/none", &key), 404, "NOT_FOUND"),
        (caller.ask("POST", count).header("IM-API-KEY", &key), 405, "METHOD_NOT_ALLOWED"),
    ];
    for (ask, status, code) in cases {
        let answer = plane.ask(&ask).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["error"]["code"]), (status, &json!(code)), "{}: {body}", ask.uri);
        assert_eq!((&body["RC"], body.get("result")), (&json!(status), None), "{body}");
        assert!(body["RM"].is_string() && body["error"]["message"].is_string(), "{body}");
    }
    let none = plane.ask(&caller.ask("GET", count)).await.json();
    let expected = json!({
        "RC": 401, "RM": "Unauthorized",
        "error": {"code": "INVALID_API_KEY", "message": "Invalid or missing API key"},
    });
    assert_eq!(none, expected);
}
