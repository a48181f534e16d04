//! HTTP policies over a region: two processes of the control plane and three nodes on one Redis count each client once.

use futures_util::future::join_all;
use house_tests::raw_client::{Ending, RawClient};
use house_tests::{Fleet, FleetPlan, FunctionsProcess, Keeps, Plan, eventually, gauge, http};
use std::net::SocketAddr;

/// The tests' own address is a proxy's, so that each test is whom it says it is.
const TRUSTING: [&str; 4] = ["--rate-limits", "on", "--trusted-proxy", "127.0.0.1"];
/// STANDARD: so many in 60 s, of `/discovery` and of WebSocket attempts each.
const STANDARD: usize = 60;
/// STRICT: of `/usage`.
const STRICT: usize = 12;

struct Region {
    fleet: Fleet,
    functions: Vec<FunctionsProcess>,
    token: String,
}

impl Region {
    async fn open(arguments: &[&'static str]) -> Self {
        let fleet = Fleet::start(FleetPlan::of(3).on_redis(Keeps::Nothing).with(arguments)).await;
        let functions = join_all((0..2).map(|_| FunctionsProcess::start(&fleet, arguments))).await;
        let token = fleet.token(&Plan { connections: 1000, ..Plan::default() });
        Self { fleet, functions, token }
    }

    /// Asks one of the processes, as the client at `from`.
    async fn ask(&self, process: usize, path: &str, from: &str) -> http::Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Authorization", bearer.as_str()), ("X-Forwarded-For", from)];
        http::get(self.functions[process].address(), path, &headers).await
    }

    async fn discovers(&self, process: usize, from: &str) -> u16 {
        self.ask(process, "/discovery?documentName=d", from).await.status
    }

    /// An attempt at a node, as the client at `from`: whether it was upgraded.
    async fn attempts(&self, node: usize, from: &str) -> Result<(), Ending> {
        attempt(self.fleet[node].address(), &self.token, from).await
    }
}

async fn attempt(address: SocketAddr, token: &str, from: &str) -> Result<(), Ending> {
    RawClient::connect_from(address, "/d", token, from).await.map(drop)
}

/// How often `asks` is let pass before it is refused for the first time, told the how-manieth it is.
async fn passes(mut asks: impl AsyncFnMut(usize) -> bool) -> usize {
    let mut passed = 0;
    while passed < 2 * STANDARD && asks(passed).await {
        passed += 1;
    }
    passed
}

/// Has clients, one after the other, ask until they are refused, and returns the first that passed exactly `limit`
/// times. None passes less often. More often it may, on a machine that is so busy that the gate takes over 50 ms, and
/// lets pass.
async fn exactly(limit: usize, mut client: impl AsyncFnMut(String) -> usize) -> String {
    let mut passed = Vec::new();
    for n in 0..TRIES {
        let from = format!("192.0.2.{n}");
        passed.push(client(from.clone()).await);
        assert!(passed[n] >= limit, "{passed:?}");
        if passed[n] == limit {
            return from;
        }
    }
    panic!("{limit} are to pass, and there passed {passed:?}")
}

/// Clients that may find the gate late.
const TRIES: usize = 8;
const OTHER: &str = "198.51.100.1";

#[tokio::test]
async fn the_61st_request_of_a_client_is_refused_whichever_process_it_reaches() {
    let region = Region::open(&TRUSTING).await;
    let one =
        exactly(STANDARD, async |from| passes(async |n| region.discovers(n % 2, &from).await == 200).await)
            .await;
    for process in [0, 1] {
        let refused = region.ask(process, "/discovery?documentName=d", &one).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
        assert_eq!(refused.json()["error"]["code"], "rate_limit_exceeded");
    }
    // Another client, another policy, and WebSocket attempts are counted apart.
    assert_eq!(region.discovers(0, OTHER).await, 200);
    assert_eq!(region.ask(1, "/usage", &one).await.status, 200);
    assert_eq!(region.attempts(0, &one).await, Ok(()));
}

#[tokio::test]
async fn the_61st_attempt_of_a_client_is_refused_whichever_node_it_reaches() {
    let region = Region::open(&TRUSTING).await;
    let one =
        exactly(STANDARD, async |from| passes(async |n| region.attempts(n % 3, &from).await.is_ok()).await)
            .await;
    for node in 0..3 {
        assert_eq!(region.attempts(node, &one).await, Err(Ending::Refused(429)));
    }
    assert_eq!(region.attempts(1, OTHER).await, Ok(()));
    assert_eq!(region.discovers(0, &one).await, 200);
}

#[tokio::test]
async fn usage_is_counted_by_a_policy_of_its_own() {
    let region = Region::open(&TRUSTING).await;
    let one = exactly(STRICT, async |from| {
        passes(async |n| region.ask(n % 2, "/usage", &from).await.status == 200).await
    })
    .await;
    assert_eq!(region.ask(0, "/usage", &one).await.status, 429);
    assert_eq!(region.discovers(0, &one).await, 200);
}

#[tokio::test]
async fn an_ipv6_client_is_its_network() {
    let region = Region::open(&TRUSTING).await;
    let network = |from: &str| format!("2001:db8:1:{}", &from["192.0.2.".len()..]);
    let one = exactly(STANDARD, async |from| {
        passes(async |n| region.discovers(n % 2, &format!("{}::{n}", network(&from))).await == 200).await
    })
    .await;
    assert_eq!(region.discovers(0, &format!("{}:ffff::9", network(&one))).await, 429);
    assert_eq!(region.discovers(0, "2001:db8:2:3::1").await, 200);
    // What a client put before its own address says nothing.
    assert_eq!(region.discovers(1, &format!("203.0.113.9, {}::1", network(&one))).await, 429);
}

#[tokio::test]
async fn a_forged_address_of_an_untrusted_peer_changes_nothing() {
    let region = Region::open(&["--rate-limits", "on"]).await;
    // All are one client. It passes more often than it may only where the gate is late.
    let passed = passes(async |n| region.discovers(n % 2, &format!("198.51.100.{n}")).await == 200).await;
    assert!((STANDARD..2 * STANDARD).contains(&passed), "{passed}");
}

#[tokio::test]
async fn rates_open_while_redis_is_away_and_close_again_when_it_is_back() {
    let mut region = Region::open(&TRUSTING).await;
    let one = exactly(STRICT, async |from| {
        passes(async |n| region.ask(n % 2, "/usage", &from).await.status == 200).await
    })
    .await;
    region.fleet.redis_mut().kill().await;
    for n in 0..2 * STRICT {
        assert_eq!(region.ask(n % 2, "/usage", &one).await.status, 200);
    }
    // An attempt is let pass by the gate; it is the document that has no store.
    assert_eq!(region.attempts(0, &one).await, Ok(()));
    assert!(gauge(region.fleet[0].address(), "wiresocket_rate_limit_fail_opens_total").await >= 1.0);
    region.fleet.redis_mut().restart().await;
    for process in [0, 1] {
        eventually("rates hold again", async || {
            (region.ask(process, "/usage", &one).await.status == 429).then_some(())
        })
        .await;
    }
}
