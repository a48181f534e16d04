//! Clients with good tokens, or none, that ask for more than their share. The others are served meanwhile.

use futures_util::future::{join_all, try_join_all};
use house_tests::raw_client::{Ending, RawClient};
use house_tests::{
    DataFolder, PATIENCE, Plan, Server, eventually, gauge, http, unix_seconds, usage, wire, within,
};
use serde_json::json;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use tokio::io::{AsyncWriteExt, sink};
use tokio::task::JoinSet;

/// How long a neighbour of an adversary may wait for an answer. What the tests are about takes for ever instead,
/// or gigabytes.
const NEIGHBOURS_PATIENCE: Duration = Duration::from_secs(10);
/// How much a server may grow for clients that ask and do not read.
const GROWTH_KIB_MAX: u64 = 200 * 1024;
const AWARENESS_QUERY: [u8; 1] = [3];
/// What the answer to the query begins with.
const AWARENESS: [u8; 1] = [1];
/// Sync step 2 with an update of no structs and no deletions: an answer that is no op.
const EMPTY_STEP_2: [u8; 5] = [0, 1, 2, 0, 0];

/// A client's frame: masked with zeros, of at most 125 bytes.
fn small_frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("the frame is small");
    [&[first_byte, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

/// Sends `beginning` and then `frame` again and again, as fast as the server takes it, and throws away what
/// comes back. Ends with the connection.
async fn flood(client: RawClient, beginning: Vec<u8>, frame: Vec<u8>) {
    let (mut reading, mut writing) = client.into_stream().into_split();
    let many = frame.repeat(20_000);
    let write = async {
        let mut sent = writing.write_all(&beginning).await;
        while sent.is_ok() {
            sent = writing.write_all(&many).await;
        }
    };
    let mut nowhere = sink();
    // However the connection ends: the flood is over.
    let _ = tokio::join!(write, tokio::io::copy(&mut reading, &mut nowhere));
}

/// Asks for the document and waits for it: all that the client sent before was worked off.
async fn is_answered(client: &mut RawClient) -> Result<(), Ending> {
    client.send(wire::sync_step_1()).await;
    while !wire::is_sync_step_2(&client.next().await?) {}
    Ok(())
}

async fn join(server: &Server, path: &str, token: &str) -> RawClient {
    RawClient::join(server.address(), path, token).await.expect("there is room")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_pings_or_empty_fragments_keeps_nobody_from_the_node() {
    const FLOODS: [&str; 4] = ["/flood-1", "/flood-2", "/flood-3", "/flood-4"];
    let first_fragment = small_frame(0x02, &AWARENESS_QUERY);
    let floods = [
        ("pings", Vec::new(), small_frame(0x89, &[])),
        ("pongs", Vec::new(), small_frame(0x8a, &[])),
        ("empty fragments", first_fragment, small_frame(0x00, &[])),
    ];
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan::roomy());
    let mut neighbour = join(&server, "/neighbour", &token).await;
    for (what, beginning, frame) in floods {
        let flooders = join_all(FLOODS.map(|path| join(&server, path, &token))).await;
        let mut running = JoinSet::new();
        for flooder in flooders {
            running.spawn(flood(flooder, beginning.clone(), frame.clone()));
        }
        within(NEIGHBOURS_PATIENCE, &format!("an answer during {what}"), async {
            for _ in 0..3 {
                is_answered(&mut neighbour).await.expect("the neighbour did nothing");
            }
        })
        .await;
        let newcomer = Box::pin(join(&server, "/newcomer", &token));
        let newcomer = within(NEIGHBOURS_PATIENCE, &format!("a newcomer during {what}"), newcomer).await;
        let health = http::get(server.address(), "/health", &[]);
        let health = within(NEIGHBOURS_PATIENCE, &format!("/health during {what}"), health).await;
        assert_eq!(health.status, 200, "{what}");
        assert!(running.try_join_next().is_none(), "the {what} went on all the while");
        running.shutdown().await;
        drop(newcomer);
    }
}

/// Lets a client ask `question` again and again without reading. It is closed, and the server stays small.
async fn ask_without_reading(server: &Server, mut asker: RawClient, question: &[u8], times: usize) {
    let before_kib = server.peak_resident_kib();
    let asking = async {
        for _ in 0..times {
            asker.send(question.to_vec()).await;
        }
    };
    within(PATIENCE, "the server takes the questions", asking).await;
    eventually("the asker is closed", async || {
        let closes = gauge(server.address(), r#"wiresocket_closes_total{code="1013"}"#).await;
        (closes > 0.0).then_some(())
    })
    .await;
    assert_eq!(asker.ending().await, Ending::Closed(1013, "Try again later".into()));
    let growth_kib = server.peak_resident_kib() - before_kib;
    assert!(growth_kib < GROWTH_KIB_MAX, "{question:?}: the server grew by {growth_kib} KiB");
}

/// 64 states of 65 kB are 4 MB to an asker; the second half of a text of 8 MiB is as much as it looks.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_for_megabytes_and_reads_nothing_is_closed_in_bounded_memory() {
    const STATES: u64 = 64;
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan::roomy());
    let mut asker = join(&server, "/awareness", &token).await;
    let state = format!("\"{}\"", "s".repeat(65_000));
    for client in 1..=STATES {
        asker.send(wire::awareness_message(client, 1, &state)).await;
    }
    is_answered(&mut asker).await.expect("states may be as large");
    ask_without_reading(&server, asker, &AWARENESS_QUERY, 400).await;

    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan::roomy());
    let mut asker = join(&server, "/text", &token).await;
    let mut typist = wire::Typist::new(7);
    for text in ["x", &"y".repeat(8 << 20)] {
        asker.send(wire::update_message(&typist.types(text))).await;
    }
    is_answered(&mut asker).await.expect("an update may be as large");
    // Of client 7 it has one character.
    let step_1_with_a_part = [0, 0, 3, 1, 7, 1];
    ask_without_reading(&server, asker, &step_1_with_a_part, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_expired_tokens_in_a_loop_are_held_and_then_answered_429() {
    const HELD_MAX: usize = 1024;
    const HOLD_MIN: Duration = Duration::from_secs(2);
    for reason in ["Invalid token: signature", "Invalid token: expired"] {
        let (server, _data) = Server::fresh().await;
        let good = server.token(&Plan::default());
        let token = if reason.ends_with("expired") {
            let mut claims = Plan::default().claims();
            claims["exp"] = json!(unix_seconds() - 3600);
            server.signer().sign(&json!({}), &claims)
        } else {
            let foreign = server.token(&Plan::roomy());
            let (_, foreign_signature) = foreign.rsplit_once('.').expect("a JWT has three parts");
            let (message, _) = good.rsplit_once('.').expect("a JWT has three parts");
            format!("{message}.{foreign_signature}")
        };
        let refusal = Ending::Closed(4002, reason.into());
        let knock = async || RawClient::connect(server.address(), "/doc", &token).await;
        assert_eq!(knock().await.expect("an upgrade").ending().await, refusal);
        let mut second = knock().await.expect("an upgrade");
        let since = Instant::now();
        assert_eq!(second.ending().await, refusal);
        assert!(since.elapsed() >= HOLD_MIN, "{reason}: held for {:?} only", since.elapsed());

        let mut held = Vec::new();
        let turned_away = loop {
            match knock().await {
                Ok(client) => held.push(client),
                Err(ending) => break ending,
            }
            assert!(held.len() < 8 * HELD_MAX, "{reason}: nobody is turned away");
        };
        assert_eq!(turned_away, Ending::Refused(429), "{reason}");
        assert!(held.len() >= HELD_MAX, "{reason}: turned away after {}", held.len());
        join(&server, "/doc", &good).await.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn joiners_of_a_new_document_at_the_limit_all_get_in_when_one_in_grace_gives_way() {
    const ROUNDS: usize = 10;
    const JOINERS: usize = 6;
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan { documents: 1, ..Plan::default() });
    let everybody_left = async || {
        let left = async || (usage(server.address(), &token).await.connections == 0).then_some(());
        eventually("everybody left", left).await;
    };
    for round in 0..ROUNDS {
        let mut first = join(&server, &format!("/first-{round}"), &token).await;
        // Something to store, so that the end of the document takes a moment.
        first.send(wire::update_message(&wire::Typist::new(9).types(&"z".repeat(1 << 20)))).await;
        first.leave().await;
        everybody_left().await;
        let path = format!("/second-{round}");
        let joiners = (0..JOINERS).map(|_| RawClient::join(server.address(), &path, &token));
        let joined = try_join_all(joiners).await.expect("one in grace gives way to all of them");
        join_all(joined.into_iter().map(RawClient::leave)).await;
        everybody_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_steps_2_never_cost_an_app_its_ops() {
    const OPS: u64 = 200;
    let (server, _data) = Server::fresh().await;
    for app in ["one", "two", "three", "four", "five"] {
        let token = server.token(&Plan { app, ops: OPS, ..Plan::default() });
        let idler = join(&server, "/idle", &token).await;
        let mut running = JoinSet::new();
        running.spawn(flood(idler, Vec::new(), small_frame(0x82, &EMPTY_STEP_2)));
        let mut writer = join(&server, "/busy", &token).await;
        let mut typist = wire::Typist::new(3);
        for tens in 1..=OPS / 10 {
            for _ in 0..10 {
                writer.send(wire::update_message(&typist.types("o"))).await;
            }
            assert_eq!(is_answered(&mut writer).await, Ok(()), "ops up to {tens}0 of {OPS} a minute");
        }
        assert!(running.try_join_next().is_none(), "the flood went on all the while");
        running.shutdown().await;
    }
}

/// An update of that many items, each of one character at the beginning of the same text.
fn costly_update(items: u64) -> Vec<u8> {
    const ITEM: [u8; 6] = [4, 1, 1, b't', 1, b'x'];
    let mut update = vec![1];
    wire::write_uint(&mut update, items);
    update.extend([1, 0]);
    update.extend(ITEM.repeat(usize::try_from(items).expect("it fits in memory")));
    update.push(0);
    update
}

/// As many costly documents as the server has threads: without care, nobody would be left to serve the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_costly_update_of_one_document_leaves_the_others_served() {
    const ITEMS: u64 = 1_000_000;
    let costly = available_parallelism().map_or(2, usize::from);
    let data = DataFolder::fresh();
    let server = Server::start(&data, &["--documents", "memory"]).await;
    let token = server.token(&Plan::roomy());
    let mut neighbour = join(&server, "/neighbour", &token).await;
    let mut writers = Vec::new();
    for n in 0..costly {
        writers.push(join(&server, &format!("/costly-{n}"), &token).await);
    }
    let received = async || gauge(server.address(), "wiresocket_messages_received_total").await;
    let before = received().await;
    let update = wire::update_message(&costly_update(ITEMS));
    let mut running = JoinSet::new();
    for mut writer in writers {
        let update = update.clone();
        running.spawn(async move {
            writer.send(update).await;
            writer.send(AWARENESS_QUERY.to_vec()).await;
            while !writer.next().await?.starts_with(&AWARENESS) {}
            Ok::<(), Ending>(())
        });
    }
    let all_in_work = async || (received().await >= before + costly as f64).then_some(());
    eventually("the costly updates are being worked on", all_in_work).await;
    for _ in 0..3 {
        is_answered(&mut neighbour).await.expect("the neighbour did nothing");
    }
    assert!(running.try_join_next().is_none(), "the neighbour was answered only behind the costly updates");
    while let Some(answer) = running.join_next().await {
        answer.expect("asking does not fail").expect("a costly update is no offence");
    }
}

#[tokio::test]
async fn preflights_are_answered_on_every_path_and_a_documents_path_asks_for_an_upgrade_by_any_method() {
    let (server, _data) = Server::fresh().await;
    let ask = async |method: &str, path: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nOrigin: https://app.example\r\n\
             Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n\r\n",
            server.address()
        );
        http::raw(server.address(), request.as_bytes()).await
    };
    for path in ["/", "/health", "/metrics", "/usage", "/discovery?documentName=a", "/doc", "/no/document"] {
        let answer = ask("OPTIONS", path).await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-headers"), Some("Authorization"), "{path}");
        assert!(answer.header("access-control-allow-methods").is_some_and(|m| m.contains("GET")), "{path}");
        assert!(answer.header("x-request-id").is_some(), "{path}");
    }
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        let answer = ask(method, "/doc").await;
        assert_eq!(answer.status, 426, "{method}");
        assert_eq!(answer.header("upgrade"), Some("websocket"), "{method}");
        assert_eq!(answer.header("sec-websocket-version"), Some("13"), "{method}");
    }
}
