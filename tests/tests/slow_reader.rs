//! A client that does not read costs the server a bounded amount of memory, and nothing else.

use house_tests::raw_client::{Ending, RawClient};
use house_tests::{Agent, FLAVOURS, Opening, PATIENCE, Plan, Server, gauge, wire, within};

/// Bytes of one op. Each op deletes what the one before it typed, so that the document stays as small.
const OP_BYTES: usize = 64 * 1024;
/// Ops of one flood: 512 MiB, far more than the server may grow, and less than the 2^31 clock ticks of a client.
const FLOOD_OPS: usize = 8 * 1024;
/// How much the server may grow meanwhile: backlogs, inboxes, and what its store buffers on the way to disk.
const GROWTH_KIB_MAX: u64 = 224 * 1024;
/// Ops between two looks at the server.
const OPS_BETWEEN_LOOKS: usize = 16;

/// A client that writes at full speed, and the most memory that the server was seen to have.
struct Writer<'a> {
    server: &'a Server,
    client: RawClient,
    typist: wire::Typist,
    page: String,
    peak_kib: u64,
}

impl Writer<'_> {
    async fn write_page(&mut self) {
        let update = self.typist.replaces_all_by(&self.page);
        within(PATIENCE, "the server takes an op", self.client.send(wire::update_message(&update))).await;
    }

    /// Writes at most a flood, and stops early where a session was closed with 1013. Says whether one was.
    async fn flood_until_somebody_is_too_slow(&mut self) -> bool {
        for op in 0..FLOOD_OPS {
            self.write_page().await;
            if op % OPS_BETWEEN_LOOKS == 0 {
                self.peak_kib = self.peak_kib.max(self.server.resident_kib());
                let closes = gauge(self.server.address(), r#"wiresocket_closes_total{code="1013"}"#).await;
                if closes > 0.0 {
                    return true;
                }
            }
        }
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_is_closed_with_1013_in_bounded_memory_and_a_reconnect_converges() {
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan::roomy());
    let mut slow = RawClient::join(server.address(), "/doc", &token).await.expect("there is room");
    let client = RawClient::join(server.address(), "/doc", &token).await.expect("there is room");
    let before_kib = server.resident_kib();
    let typist = wire::Typist::new(5);
    let mut writer =
        Writer { server: &server, client, typist, page: "p".repeat(OP_BYTES), peak_kib: before_kib };

    assert!(writer.flood_until_somebody_is_too_slow().await, "the slow reader was not closed");
    // It wakes up and reads what there is, while the writer goes on.
    let awake = tokio::spawn(async move { slow.ending().await });
    for _ in 0..FLOOD_OPS {
        writer.write_page().await;
        writer.peak_kib = writer.peak_kib.max(server.resident_kib());
    }
    let ending = awake.await.expect("reading does not fail");
    assert_eq!(ending, Ending::Closed(1013, "Try again later".into()));
    let growth_kib = writer.peak_kib - before_kib;
    println!("the server grew by {growth_kib} KiB from {before_kib} KiB");
    assert!(growth_kib < GROWTH_KIB_MAX, "the server grew by {growth_kib} KiB");

    writer.page = "the end".into();
    writer.write_page().await;
    let opening = Opening { flavour: FLAVOURS[1], url: server.url(), room: "doc".into(), token };
    let agent = Agent::start();
    let returned = agent.open("returned", &opening).await;
    returned.synced().await;
    returned.text_is("the end").await;
}
