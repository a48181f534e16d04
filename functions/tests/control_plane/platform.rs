use crate::broken::Broken;
use crate::house::{FAR_HOME, NEAR_HOME, NOW_UNIX_MS, home_region, node, region};
use crate::operators::Desk;
use domain::ports::{Cluster, NodeMinute, NodeRecord, NodeState, Writer};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const COUNT: &str = "/admin/connection-count";

fn beating(name: &str, connections: u64, beaten_unix_ms: u64) -> NodeRecord {
    NodeRecord {
        node: node(name),
        region: region("eu-central-1"),
        beat: 1,
        state: NodeState::Up,
        url: String::new(),
        relay: String::new(),
        connections,
        documents: 3,
        capacity: 100,
        beaten_unix_ms,
    }
}

async fn announce(cluster: &dyn Cluster, record: &NodeRecord) {
    cluster.announce(record).await.unwrap();
}

#[tokio::test]
async fn connections_are_summed_over_all_nodes_each_once() {
    let desk = Desk::new().await;
    let key = desk.platform_key().await;
    let (near, far) = (&desk.house.home.cluster, &desk.house.far_home.cluster);
    // A node has a record in each home table; its last beat speaks for it.
    announce(&**near, &beating("a", 40, NOW_UNIX_MS - 3_000)).await;
    announce(&**far, &beating("a", 41, NOW_UNIX_MS - 1_000)).await;
    announce(&**far, &beating("b", 2, NOW_UNIX_MS - 1_000)).await;
    let draining = NodeRecord { state: NodeState::Draining, ..beating("c", 5, NOW_UNIX_MS) };
    announce(&**near, &draining).await;
    announce(&**near, &NodeRecord { state: NodeState::Fenced, ..beating("d", 100, NOW_UNIX_MS) }).await;
    let answer = desk.admin(&key, COUNT).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (200, r#"{"RC":0,"RM":"OK","result":{"count":48}}"#));
}

#[tokio::test]
async fn a_node_that_falls_silent_counts_nothing_after_8_s() {
    let desk = Desk::new().await;
    let key = desk.platform_key().await;
    announce(&*desk.house.home.cluster, &beating("a", 40, NOW_UNIX_MS)).await;
    assert_eq!(desk.admin(&key, COUNT).await.json()["result"]["count"], 40);
    desk.house.clock.advance(Duration::from_secs(7));
    assert_eq!(desk.admin(&key, COUNT).await.json()["result"]["count"], 40);
    desk.house.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.admin(&key, COUNT).await.json()["result"]["count"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_clock_is_behind_is_waited_for_until_it_beats() {
    let desk = Arc::new(Desk::new().await);
    let key = desk.platform_key().await;
    let cluster = desk.house.home.cluster.clone();
    let late = beating("late", 7, NOW_UNIX_MS - 3_600_000);
    announce(&*cluster, &late).await;
    let asking = tokio::spawn({
        let desk = desk.clone();
        async move { desk.admin(&key, COUNT).await.json() }
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!asking.is_finished(), "nobody can tell yet");
    cluster.beat(&NodeRecord { beat: 2, connections: 8, ..late }).await.unwrap();
    assert_eq!(asking.await.unwrap()["result"]["count"], 8);
}

#[tokio::test(start_paused = true)]
async fn who_was_silent_from_the_first_look_is_not_waited_for_for_ever() {
    let desk = Desk::new().await;
    let key = desk.platform_key().await;
    announce(&*desk.house.home.cluster, &beating("dead", 7, 5)).await;
    let begun = Instant::now();
    assert_eq!(desk.admin(&key, COUNT).await.json()["result"]["count"], 0);
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn statistics_are_of_the_last_hour_and_of_this_moment() {
    let desk = Desk::new().await;
    let key = desk.platform_key().await;
    announce(&*desk.house.home.cluster, &beating("a", 40, NOW_UNIX_MS)).await;
    announce(&*desk.house.home.cluster, &beating("b", 1, NOW_UNIX_MS)).await;
    // The clock stands at 14:40:00, so that the last minute that is noted is that of 14:38.
    let minute = NOW_UNIX_MS / 60_000 - 2;
    for (writer, connections, ops) in [(1, 30, 5), (2, 20, 6)] {
        let noted = NodeMinute { writer: Writer(writer), minute, connections: [connections; 12], ops };
        desk.usage.platform.note(&noted).await.unwrap();
    }
    let old = NodeMinute { writer: Writer(1), minute: minute - 60, connections: [900; 12], ops: 900 };
    desk.usage.platform.note(&old).await.unwrap();
    let expected = json!({"RC": 0, "RM": "OK", "result": {
        "startTime": "2026-02-25T13:39:00.000Z", "endTime": "2026-02-25T14:39:00.000Z",
        "start": NOW_UNIX_MS / 1000 - 3_660, "end": NOW_UNIX_MS / 1000 - 60,
        "documentCount": 6, "peakConnectionCount": 50, "connectionCount": 41, "opCount": 11, "nodeCount": 2
    }});
    assert_eq!(desk.admin(&key, "/admin/stats").await.json(), expected);
}

#[tokio::test]
async fn the_peak_is_never_below_what_is_open_at_this_moment() {
    let desk = Desk::new().await;
    let key = desk.platform_key().await;
    announce(&*desk.house.home.cluster, &beating("a", 40, NOW_UNIX_MS)).await;
    assert_eq!(desk.admin(&key, "/admin/stats").await.json()["result"]["peakConnectionCount"], 40);
}

#[tokio::test]
async fn without_a_store_no_count_is_told() {
    let desk = Desk::with(|operators| operators.platform = Arc::new(Broken::Dead)).await;
    let key = desk.platform_key().await;
    assert_eq!(desk.admin(&key, "/admin/stats").await.json()["RC"], 503);
    for home in [NEAR_HOME, FAR_HOME] {
        let desk = Desk::with_plane(|plane| {
            let home = home_region(home);
            let mut ports = plane.homes.of(Some(&home)).unwrap().1.clone();
            ports.cluster = Arc::new(Broken::Dead);
            plane.homes = plane.homes.clone().with(home, ports);
        })
        .await;
        let key = desk.platform_key().await;
        let answer = desk.admin(&key, COUNT).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"]["code"].as_str()),
            (503, Some("SERVICE_UNAVAILABLE"))
        );
        assert!(answer.header("retry-after").is_some() && !answer.text.contains("connection refused"));
    }
}
