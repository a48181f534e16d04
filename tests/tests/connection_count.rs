//! `/admin/connection-count` beside the kernel's own count of what is connected to the nodes, whatever becomes of them.
#![allow(clippy::print_stdout, reason = "how long each took is printed")]

use house_tests::http::get;
use house_tests::{Fleet, FleetPlan, FunctionsProcess, LiveClient, Plan, established, within};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long the count is waited for after something happened. Nodes and counts promise 10 s on a machine of their own; this is longer
/// than that, where others work beside, and shorter than a lease, which is not what tells the count.
const RIGHT_WITHIN: Duration = Duration::from_secs(15);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Nodes of two regions, and a process that is asked how many are connected to them.
struct Platform {
    fleet: Fleet,
    functions: FunctionsProcess,
    key: String,
    token: String,
}

impl Platform {
    async fn start() -> Self {
        let plan = FleetPlan::in_regions(&["r1", "r1", "r2"]).metered();
        let fleet = Fleet::start(plan.with(&["--drain-for", "2s"])).await;
        let functions = FunctionsProcess::start(&fleet, &["--rate-limits", "off"]).await;
        let key = fleet.platform_key().await;
        let token = fleet.token(&Plan::roomy());
        Self { fleet, functions, key, token }
    }

    /// So many clients of a node, each on a document of its own.
    async fn connect(&self, node: usize, clients: usize) -> Vec<LiveClient> {
        let mut joined = Vec::new();
        for n in 0..clients {
            let path = format!("/doc-{node}-{n}-{}", self.fleet[node].address().port());
            let client = LiveClient::join(self.fleet[node].address(), &path, &self.token).await;
            joined.push(client.expect("there is room"));
        }
        joined
    }

    fn kernels_count(&self) -> u64 {
        let running = self.fleet.nodes().filter(|node| node.is_running());
        let listening: Vec<SocketAddr> = running.map(|node| node.address()).collect();
        established(&listening)
    }

    /// Waits until what is told is what the kernel counts, which is expected to be so many.
    async fn agrees(&self, since: Instant, count: u64, after: &str) {
        self.says(&self.functions, since, count, after).await;
        // A look at a node's health is a connection too, until the kernel has done with it.
        let agreed = within(RIGHT_WITHIN, "the kernel counts the same", async {
            while self.kernels_count() != count {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        agreed.await;
    }

    async fn says(&self, functions: &FunctionsProcess, since: Instant, count: u64, after: &str) {
        loop {
            let told = self.told(functions).await;
            let took = since.elapsed();
            if told == count {
                println!("{count} after {took:?} {after}");
                assert!(took <= RIGHT_WITHIN, "{count} only after {took:?} {after}");
                return;
            }
            assert!(took < RIGHT_WITHIN, "{told} and not {count} {after}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn told(&self, functions: &FunctionsProcess) -> u64 {
        let answer = get(functions.address(), "/admin/connection-count", &[("IM-API-KEY", &self.key)]).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["RC"]), (200, &0.into()), "{body}");
        body["result"]["count"].as_u64().unwrap_or_else(|| panic!("no count in {body}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_is_the_kernels_soon_after_whatever_happens_to_nodes() {
    let mut platform = Platform::start().await;
    let mut clients =
        [platform.connect(0, 7).await, platform.connect(1, 5).await, platform.connect(2, 3).await];
    platform.agrees(Instant::now(), 15, "after clients came").await;

    let moment = Instant::now();
    platform.fleet[0].kill().await;
    platform.agrees(moment, 8, "after a node was killed").await;

    platform.fleet[0].start().await;
    clients[0] = platform.connect(0, 4).await;
    platform.agrees(Instant::now(), 12, "after it came back").await;

    platform.fleet[1].begin_drain();
    let moment = within(RIGHT_WITHIN, "the last client is sent away", async {
        for client in &clients[1] {
            client.ending().await;
        }
        Instant::now()
    })
    .await;
    platform.agrees(moment, 7, "after a node was drained").await;
    platform.fleet[1].drained().await;

    platform.fleet[1].start().await;
    clients[1] = platform.connect(1, 2).await;
    let moment = Instant::now();
    clients[2].pop().expect("three came").leave().await;
    platform.agrees(moment, 8, "after some came and one left").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_every_node_is_dead_the_count_is_0_for_who_saw_them_and_for_who_did_not() {
    let mut platform = Platform::start().await;
    let _clients = [platform.connect(0, 2).await, platform.connect(2, 2).await];
    platform.agrees(Instant::now(), 4, "after clients came").await;
    let moment = Instant::now();
    for node in 0..3 {
        platform.fleet[node].kill().await;
    }
    let newcomer = FunctionsProcess::start(&platform.fleet, &["--rate-limits", "off"]).await;
    tokio::join!(
        platform.agrees(moment, 0, "after all nodes were killed"),
        platform.says(&newcomer, moment, 0, "to a process that never saw them alive"),
    );
    let late = FunctionsProcess::start(&platform.fleet, &["--rate-limits", "off"]).await;
    assert_eq!(platform.told(&late).await, 0, "whoever comes later is told the same at first");
}
