//! Nodes without sockets, over hours that pass in no time.

use crate::house::{House, RunningNode, app};
use domain::calendar::Hour;
use domain::clock::Clock;
use domain::metering::Endpoint;
use domain::ports::{PlatformLog, Resolution, UsageLog};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stores::faults::{FaultPlan, Faults};
use syncd::caps::USAGE_END_WAIT;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const HOUR_MS: u64 = 60 * 60 * 1000;
const MINUTE: Duration = Duration::from_secs(60);

/// A clock that goes with the runtime's paused time.
struct RuntimeClock {
    start: Instant,
    start_unix_ms: u64,
}

impl RuntimeClock {
    fn at(start_unix_ms: u64) -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), start_unix_ms })
    }
}

impl Clock for RuntimeClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn unix_ms(&self) -> u64 {
        self.start_unix_ms + u64::try_from(self.start.elapsed().as_millis()).unwrap()
    }
}

fn count(node: &RunningNode, requests: u64, clock: &RuntimeClock) {
    for _ in 0..requests {
        let took = Duration::from_millis(1);
        node.metering.recorder.count(&app(), Endpoint::Connect, None, took, clock.unix_ms());
    }
}

/// Requests that are logged, by hours.
async fn logged(house: &House) -> Vec<(u64, u64)> {
    let spans = house.usage.read(&app(), Hour(0), Hour(u64::MAX), Resolution::Hours).await.unwrap();
    spans.into_iter().map(|(span, usage)| (span.from.0, usage.total(None).requests)).collect()
}

/// What the node's metrics tell of usage.
async fn metrics(address: SocketAddr) -> impl Fn(&str) -> u64 {
    let mut http = TcpStream::connect(address).await.unwrap();
    http.write_all(b"GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    http.read_to_string(&mut text).await.unwrap();
    move |name: &str| {
        let name = format!("wiresocket_usage_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.expect("it is told").parse().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn usage_is_written_down_soon_after_each_period() {
    let clock = RuntimeClock::at(472_222 * HOUR_MS - 30_000);
    let house = House::new(clock.clone());
    let node = house.node("a", house.usage.clone(), house.platform.clone(), MINUTE).await;
    count(&node, 3, &clock);
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(logged(&house).await, []);
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(logged(&house).await, [(472_221, 3)]);
    count(&node, 2, &clock);
    tokio::time::sleep(MINUTE).await;
    assert_eq!(logged(&house).await, [(472_221, 3), (472_222, 2)]);
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_never_answers_holds_up_neither_the_node_nor_its_end() {
    let clock = RuntimeClock::at(472_222 * HOUR_MS);
    let house = House::new(clock.clone());
    let faults = Faults::new(FaultPlan::default(), 1);
    let (log, platform): (Arc<dyn UsageLog>, Arc<dyn PlatformLog>) =
        (house.usage.clone(), house.platform.clone());
    let (log, platform) = (Arc::new(faults.wrap(log)), Arc::new(faults.wrap(platform)));
    let node = house.node("a", log, platform, MINUTE).await;
    count(&node, 3, &clock);
    faults.stall();
    tokio::time::sleep(5 * MINUTE).await;
    count(&node, 4, &clock);
    let recorder = Arc::clone(&node.metering.recorder);
    let told = metrics(node.address).await;
    assert_eq!([told("unwritten"), told("lost_total")], [7, 0]);
    assert!(told("flush_failures_total") >= 4, "one a minute");
    assert!((3 * 60..6 * 60).contains(&told("unwritten_seconds")), "{}", told("unwritten_seconds"));
    let began = Instant::now();
    node.end().await;
    assert!(began.elapsed() < USAGE_END_WAIT + Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(recorder.meter().unwritten(), 7, "what is lost at the end is told");
}

#[tokio::test(start_paused = true)]
async fn minutes_that_a_log_missed_are_noted_when_it_is_back() {
    let clock = RuntimeClock::at(472_222 * HOUR_MS + 7_000);
    let house = House::new(clock.clone());
    let faults = Faults::new(FaultPlan::default(), 1);
    let platform: Arc<dyn PlatformLog> = house.platform.clone();
    let node = house.node("a", house.usage.clone(), Arc::new(faults.wrap(platform)), MINUTE).await;
    faults.stall();
    tokio::time::sleep(3 * MINUTE).await;
    assert_eq!(house.platform.minutes(0, u64::MAX).await.unwrap(), []);
    faults.heal();
    tokio::time::sleep(Duration::from_secs(15)).await;
    let first = clock.start_unix_ms / 60_000;
    let noted = house.platform.minutes(0, u64::MAX).await.unwrap();
    assert_eq!(noted.iter().map(|noted| noted.minute - first).collect::<Vec<_>>(), [0, 1, 2]);
    node.end().await;
    let noted = house.platform.minutes(0, u64::MAX).await.unwrap();
    assert_eq!(noted.last().unwrap().minute - first, 3, "the one that the node ended in");
}
