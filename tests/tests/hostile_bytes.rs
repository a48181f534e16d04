//! Bytes that no client sends. Whatever arrives, the node stays healthy and its other sessions go on.

use futures_util::future::join_all;
use house_tests::raw_client::{Ending, RawClient};
use house_tests::{
    Agent, DataFolder, FLAVOURS, Opening, PATIENCE, Plan, Server, StockClient, http, wire, within,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server, and two stock clients that talk to each other while it is attacked.
struct Siege<'a> {
    server: &'a Server,
    writer: StockClient<'a>,
    reader: StockClient<'a>,
    token: String,
}

impl<'a> Siege<'a> {
    async fn begin(server: &'a Server, agent: &'a Agent) -> Self {
        let token = server.token(&Plan::roomy());
        let opening = Opening {
            flavour: FLAVOURS[1],
            url: server.url(),
            room: "besieged".into(),
            token: token.clone(),
        };
        let writer = agent.open("writer", &opening).await;
        let reader = agent.open("reader", &opening).await;
        writer.synced().await;
        reader.synced().await;
        Self { server, writer, reader, token }
    }

    /// Asserts that the two still talk, over the connections they began with, and that the node is healthy.
    async fn assert_goes_on(&self, after: &str) {
        let mark = format!("<{after}>");
        self.writer.insert(0, &mark).await;
        self.reader.text_has(&[&mark]).await;
        for client in [&self.writer, &self.reader] {
            assert_eq!(client.report().await["closes"], 0, "{after}");
        }
        let health = http::get(self.server.address(), "/health", &[]).await;
        assert_eq!(health.json()["status"], json!("healthy"), "{after}");
    }

    /// A TCP stream on which the upgrade has been accepted.
    async fn upgraded(&self) -> TcpStream {
        let client = RawClient::join(self.server.address(), "/besieged", &self.token).await;
        client.expect("there is room").into_stream()
    }
}

/// Reads until the server ends the connection, by a close or a reset.
async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let outcome = within(PATIENCE, "the server ends the connection", stream.read_to_end(&mut bytes)).await;
    match outcome {
        Ok(_) => bytes,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => bytes,
        Err(error) => panic!("{error}"),
    }
}

/// The close code in the last frame of what a server sent unmasked, if it is a close.
fn close_code(bytes: &[u8]) -> Option<u16> {
    const CLOSE: u8 = 0x88;
    let at = bytes.iter().rposition(|byte| *byte == CLOSE)?;
    let code = bytes.get(at + 2..at + 4)?;
    Some(u16::from_be_bytes([code[0], code[1]]))
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_break_the_protocol_end_their_own_connection_alone() {
    let (server, _data) = Server::fresh().await;
    let agent = Agent::start();
    let siege = Siege::begin(&server, &agent).await;
    let masked = [0, 0, 0, 0];
    let cases: [(&str, Vec<u8>, &[u16]); 9] = [
        ("garbage", b"\xde\xad\xbe\xef garbage, and more of it".to_vec(), &[1002]),
        ("an unmasked frame", vec![0x82, 2, 0, 0], &[1002]),
        ("a reserved bit", [&[0xc2, 0x80], &masked[..]].concat(), &[1002]),
        ("a reserved opcode", [&[0x83, 0x80], &masked[..]].concat(), &[1002]),
        ("a continuation of nothing", [&[0x80, 0x80], &masked[..]].concat(), &[1002]),
        ("a fragmented ping", [&[0x09, 0x80], &masked[..]].concat(), &[1002]),
        ("a ping of 126 bytes", [&[0x89, 0xfe, 0, 126], &masked[..], &[0; 126]].concat(), &[1002]),
        ("a length of 2^63", [&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], &masked[..]].concat(), &[1002, 1009]),
        ("a length of 2^40", [&[0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0], &masked[..]].concat(), &[1009]),
    ];
    let before_kib = server.resident_kib();
    for (what, bytes, codes) in cases {
        let mut stream = siege.upgraded().await;
        stream.write_all(&bytes).await.expect("the upgrade was accepted");
        let code = close_code(&read_to_end(&mut stream).await);
        assert!(code.is_some_and(|code| codes.contains(&code)), "{what}: {code:?}");
        siege.assert_goes_on(what).await;
    }
    let growth_kib = server.resident_kib().saturating_sub(before_kib);
    assert!(growth_kib < 64 * 1024, "forged lengths made the server grow by {growth_kib} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_cut_short_changes_nothing() {
    let (server, _data) = Server::fresh().await;
    let agent = Agent::start();
    let siege = Siege::begin(&server, &agent).await;
    for bytes in
        [&[0x82][..], &[0x82, 0xfe, 1], &[0x82, 0x8a, 0, 0, 0, 0, 0, 2], &[0x02, 0x81, 0, 0, 0, 0, 0]]
    {
        let mut stream = siege.upgraded().await;
        stream.write_all(bytes).await.expect("the upgrade was accepted");
        stream.shutdown().await.expect("a client may stop writing");
        read_to_end(&mut stream).await;
        siege.assert_goes_on(&format!("{bytes:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_endless_fragments_is_closed_with_1009() {
    let (server, _data) = Server::fresh().await;
    let agent = Agent::start();
    let siege = Siege::begin(&server, &agent).await;
    let stream = siege.upgraded().await;
    let (mut reading, mut writing) = stream.into_split();
    let flood = tokio::spawn(async move {
        let fragment_bytes: u16 = 60_000;
        let length = fragment_bytes.to_be_bytes();
        let body = vec![0; usize::from(fragment_bytes)];
        let fragment = |opcode| [&[opcode, 0xfe, length[0], length[1], 0, 0, 0, 0], &*body].concat();
        let mut sent = writing.write_all(&fragment(0x02)).await;
        while sent.is_ok() {
            sent = writing.write_all(&fragment(0x00)).await;
        }
    });
    let mut answer = Vec::new();
    // A server that closes while the flood goes on may have to reset the connection.
    let ended = within(PATIENCE, "the flood is ended", reading.read_to_end(&mut answer)).await;
    assert!(close_code(&answer) == Some(1009) || ended.is_err(), "{answer:?}");
    flood.abort();
    siege.assert_goes_on("endless fragments").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_mutated_at_random_reach_no_neighbour_and_hurt_nobody() {
    const MUTANTS: usize = 400;
    let (server, _data) = Server::fresh().await;
    let agent = Agent::start();
    let siege = Siege::begin(&server, &agent).await;
    let mut chance = StdRng::seed_from_u64(0x5eed);
    for batch in 0..MUTANTS / 40 {
        let attacks = (0..40).map(|_| {
            let message = mutant(&mut chance);
            let (address, token) = (server.address(), siege.token.clone());
            async move {
                let joined = RawClient::join(address, &format!("/pit-{batch}"), &token).await;
                let mut client = joined.expect("there is room");
                client.send(message.clone()).await;
                client.send_text("the end of the attack").await;
                let ending = client.ending().await;
                let closes = [1003, 1007, 1011];
                let expected = matches!(&ending, Ending::Closed(code, _) if closes.contains(code));
                assert!(expected, "{message:02x?} ended with {ending:?}");
            }
        });
        join_all(attacks.collect::<Vec<_>>()).await;
        siege.assert_goes_on(&format!("batch {batch}")).await;
    }
}

/// A valid message with some of its bytes changed, added or cut off.
fn mutant(chance: &mut StdRng) -> Vec<u8> {
    let mut typist = wire::Typist::new(chance.random_range(1..1 << 50));
    let mut message = match chance.random_range(0..4) {
        0 => wire::sync_step_1(),
        1 => wire::awareness_message(chance.random_range(0..1 << 50), 1, r#"{"user":{"name":"x"}}"#),
        2 => wire::update_message(&typist.types("some text")),
        _ => {
            let _ = typist.types("first");
            wire::update_message(&typist.replaces_all_by("second"))
        }
    };
    for _ in 0..chance.random_range(1..6) {
        let at = chance.random_range(0..message.len());
        match chance.random_range(0..4) {
            0 => message[at] = chance.random_range(0..=u8::MAX),
            1 => message.insert(at, chance.random_range(0..=u8::MAX)),
            2 => message.insert(at, 0xff),
            _ => message.truncate(at.max(1)),
        }
    }
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_never_end_are_ended_and_keep_nobody_out() {
    const LINGERING: usize = 500;
    let data = DataFolder::fresh();
    let server = Server::start(&data, &[]).await;
    let agent = Agent::start();
    let siege = Siege::begin(&server, &agent).await;
    let beginnings: [&[u8]; 4] =
        [b"", b"G", b"GET /doc HTTP/1.1\r\nHost: x\r\nUpgr", b"GET /doc HTTP/1.1\r\nX: "];
    let address = server.address();
    let lingering = (0..LINGERING).map(|n| async move {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        stream.write_all(beginnings[n % beginnings.len()]).await.expect("the server accepts");
        stream
    });
    let lingering = join_all(lingering.collect::<Vec<_>>()).await;
    siege.assert_goes_on("half requests").await;
    for mut stream in lingering {
        read_to_end(&mut stream).await;
    }
    siege.assert_goes_on("ended requests").await;
}

/// A byte now and then keeps a connection busy, and must not keep it open.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_byte_by_byte_is_ended() {
    const BYTE_EVERY: Duration = Duration::from_millis(200);
    let (server, _data) = Server::fresh().await;
    let stream = TcpStream::connect(server.address()).await.expect("the server listens");
    let (mut reading, mut writing) = stream.into_split();
    let trickle = tokio::spawn(async move {
        let bytes = b"GET /doc HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat(&b'x'));
        let mut pace = tokio::time::interval(BYTE_EVERY);
        for byte in bytes {
            pace.tick().await;
            if writing.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    let ended = within(PATIENCE, "the trickle is ended", reading.read_to_end(&mut answer)).await;
    assert!(ended.is_err() || answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{answer:?}");
    trickle.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_are_answered_or_ended() {
    let (server, _data) = Server::fresh().await;
    let agent = Agent::start();
    let siege = Siege::begin(&server, &agent).await;
    let long_header =
        [b"GET /doc HTTP/1.1\r\nHost: x\r\nX: ".to_vec(), vec![b'a'; 1 << 20], b"\r\n\r\n".to_vec()];
    let long_line = [b"GET /".to_vec(), vec![b'a'; 1 << 20], b" HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()];
    let requests: [Vec<u8>; 5] = [
        vec![0; 4096],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n".to_vec(),
        b"SSH-2.0-nobody\r\n\r\n".to_vec(),
        long_header.concat(),
        long_line.concat(),
    ];
    for request in requests {
        let mut stream = TcpStream::connect(server.address()).await.expect("the server listens");
        // The server may end the connection while this is being sent.
        let _ = stream.write_all(&request).await;
        let answer = read_to_end(&mut stream).await;
        let refused = answer.is_empty() || answer.starts_with(b"HTTP/1.1 4");
        assert!(refused, "{:?}", String::from_utf8_lossy(&answer));
        siege.assert_goes_on("a request that is none").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_quick_connects_leave_nothing_behind() {
    const CONNECTS: usize = 3_000;
    const AT_ONCE: usize = 100;
    let (server, _data) = Server::fresh().await;
    let agent = Agent::start();
    let siege = Siege::begin(&server, &agent).await;
    for wave in 0..CONNECTS / AT_ONCE {
        let connects = (0..AT_ONCE).map(|n| {
            let (address, token) = (server.address(), siege.token.clone());
            async move {
                match (wave + n) % 3 {
                    0 => drop(TcpStream::connect(address).await),
                    1 => drop(RawClient::connect(address, "/quick", &token).await),
                    _ => drop(RawClient::connect(address, "/quick", "nonsense").await),
                }
            }
        });
        join_all(connects).await;
    }
    siege.assert_goes_on("quick connects").await;
    let only_two_left = async || {
        let count = house_tests::usage(server.address(), &siege.token).await;
        (count.connections == 2).then_some(())
    };
    house_tests::eventually("only the two sessions are counted", only_two_left).await;
}
