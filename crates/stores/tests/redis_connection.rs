//! How a Redis is reached, and what becomes of calls while it is away.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::ids::{AppId, AppKey, TenantId};
use domain::policy::Window;
use domain::ports::{Grant, RateBucket, RateGate, Unavailable, Want};
use servers::certificates::Certificates;
use servers::redis::{
    Make, RedisServer, free_port, redis_server, valkey_cluster, valkey_server, with_own_keys,
};
use servers::redis_cluster::three_masters;
use std::sync::Arc;
use std::time::Duration;
use stores::redis::{InvalidCa, Redis, RedisRateGate, RedisUrl};
use tokio::net::TcpListener;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Calls that would take far longer than [`PATIENCE`] if each waited for its deadline.
const MANY: usize = 1_000;

fn redis(url: &RedisUrl) -> Redis {
    Redis::new(url, None).unwrap()
}

fn gate(url: &RedisUrl) -> RedisRateGate {
    RedisRateGate::new(redis(url))
}

async fn take(gate: &RedisRateGate) -> Result<Grant, Unavailable> {
    take_of(gate, "a").await
}

async fn take_of(gate: &RedisRateGate, app: &str) -> Result<Grant, Unavailable> {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse(app).unwrap() };
    let window = Window::per_minute(1_000_000);
    gate.take(&RateBucket::Ops(app), Want::only(1), window, Duration::ZERO).await
}

/// Takes until that succeeds.
async fn take_again(gate: &RedisRateGate) {
    take_again_of(gate, "a").await;
}

async fn take_again_of(gate: &RedisRateGate, app: &str) {
    let taken = async {
        while take_of(gate, app).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.expect("the server is back");
}

/// Takes until the server is known to be away, and sees that nobody waits for it from then on.
async fn takes_fail_at_once(gate: &RedisRateGate) -> Unavailable {
    let failing = async {
        let mut last = None;
        for _ in 0..MANY {
            last = Some(take(gate).await.unwrap_err());
        }
        last.unwrap()
    };
    tokio::time::timeout(PATIENCE, failing).await.expect("calls do not wait for a server that is away")
}

/// What a call says that can't succeed.
async fn refusal(url: &str, ca_pem: Option<Vec<u8>>) -> String {
    let redis = Redis::new(&url.parse().unwrap(), ca_pem).unwrap();
    let unavailable = take(&RedisRateGate::new(redis)).await.unwrap_err();
    assert_eq!(unavailable.store, "rate gate");
    unavailable.cause
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_valkey_and_a_cluster_are_reached_by_a_url_alone() {
    for url in [redis_server(), valkey_server(), valkey_cluster()] {
        redis(&url).connect(PATIENCE).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_different_prefixes_are_apart() {
    let server = RedisServer::start(Make::Redis);
    for prefix in ["", "?prefix=staging:"] {
        take(&gate(&format!("{}{prefix}", server.url()).parse().unwrap())).await.unwrap();
    }
    let mut keys: Vec<String> = server.ask(&["KEYS", "*"]);
    keys.sort();
    assert_eq!(keys, ["staging:rate:{ops:t/a}:60000000", "ws:rate:{ops:t/a}:60000000"]);
}

#[tokio::test]
async fn calls_to_a_server_that_never_was_there_fail_at_once() {
    let gate = gate(&format!("redis://127.0.0.1:{}", free_port()).parse().unwrap());
    let unavailable = takes_fail_at_once(&gate).await;
    assert!(unavailable.cause.contains("refused"), "{unavailable}");
}

#[tokio::test]
async fn calls_to_a_server_that_says_nothing_fail_at_once_after_the_first() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gate = gate(&format!("redis://{}", silent.local_addr().unwrap()).parse().unwrap());
    let unavailable = takes_fail_at_once(&gate).await;
    assert!(unavailable.cause.contains("no answer within"), "{unavailable}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_restarted_on_its_port_is_found_again() {
    for make in [Make::Redis, Make::Valkey] {
        let server = RedisServer::start(make);
        let gate = gate(&with_own_keys(&server.url()));
        for _ in 0..2 {
            take_again(&gate).await;
            server.stop();
            takes_fail_at_once(&gate).await;
            server.start_again();
            take_again(&gate).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_down_is_given_up_and_found_again() {
    let cluster = three_masters();
    let gate = gate(&with_own_keys(&cluster[0].url()));
    take_again(&gate).await;
    cluster[2].stop();
    for app in ["a", "b", "c", "d", "e", "f"] {
        while take_of(&gate, app).await.is_ok() {}
    }
    let unavailable = takes_fail_at_once(&gate).await;
    assert!(unavailable.cause.contains("the cluster is down"), "{unavailable}");
    cluster[2].start_again();
    take_again(&gate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_stands_still_keeps_nobody_from_the_others() {
    let cluster = three_masters();
    for master in &cluster {
        let () = master.ask(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    let apps = [0, 1, 2].map(|nth| app_on(&cluster, nth));
    cluster[2].pause();
    let redis = redis(&with_own_keys(&cluster[0].url()));
    redis.connect(PATIENCE).await.expect("the first attempt succeeds");
    let gate = RedisRateGate::new(redis);
    for _ in 0..5 {
        take_again_of(&gate, &apps[0]).await;
        take_again_of(&gate, &apps[1]).await;
        take_of(&gate, &apps[2]).await.unwrap_err();
    }
    cluster[2].resume();
    take_again_of(&gate, &apps[2]).await;
}

/// An app whose operations are counted by the `nth` master of three.
fn app_on(cluster: &[RedisServer], nth: u64) -> String {
    let slot_of = |app: &String| -> u64 { cluster[0].ask(&["CLUSTER", "KEYSLOT", &format!("ops:t/{app}")]) };
    let mut apps = (0..1_000).map(|number| format!("a{number}"));
    apps.find(|app| slot_of(app) * 3 / 16_384 == nth).expect("slots are drawn evenly")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_given_up_and_found_again_when_it_goes_on() {
    let server = RedisServer::start(Make::Redis);
    let gate = gate(&with_own_keys(&server.url()));
    for _ in 0..2 {
        take_again(&gate).await;
        server.pause();
        takes_fail_at_once(&gate).await;
        server.resume();
        take_again(&gate).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_are_less_patient_than_the_gate_count_as_unanswered() {
    let server = RedisServer::start(Make::Redis);
    let gate = gate(&with_own_keys(&server.url()));
    take(&gate).await.unwrap();
    server.pause();
    let given_up =
        async { while tokio::time::timeout(Duration::from_millis(50), take(&gate)).await.is_err() {} };
    tokio::time::timeout(PATIENCE, given_up).await.expect("the connection is given up");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_bound_on_calls_under_way_calls_fail_at_once() {
    const CALLS_MAX: usize = 4_096;
    let server = RedisServer::start(Make::Redis);
    let gate = Arc::new(gate(&with_own_keys(&server.url())));
    take(&gate).await.unwrap();
    server.pause();
    let calls: Vec<_> = (0..CALLS_MAX + 100)
        .map(|_| {
            let gate = gate.clone();
            tokio::spawn(async move { take(&gate).await.unwrap_err().cause })
        })
        .collect();
    let mut too_many = 0;
    for call in calls {
        too_many += usize::from(call.await.unwrap().contains("are under way already"));
    }
    assert_eq!(too_many, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_a_server_has_forgotten_are_sent_again() {
    let server = RedisServer::start(Make::Valkey);
    let gate = gate(&with_own_keys(&server.url()));
    for _ in 0..3 {
        take(&gate).await.unwrap();
        let () = server.ask(&["SCRIPT", "FLUSH"]);
    }
    take(&gate).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_named_as_such_and_not_shown() {
    let server = RedisServer::with(Make::Redis, |port| {
        ["--port", &port.to_string(), "--requirepass", "s3cret"].map(str::to_owned).to_vec()
    });
    let address = server.address();
    take(&gate(&format!("redis://:s3cret@{address}").parse().unwrap())).await.unwrap();
    take(&gate(&format!("redis://default:s3cret@{address}").parse().unwrap())).await.unwrap();
    let wrong = refusal(&format!("redis://:guess@{address}"), None).await;
    assert!(wrong.contains("assword") && !wrong.contains("guess"), "{wrong}");
    let none = refusal(&format!("redis://{address}"), None).await;
    assert!(none.contains("NOAUTH"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_known_by_a_private_ca_and_not_without_it() {
    let certificates = Certificates::make();
    let server = RedisServer::with(Make::Redis, |port| {
        let (cert, key) = (certificates.path("server.pem"), certificates.path("server.key"));
        let ca = certificates.path("ca.pem");
        let args = format!(
            "--port 0 --tls-port {port} --tls-cert-file {cert} --tls-key-file {key} --tls-ca-cert-file {ca} \
             --tls-auth-clients no --requirepass s3cret"
        );
        args.split_whitespace().map(str::to_owned).collect()
    });
    let url = format!("rediss://:s3cret@localhost:{}", server.port());
    let redis = Redis::new(&url.parse().unwrap(), Some(certificates.ca_pem())).unwrap();
    redis.connect(PATIENCE).await.unwrap();
    take(&RedisRateGate::new(redis)).await.unwrap();
    for (url, ca) in [(url.clone(), None), (url, Some(Certificates::make().ca_pem()))] {
        let cause = refusal(&url, ca).await;
        assert!(cause.contains("invalid peer certificate"), "{cause}");
    }
}

#[test]
fn a_ca_that_is_of_no_use_is_refused() {
    let ca = Certificates::make().ca_pem();
    let refused = |url: &str, ca: &[u8]| Redis::new(&url.parse().unwrap(), Some(ca.to_vec())).unwrap_err();
    assert!(matches!(refused("redis://h", &ca), InvalidCa::NotEncrypted));
    assert!(matches!(refused("rediss://h", b""), InvalidCa::NoCertificate));
    assert!(matches!(refused("rediss://h", b"a key"), InvalidCa::NoCertificate));
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(refused("rediss://h", damaged.as_bytes()), InvalidCa::Malformed(_)));
}
