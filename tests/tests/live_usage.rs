//! What reports say of recorded sessions on two nodes, one of which is killed in the middle, beside what their clients have sent
//! and what they were refused.
#![allow(clippy::print_stdout, reason = "what was counted where is printed")]

use house_tests::http::get;
use house_tests::raw_client::{Ending, RawClient};
use house_tests::wire::{Typist, update_message};
use house_tests::{
    Agent, Fleet, FleetNode, FleetPlan, FunctionsProcess, LiveClient, NodeProcess, Opening, Plan, Recording,
    StockClient, Typing, unix_seconds, within,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::sleep;

/// Transactions that the writer makes at a time, and how many times.
const STEP: usize = 40;
const STEPS: usize = 16;
/// How long the session of two writers may take.
const REPLAY_PATIENCE: Duration = Duration::from_secs(240);

/// How old a report may be (SPEC section 6.2).
const REPORTED_WITHIN: Duration = Duration::from_secs(5 * 60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What somebody has sent, was refused, or has counted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sent {
    handshakes: u64,
    ops: u64,
}

impl Sent {
    /// What a stock client has sent to a node.
    fn to(node: &str, sent: &Value) -> Self {
        let of = |what: &str| sent[node][what].as_u64().unwrap_or_default();
        Self { handshakes: of("handshakes"), ops: of("ops") }
    }

    fn and(self, other: Self) -> Self {
        Self { handshakes: self.handshakes + other.handshakes, ops: self.ops + other.ops }
    }
}

/// Two nodes, and where reports of them are had.
struct Stage {
    fleet: Fleet,
    functions: FunctionsProcess,
    key: String,
}

impl Stage {
    async fn set() -> Self {
        let fleet = Fleet::start(FleetPlan::of(2).metered()).await;
        let functions = FunctionsProcess::start(&fleet, &["--rate-limits", "off"]).await;
        let key = fleet.tenant_key().await;
        Self { fleet, functions, key }
    }

    fn token(&self, plan: &Plan) -> String {
        self.fleet.token(&Plan { app: "recorded", ..*plan })
    }

    fn opening(&self, node: usize, room: &str) -> Opening {
        let (url, token) = (self.fleet[node].url(), self.token(&Plan::roomy()));
        Opening { flavour: "y-websocket 3", url, room: room.to_owned(), token }
    }

    /// The report of an app's endpoint over yesterday and today, as a session may last over midnight.
    async fn report(&self, app: &str, endpoint: &str) -> Report {
        let from = domain::calendar::Hour::of_unix_s(unix_seconds()).day().minus(1);
        let path = format!("/v1/usage/{app}?from={from}&granularity=day&endpoint={endpoint}");
        let key = format!("Bearer {}", self.key);
        let answer = get(self.functions.address(), &path, &[("Authorization", &key)]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        Report::told(&answer.json())
    }
}

/// What a report says of an endpoint.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    requests: u64,
    errors: u64,
    refused: BTreeMap<String, u64>,
}

impl Report {
    fn told(report: &Value) -> Self {
        let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("no number in {report}"));
        let mut refused = BTreeMap::new();
        for bucket in report["timeseries"].as_array().expect("a series is a list") {
            for (reason, count) in bucket["refused"].as_object().expect("reasons are named") {
                *refused.entry(reason.clone()).or_default() += number(count);
            }
        }
        Self { requests: number(&report["total_requests"]), errors: number(&report["total_errors"]), refused }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_what_clients_sent_but_for_what_a_killed_node_had_not_written_down() {
    let mut stage = Stage::set().await;
    let names = [0, 1].map(|node| stage.fleet[node].address().to_string());
    let friends = Friends::begin(&stage).await;
    let agent = Agent::start();
    let (writer, witness) = session_with_a_death(&agent, &mut stage).await;
    let refused = refusals(&stage).await;
    let mut sent = [Sent::default(); 2];
    for told in [writer.has_sent().await, witness.has_sent().await].iter().chain(&friends.end().await) {
        sent = [0, 1].map(|node| sent[node].and(Sent::to(&names[node], told)));
    }
    sent[1].handshakes += refused.values().sum::<u64>();

    let written = written_down(&stage.fleet[0]);
    let least = written.and(sent[1]);
    within(REPORTED_WITHIN, "the report has all that the clients sent", async {
        loop {
            let reports = (stage.report("recorded", "ops").await, stage.report("recorded", "connect").await);
            if reports.0.requests >= least.ops && reports.1.requests >= least.handshakes {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    })
    .await;
    // Whatever it might count twice is written down by its end.
    stage.fleet[1].begin_drain();
    assert!(stage.fleet[1].drained().await.success());
    let (ops, connects) = (stage.report("recorded", "ops").await, stage.report("recorded", "connect").await);
    println!("sent {sent:?}, the killed node wrote {written:?}; reported {ops:?}, {connects:?}");
    assert!(sent[0].ops > 100 && sent[1].ops > 100 && written.ops > 0, "both nodes had their part");
    assert_eq!(Sent { handshakes: connects.requests, ops: ops.requests }, least);
    assert!(
        written.ops <= sent[0].ops && written.handshakes <= sent[0].handshakes,
        "{written:?} of {sent:?}"
    );
    assert_eq!((ops.errors, connects.refused), (0, refused));
}

/// A writer on the first node and a reader on the second, until the first is killed; then both on the second.
async fn session_with_a_death<'a>(agent: &'a Agent, stage: &mut Stage) -> (StockClient<'a>, StockClient<'a>) {
    let typing = Typing { seed: 20_261_122, writers: 1, rounds: 20 };
    let recording = Recording::named_or_typed("rustcode.json.gz", typing);
    let writer = agent.open("writer", &stage.opening(0, "code")).await;
    writer.synced().await;
    let witness = agent.open("witness", &stage.opening(1, "code")).await;
    witness.synced().await;
    for step in 0..STEPS {
        writer.replay(&recording, STEP).await;
        match step {
            _ if step == STEPS / 2 => {
                // What the node has got of this step it has not written down yet.
                stage.fleet[0].kill().await;
                writer.disconnected().await;
                writer.moves_to(&stage.fleet[1].url()).await;
            }
            _ => witness.text_is(&writer.read().await).await,
        }
        if step + 1 == STEPS / 2 {
            wrote_something(&stage.fleet[0]).await;
        }
    }
    writer.synced_again(2).await;
    witness.text_is(&writer.read().await).await;
    (writer, witness)
}

/// Nodes write usage down each minute.
async fn wrote_something(node: &FleetNode) {
    within(REPORTED_WITHIN, "the first node writes usage down", async {
        while written_down(node).ops == 0 {
            sleep(LOOK_EVERY).await;
        }
    })
    .await;
}

/// What a node's own log says that it has written down.
fn written_down(node: &FleetNode) -> Sent {
    let log = node.log();
    let lines = log.lines().filter(|line| line.contains("usage of a period is written down"));
    lines.fold(Sent::default(), |sum, line| {
        let (requests, ops) = (field(line, " requests="), field(line, " ops="));
        sum.and(Sent { handshakes: requests - ops, ops })
    })
}

fn field(line: &str, name: &str) -> u64 {
    let number = line.split(name).nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no{name} in {line:?}"))
}

/// Clients whose tokens allow less than there is: by reason, how many were told so.
async fn refusals(stage: &Stage) -> BTreeMap<String, u64> {
    let few = stage.token(&Plan { connections: 1, ..Plan::roomy() });
    let alone = stage.token(&Plan { users: 1, ..Plan::roomy() });
    let mut refused = BTreeMap::new();
    for (code, token) in [(4004, &few), (4008, &alone), (4004, &few), (4004, &few)] {
        let ending =
            RawClient::join(stage.fleet[1].address(), "/code", token).await.expect_err("it is refused");
        assert!(matches!(&ending, Ending::Closed(told, _) if *told == code), "{ending:?}");
        *refused.entry(code.to_string()).or_default() += 1;
    }
    refused
}

/// The recorded session of two writers, on the second node.
struct Friends {
    writers: Vec<NodeProcess>,
    _recording: Recording,
}

impl Friends {
    async fn begin(stage: &Stage) -> Self {
        let typing = Typing { seed: 20_261_123, writers: 2, rounds: 10 };
        let recording = Recording::named_or_typed("friendsforever.json.gz", typing);
        let Opening { url, token, room, .. } = stage.opening(1, "friends");
        let start = |agent: usize| {
            let argument = json!({"recording": recording.path(), "agent": agent, "url": url, "room": room, "params": {"token": token}});
            NodeProcess::start("replay.mjs", &argument)
        };
        let mut writers: Vec<NodeProcess> = (0..recording.writers).map(start).collect();
        for writer in &mut writers {
            assert_eq!(writer.next("a writer is connected").await, json!({"ready": true}));
        }
        for writer in &mut writers {
            writer.write_line("go").await;
        }
        Self { writers, _recording: recording }
    }

    /// Waits for the session's end. Returns what each writer has sent.
    async fn end(mut self) -> Vec<Value> {
        let mut sent = Vec::new();
        for writer in &mut self.writers {
            sent.push(writer.next_within(REPLAY_PATIENCE, "a writer's end").await["sent"].clone());
        }
        sent
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_op_past_the_limit_is_a_request_and_an_error_and_a_drained_node_loses_nothing() {
    let mut stage = Stage::set().await;
    let token = stage.fleet.token(&Plan { app: "busy", ops: 10, ..Plan::roomy() });
    let client = LiveClient::join(stage.fleet[1].address(), "/doc", &token).await.expect("there is room");
    let mut typist = Typist::new(1);
    for _ in 0..11 {
        client.send(update_message(&typist.types("a")));
    }
    let ending = within(REPLAY_PATIENCE, "the refusal", client.ending()).await;
    assert!(matches!(ending, Ending::Closed(4006, _)), "{ending:?}");
    stage.fleet[1].begin_drain();
    assert!(stage.fleet[1].drained().await.success());
    let log = stage.fleet[1].log();
    let end =
        log.lines().find(|line| line.contains("usage is written down")).expect("a drained node says so");
    assert_eq!(field(end, " lost="), 0);
    let refused = BTreeMap::from([("4006".to_owned(), 1)]);
    assert_eq!(stage.report("busy", "ops").await, Report { requests: 11, errors: 1, refused });
    let handshake = Report { requests: 1, errors: 0, refused: BTreeMap::new() };
    assert_eq!(stage.report("busy", "connect").await, handshake);
}
