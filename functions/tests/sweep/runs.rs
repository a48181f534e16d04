use crate::house::{HOME, House, home, sweep_of};
use crate::interrupted::{Interrupted, Mute, SlowPins};
use domain::bounds::{BEAT_EVERY, LEASE, LOOK_EVERY};
use domain::ids::HomeRegion;
use domain::ports::{Cluster, Homes, NodeState};
use functions::metrics::MetricsNamespace;
use functions::sweep::{RUN_MAX, embedded_metrics};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How far apart the schedule's runs are.
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_dead_node_is_reaped_by_the_first_run_after_a_whole_lease() {
    let house = House::new();
    let dead = house.dead("dead").await;
    let begun = Instant::now();
    let report = house.run().await;
    assert!(begun.elapsed() >= LEASE && begun.elapsed() < RUN_MAX, "{:?}", begun.elapsed());
    let totals = report.totals().unwrap();
    assert_eq!((report.reaped_in_all(), totals.up, totals.connections), (1, 0, 0));
    assert_eq!((report.struck.connections, report.struck.documents), (7, 2));
    assert_eq!((house.connections().await, house.state(&dead).await), (0, NodeState::Reaped));
    assert_eq!(house.run().await.reaped_in_all(), 0, "nothing is reaped twice");
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_as_soon_as_everybody_has_beaten() {
    let house = House::new();
    let beating = house.beating("alive").await;
    for _ in 0..5 {
        let begun = Instant::now();
        let report = house.run().await;
        assert_eq!((report.totals().unwrap().up, report.reaped_in_all()), (1, 0));
        assert!(begun.elapsed() <= BEAT_EVERY + LOOK_EVERY * 2, "{:?}", begun.elapsed());
        sleep(MINUTE).await;
    }
    beating.abort();
}

#[tokio::test(start_paused = true)]
async fn a_beating_node_is_never_reaped_by_runs_that_overlap() {
    let house = House::new();
    let beating = house.beating("alive").await;
    for apart_ms in [0, 1, 900, 3_000, 30_000] {
        let (one, other) = tokio::join!(house.run(), async {
            sleep(Duration::from_millis(apart_ms)).await;
            house.run().await
        });
        assert_eq!((one.reaped_in_all(), other.reaped_in_all()), (0, 0), "{apart_ms} ms apart");
        sleep(MINUTE).await;
    }
    assert!(!beating.is_finished(), "it was never told that it is dead");
    assert_eq!(house.connections().await, 7);
    beating.abort();
}

#[tokio::test(start_paused = true)]
async fn of_runs_that_overlap_one_reaps() {
    let house = House::new();
    house.dead("dead").await;
    let (one, other) = tokio::join!(house.run(), house.run());
    let struck = one.struck.connections + other.struck.connections;
    assert_eq!((struck, house.connections().await), (7, 0));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_dies_just_after_a_run_is_off_the_books_within_three_minutes_though_a_run_is_lost() {
    for lost in [None, Some(1), Some(2)] {
        let house = House::new();
        let beating = house.beating("mortal").await;
        let first = Instant::now();
        house.run().await;
        // It beats once more: what the run noted stands no longer.
        sleep(BEAT_EVERY + Duration::from_secs(1)).await;
        beating.abort();
        let died = Instant::now();
        sleep(MINUTE.saturating_sub(first.elapsed())).await;
        for run in 1.. {
            let begun = Instant::now();
            if lost != Some(run) {
                house.run().await;
            }
            if house.connections().await == 0 {
                break;
            }
            assert!(run < 10, "it is never reaped");
            sleep(MINUTE.saturating_sub(begun.elapsed())).await;
        }
        assert!(died.elapsed() <= Duration::from_secs(180), "{lost:?}: {:?}", died.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_sight_that_fails_says_nothing_of_its_node_and_holds_up_no_other() {
    let house = House::new();
    let (alive, unseen) = (house.beating("alive").await, house.dead("unseen").await);
    let half = house.dead("half").await;
    assert!(house.cluster.fence(&half.region, &half.node, half.beat).await.unwrap());
    let throttled = Interrupted {
        inner: house.cluster.clone(),
        mute: Mute::Refuses,
        is_muted: AtomicBool::new(false),
        unseen: vec![unseen.node.clone()],
    };
    let mut ports = house.ports();
    ports.cluster = Arc::new(throttled);
    let report = sweep_of(Homes::new(home(), ports)).run().await.remove(0);
    assert_eq!((report.reaped_in_all(), report.totals().unwrap().up), (2, 1));
    assert_eq!(house.state(&unseen).await, NodeState::Reaped);
    assert_eq!(report.failure, None, "all was done in the end");
    alive.abort();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_holds_more_than_one_run_can_visit_is_reaped_by_those_that_follow() {
    let house = House::new();
    let dead = house.dead("dead").await;
    house.hold_documents(&dead, 1_500).await;
    let mut ports = house.ports();
    ports.pins = Arc::new(SlowPins(ports.pins));
    let sweep = sweep_of(Homes::new(home(), ports));
    let first = sweep.run().await.remove(0);
    assert_eq!((first.reaped_in_all(), first.failure.is_some()), (0, true));
    let mut runs = 1;
    while house.state(&dead).await != NodeState::Reaped {
        sweep.run().await;
        runs += 1;
        assert!(runs < 10, "it is never reaped");
    }
    assert_eq!(house.connections().await, 0);
}

#[tokio::test(start_paused = true)]
async fn who_could_not_count_says_nothing_of_nodes() {
    let house = House::new();
    house.dead("dead").await;
    let broken = Interrupted {
        inner: house.cluster.clone(),
        mute: Mute::OnceReaped,
        is_muted: AtomicBool::new(false),
        unseen: Vec::new(),
    };
    let mut ports = house.ports();
    ports.cluster = Arc::new(broken);
    let report = sweep_of(Homes::new(home(), ports)).run().await.remove(0);
    assert_eq!((report.reaped_in_all(), report.totals(), report.failure.is_some()), (1, None, true));
    let metrics = embedded_metrics(&[report], &MetricsNamespace::default(), 0).remove(0);
    assert_eq!(
        (&metrics["NodesReaped"], metrics.get("NodesUp"), metrics.get("Connections")),
        (&json!(1), None, None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_half_reaped_is_finished_by_the_first_run() {
    let house = House::new();
    let dead = house.dead("dead").await;
    assert!(house.cluster.fence(&dead.region, &dead.node, dead.beat).await.unwrap());
    let report = house.run().await;
    assert_eq!((report.reaped_in_all(), report.totals().unwrap().fenced), (1, 0));
    assert_eq!((house.connections().await, house.state(&dead).await), (0, NodeState::Reaped));
}

#[tokio::test(start_paused = true)]
async fn a_home_whose_table_does_not_answer_holds_up_no_other() {
    for mute in [Mute::Refuses, Mute::HangsFor(None)] {
        let (house, other) = (House::new(), House::new());
        house.dead("dead").await;
        let broken = Interrupted {
            inner: other.cluster.clone(),
            mute,
            is_muted: AtomicBool::new(true),
            unseen: Vec::new(),
        };
        let mut ports = other.ports();
        ports.cluster = Arc::new(broken);
        let elsewhere = HomeRegion::parse("aws-us-east-1").unwrap();
        let sweep = sweep_of(Homes::new(elsewhere, ports).with(home(), house.ports()));
        sweep.run().await;
        sleep(MINUTE).await;
        let begun = Instant::now();
        let reports = sweep.run().await;
        assert!(begun.elapsed() <= RUN_MAX);
        let failed: Vec<_> = reports.iter().map(|report| report.failure.is_some()).collect();
        assert_eq!((failed, house.connections().await), (vec![false, true], 0));
    }
}

#[tokio::test(start_paused = true)]
async fn who_could_not_look_for_a_while_watches_for_a_whole_lease_again() {
    let house = House::new();
    house.dead("dead").await;
    let broken = Arc::new(Interrupted {
        inner: house.cluster.clone(),
        mute: Mute::Refuses,
        is_muted: AtomicBool::new(false),
        unseen: Vec::new(),
    });
    let mut ports = house.ports();
    ports.cluster = broken.clone();
    let sweep = sweep_of(Homes::new(home(), ports));
    let begun = Instant::now();
    let (reports, ()) = tokio::join!(sweep.run(), async {
        sleep(Duration::from_secs(15)).await;
        broken.is_muted.store(true, Ordering::SeqCst);
        sleep(Duration::from_secs(4)).await;
        broken.is_muted.store(false, Ordering::SeqCst);
    });
    assert!(begun.elapsed() >= Duration::from_secs(19) + LEASE, "{:?}", begun.elapsed());
    assert_eq!((reports[0].reaped_in_all(), house.connections().await), (1, 0));
    assert_eq!(reports[0].failure, None, "all was done in the end");
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_in_time_whatever_its_stores_do() {
    let house = House::new();
    house.dead("dead").await;
    let slow = Mute::HangsFor(Some(Duration::from_millis(1_900)));
    let broken = Interrupted {
        inner: house.cluster.clone(),
        mute: slow,
        is_muted: AtomicBool::new(true),
        unseen: Vec::new(),
    };
    let mut ports = house.ports();
    ports.cluster = Arc::new(broken);
    let begun = Instant::now();
    sweep_of(Homes::new(home(), ports)).run().await;
    assert!(begun.elapsed() <= RUN_MAX, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn metrics_are_told_by_home_and_region() {
    let house = House::new();
    let beating = house.beating("alive").await;
    let namespace = MetricsNamespace::parse("WireSocket/staging").unwrap();
    let mut metrics = embedded_metrics(&[house.run().await], &namespace, 1_772_030_400_000);
    let names = ["Connections", "NodesUp", "NodesDraining", "NodesReaped"];
    let expected = json!({
        "_aws": {
            "Timestamp": 1_772_030_400_000_u64,
            "CloudWatchMetrics": [{
                "Namespace": "WireSocket/staging",
                "Dimensions": [["Home", "Region"]],
                "Metrics": names.map(|name| json!({"Name": name, "Unit": "Count"})),
            }],
        },
        "Home": HOME, "Region": "eu-central-1",
        "Connections": 7, "NodesUp": 1, "NodesDraining": 0, "NodesReaped": 0,
    });
    assert_eq!((metrics.pop(), metrics.pop()), (Some(expected), None));
    beating.abort();
}
