//! What clients see when their region's Redis dies, stands still, is slow, comes back empty or fails over, and when all
//! nodes of the region die: no request hangs, and nothing is lost that anyone but its author was shown.
#![allow(clippy::print_stdout, reason = "how long a recovery took is printed")]

use futures_util::future::join_all;
use house_tests::raw_client::Ending;
use house_tests::{
    Agent, Fleet, FleetPlan, Keeps, LiveClient, Opening, Plan, Recording, RedisServer, StockClient, Token,
    Typing, eventually, gauge, http, wire,
};
use std::time::{Duration, Instant};

/// What a busy machine may add to a promised time.
const SLACK: Duration = Duration::from_secs(3);
/// The longest that a handshake waits for a store that does not answer: one call.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5).saturating_add(SLACK);
/// How long sessions wait for a store to come back before they are told that nothing can be stored.
const TOLD_WITHIN: Duration = Duration::from_secs(2).saturating_add(SLACK);

fn later() -> Ending {
    Ending::Closed(1013, "Try again later".into())
}

/// Two clients of one document, the second of them at a node that does not hold it, who type for each other.
struct Pair {
    writer: LiveClient,
    reader: LiveClient,
    typists: [wire::Typist; 2],
    typed: u64,
}

impl Pair {
    async fn join(fleet: &Fleet, token: &str) -> Self {
        let writer = join(fleet, 0, token).await.expect("there is room");
        let reader = join(fleet, 1, token).await.expect("there is room");
        Self { writer, reader, typists: [wire::Typist::new(1), wire::Typist::new(2)], typed: 0 }
    }

    /// Each types, and the other sees it.
    async fn type_on(&mut self) {
        let [one, other] = self.next_marks();
        self.writer.types(&mut self.typists[0], one);
        self.reader.sees(one).await;
        self.reader.types(&mut self.typists[1], other);
        self.writer.sees(other).await;
    }

    fn next_marks(&mut self) -> [Token; 2] {
        let number = self.typed;
        self.typed += 1;
        [1, 2].map(|author| Token { author, number })
    }

    /// Somebody who joins there sees all that these two have seen of each other.
    async fn is_all_at(&self, fleet: &Fleet, node: usize, token: &str) {
        let newcomer = join_when_served(fleet, node, token).await;
        for number in 0..self.typed {
            for author in [1, 2] {
                newcomer.sees(Token { author, number }).await;
            }
        }
    }
}

async fn join(fleet: &Fleet, node: usize, token: &str) -> Result<LiveClient, Ending> {
    LiveClient::join(fleet[node].address(), "/d", token).await
}

/// Asks for a document, and is told before long that its store is away.
async fn is_refused(fleet: &Fleet, node: usize, path: &str, token: &str) {
    let asked = Instant::now();
    let refused = LiveClient::join(fleet[node].address(), path, token).await.err();
    let took = asked.elapsed();
    println!("node {node} refused {path} after {took:.1?}");
    assert_eq!(refused, Some(later()));
    assert!(took < ANSWERED_WITHIN, "a handshake took {took:?}");
}

async fn join_when_served(fleet: &Fleet, node: usize, token: &str) -> LiveClient {
    eventually("the document is served", async || join(fleet, node, token).await.ok()).await
}

async fn region(nodes: usize, keeps: Keeps) -> (Fleet, String) {
    let fleet = Fleet::start(FleetPlan::of(nodes).on_redis(keeps)).await;
    let token = fleet.token(&Plan::roomy());
    (fleet, token)
}

async fn health(fleet: &Fleet, node: usize) -> String {
    let answer = http::get(fleet[node].address(), "/health", &[]).await;
    answer.json()["status"].as_str().expect("health has a status").to_owned()
}

/// While Redis is away: nobody is shown what is not stored, and whoever comes is told so before long.
async fn is_served_by_nobody(fleet: &Fleet, pair: &mut Pair, token: &str) {
    let began = Instant::now();
    let [hidden, _] = pair.next_marks();
    pair.typed -= 1;
    pair.writer.types(&mut pair.typists[0], hidden);
    assert_eq!(pair.writer.ending().await, later());
    assert_eq!(pair.reader.ending().await, later());
    println!("sessions were told after {:.1?}", began.elapsed());
    assert!(began.elapsed() < TOLD_WITHIN, "sessions were told after {:?}", began.elapsed());
    for node in [0, 1] {
        is_refused(fleet, node, "/d", token).await;
    }
    eventually("the node that holds the document says that Redis is away", async || {
        (health(fleet, 0).await == "degraded").then_some(())
    })
    .await;
    println!("its node was degraded after {:.1?}", began.elapsed());
    // The other has nothing to ask Redis for until somebody wants a document that is open nowhere.
    is_refused(fleet, 1, "/unopened", token).await;
    eventually("a node that is asked for documents says so too", async || {
        // Who comes back at once is held for a while besides.
        assert_eq!(LiveClient::join(fleet[1].address(), "/unopened", token).await.err(), Some(later()));
        (health(fleet, 1).await == "degraded").then_some(())
    })
    .await;
    println!("the other was degraded after {:.1?}", began.elapsed());
}

#[tokio::test]
async fn a_redis_that_dies_and_comes_back_loses_nobody_an_edit() {
    let (mut fleet, token) = region(2, Keeps::Everything).await;
    let mut pair = Pair::join(&fleet, &token).await;
    for _ in 0..20 {
        pair.type_on().await;
    }
    fleet.redis_mut().kill().await;
    is_served_by_nobody(&fleet, &mut pair, &token).await;
    fleet.redis_mut().restart().await;
    let back = Instant::now();
    pair.is_all_at(&fleet, 1, &token).await;
    println!("served again {:.1?} after Redis was back", back.elapsed());
    eventually("health", async || (health(&fleet, 0).await == "healthy").then_some(())).await;
    fleet[0].kill().await;
    pair.is_all_at(&fleet, 1, &token).await;
}

#[tokio::test]
async fn a_redis_that_stands_still_keeps_nobody_waiting() {
    let (fleet, token) = region(2, Keeps::Nothing).await;
    let mut pair = Pair::join(&fleet, &token).await;
    for _ in 0..20 {
        pair.type_on().await;
    }
    fleet.redis().freeze();
    is_served_by_nobody(&fleet, &mut pair, &token).await;
    fleet.redis().thaw();
    let back = Instant::now();
    pair.is_all_at(&fleet, 1, &token).await;
    println!("served again {:.1?} after Redis went on", back.elapsed());
}

#[tokio::test]
async fn a_slow_redis_makes_edits_slow_and_ends_nothing() {
    let (fleet, token) = region(2, Keeps::Nothing).await;
    let mut pair = Pair::join(&fleet, &token).await;
    pair.type_on().await;
    fleet.wire().takes(Duration::from_millis(100));
    for _ in 0..10 {
        pair.type_on().await;
    }
    pair.is_all_at(&fleet, 0, &token).await;
    assert_eq!((pair.writer.ended(), pair.reader.ended()), (None, None));
    fleet.wire().takes(Duration::ZERO);
    pair.type_on().await;
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_is_given_what_its_nodes_hold() {
    let (mut fleet, token) = region(2, Keeps::Nothing).await;
    let mut pair = Pair::join(&fleet, &token).await;
    for _ in 0..20 {
        pair.type_on().await;
    }
    fleet.redis_mut().restart_empty().await;
    let back = Instant::now();
    eventually("the document is written down again, though nobody types", async || {
        (gauge(fleet[0].address(), "wiresocket_documents_rewritten_total").await >= 1.0).then_some(())
    })
    .await;
    println!("written down again {:.1?} after Redis came back empty", back.elapsed());
    fleet[0].kill().await;
    pair.is_all_at(&fleet, 1, &token).await;
}

#[tokio::test]
async fn a_replica_that_lacks_the_last_edits_is_given_them_when_it_takes_over() {
    let (mut fleet, token) = region(2, Keeps::Nothing).await;
    let mut pair = Pair::join(&fleet, &token).await;
    pair.type_on().await;
    let replica = fleet.redis().replica().await;
    pair.type_on().await;
    eventually("the replica has followed", async || follows(fleet.redis(), &replica).await.then_some(()))
        .await;
    // From here on it hears no more, as a replica does whose primary dies before it has told.
    replica.promote().await;
    for _ in 0..20 {
        pair.type_on().await;
    }
    fleet.redis_mut().kill().await;
    fleet.wire().leads_to(replica.address());
    let over = Instant::now();
    eventually("the document is written down again", async || {
        (gauge(fleet[0].address(), "wiresocket_documents_rewritten_total").await >= 1.0).then_some(())
    })
    .await;
    println!("written down again {:.1?} after the failover", over.elapsed());
    fleet[0].kill().await;
    pair.is_all_at(&fleet, 1, &token).await;
}

/// Whether a replica has all that its primary has.
async fn follows(primary: &RedisServer, replica: &RedisServer) -> bool {
    let mut offsets = Vec::new();
    for server in [primary, replica] {
        let told = house_tests::ask_redis(server.address(), &["INFO", "replication"]).await;
        let told = told.map(|reply| reply.text()).unwrap_or_default();
        let offset = told.lines().find_map(|line| line.trim().strip_prefix("master_repl_offset:"));
        offsets.push(offset.unwrap_or_default().to_owned());
    }
    offsets[0] == offsets[1]
}

/// Documents of one writer and one reader each.
const DOCUMENTS: usize = 20;
/// Transactions of the recording that each writer makes at once.
const STEP: usize = 25;

#[tokio::test]
async fn what_anyone_was_shown_outlives_every_node_of_the_region() {
    let (mut fleet, token) = region(3, Keeps::Nothing).await;
    let typing = Typing { seed: 20_261_122, writers: 1, rounds: 40 };
    let recording = Recording::named_or_typed("rustcode.json.gz", typing);
    let (writers, readers) = (Agent::start(), Agent::start());
    let opening = |fleet: &Fleet, document: usize, node: usize| Opening {
        flavour: "y-websocket 3",
        url: fleet[node].url(),
        room: format!("recorded-{document}"),
        token: token.clone(),
    };
    let mut couples = Vec::new();
    for document in 0..DOCUMENTS {
        let writer = writers.open(&format!("w{document}"), &opening(&fleet, document, document % 3)).await;
        writer.synced().await;
        let reader =
            readers.open(&format!("r{document}"), &opening(&fleet, document, (document + 1) % 3)).await;
        reader.synced().await;
        couples.push((writer, reader));
    }
    let replaying = async {
        loop {
            join_all(couples.iter().map(|(writer, _)| writer.replay(&recording, STEP))).await;
        }
    };
    // The nodes die in the midst of it, when every reader has seen a good part.
    let reading = join_all(couples.iter().map(|(_, reader)| async move {
        eventually("a reader has seen a part", async || {
            (reader.read().await.len() > 20 * STEP).then_some(())
        })
        .await;
    }));
    tokio::select! {
        () = replaying => {}
        _ = reading => {}
    }
    for node in 0..3 {
        fleet[node].kill().await;
    }
    let mut seen = Vec::new();
    for (writer, reader) in couples {
        reader.disconnected().await;
        seen.push(reader.state().await);
        // Neither comes back.
        reader.leave().await;
        writer.leave().await;
    }
    fleet[2].start().await;
    for (document, state) in seen.iter().enumerate() {
        let heir: StockClient<'_> =
            readers.open(&format!("h{document}"), &opening(&fleet, document, 2)).await;
        heir.synced().await;
        assert!(heir.has(state).await, "document {document} lacks what its reader had seen");
        heir.leave().await;
    }
}
