//! What each count makes of a server that does wrong, or does right in an unusual way.

use crate::modes::Task;
use crate::modes::awareness::Awareness;
use crate::modes::churn::Churn;
use crate::modes::fake::{Fault, with_fake};
use crate::modes::fanout::Fanout;
use crate::modes::idle::Idle;
use crate::modes::saturation::Saturation;
use serde_json::{Value, json};

fn line(fault: Fault, task: &impl Task) -> Value {
    with_fake(fault, async |server| match task.run(&server).await {
        Ok(run) => run.to_json(task.name(), &task.parameters(), "fake"),
        Err(error) => json!({"error": error.to_string()}),
    })
}

const FANOUT: Fanout = Fanout { sessions: 4, rate: 40, seconds: 1, warmup: 0 };

#[test]
fn each_update_counts_once_a_reader() {
    let line = line(Fault::None, &FANOUT);
    assert_eq!(line["complete"], true, "{line}");
    assert_eq!(line["counts"]["deliveries"], 120);
    assert_eq!(line["latency_ms"]["count"], 120);
}

#[test]
fn a_merged_message_counts_for_each_update_in_it() {
    let line = line(Fault::Merges, &FANOUT);
    assert_eq!(line["complete"], true, "{line}");
    assert_eq!(line["counts"]["deliveries"], 120);
}

#[test]
fn a_dropped_update_is_lost_to_each_reader() {
    let line = line(Fault::Drops, &FANOUT);
    assert_eq!(line["complete"], false, "{line}");
    assert_eq!((&line["counts"]["lost"], &line["counts"]["deliveries"]), (&json!(3), &json!(117)));
}

#[test]
fn a_window_of_one_still_moves() {
    let line = line(Fault::None, &Saturation { sessions: 3, seconds: 1, warmup: 0, window: 1 });
    assert_eq!(line["complete"], true, "{line}");
    assert_eq!(line["counts"]["deliveries"].as_u64(), line["counts"]["updates"].as_u64().map(|n| 2 * n));
    assert!(line["counts"]["updates"].as_u64() > Some(10));
}

#[test]
fn every_state_counts_once_for_each_other_session() {
    let line = line(Fault::None, &Awareness { sessions: 4, rate: 5, seconds: 1, warmup: 1 });
    assert_eq!(line["complete"], true, "{line}");
    assert_eq!((&line["counts"]["states"], &line["counts"]["own_states"]), (&json!(60), &json!(20)));
}

#[test]
fn no_refusal_is_passed_over() {
    let refused = line(Fault::Status(429), &Churn { concurrency: 2, handshakes: 5, warmup: 2, documents: 1 });
    assert_eq!((&refused["complete"], &refused["refusals"]), (&json!(false), &json!({"http 429": 7})));
    let closed = line(Fault::Closes(4004), &Churn { concurrency: 2, handshakes: 5, warmup: 2, documents: 1 });
    assert_eq!((&closed["complete"], &closed["refusals"]), (&json!(false), &json!({"close 4004": 7})));
    let nobody = line(Fault::Status(503), &FANOUT);
    assert_eq!(nobody["error"], "no session could be opened: {\"http 503\":4}");
}

#[test]
fn idle_sessions_are_counted_at_the_end() {
    let line = line(Fault::None, &Idle { connections: 7, documents: 2, settle: 0 });
    assert_eq!(line["counts"], json!({"handshakes": 7, "open_at_end": 7}));
}
