//! A replica that takes over without what its master acknowledged last.

use super::*;
use servers::redis::{Make, RedisServer};
use servers::switch::Switch;

/// A master, a replica that has all it had, and a name that leads to the master.
struct Pair {
    master: RedisServer,
    replica: RedisServer,
    name: Switch,
}

impl Pair {
    async fn start(make: Make) -> Self {
        let (master, replica) = (RedisServer::start(make), RedisServer::start(make));
        let name = Switch::start(master.address()).await;
        let () = replica.ask(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
        Self { master, replica, name }
    }

    fn url(&self) -> RedisUrl {
        format!("redis://{}", self.name.address()).parse().unwrap()
    }

    /// Waits until the replica has what the master has.
    async fn in_step(&self) {
        let says = |server: &RedisServer, what: &str| -> Option<String> {
            let said: String = server.ask(&["INFO", "replication"]);
            said.lines().find_map(|line| line.strip_prefix(what)).map(str::to_owned)
        };
        until("replication", || {
            says(&self.replica, "master_link_status:").is_some_and(|status| status == "up")
                && says(&self.replica, "slave_repl_offset:") == says(&self.master, "master_repl_offset:")
        })
        .await;
    }

    /// From here on the replica gets nothing, and is a master itself; the name still leads to the old one.
    fn part(&self) {
        let () = self.replica.ask(&["REPLICAOF", "NO", "ONE"]);
    }

    fn take_over(&self) {
        self.name.lead_to(self.replica.address());
        self.master.stop();
    }
}

#[tokio::test]
async fn a_replica_without_the_last_appends_is_noticed_at_the_next_check() {
    for make in [Make::Redis, Make::Valkey] {
        let pair = Pair::start(make).await;
        let watched = Watched::with_content(pair.url(), Retention::For(DAY)).await;
        pair.in_step().await;
        pair.part();
        watched.append(3, "4").await.unwrap();
        pair.take_over();
        assert_eq!(answered(async || watched.check(4).await).await, Err(DocumentsError::Lost));
        assert_eq!(answered(async || watched.append(4, "5").await).await, Err(DocumentsError::Lost));
        let opened = watched.open(FIRST).await.unwrap();
        let expected = Opened { updates: ["1 2", "3"].map(update).to_vec(), position: Position(3) };
        assert_eq!(opened, expected);
        watched.compact(3, "1 2 3 4").await.unwrap();
        watched.append(3, "5").await.unwrap();
        assert_eq!(watched.content().await, ["1 2 3 4", "5"].map(update));
    }
}

#[tokio::test]
async fn a_replica_without_the_last_owners_opening_is_noticed_by_its_first_append() {
    let pair = Pair::start(Make::Redis).await;
    let watched = Watched::with_content(pair.url(), Retention::For(DAY)).await;
    pair.in_step().await;
    pair.part();
    let end = watched.open(NEXT).await.unwrap().position;
    pair.take_over();
    let append = async || watched.store.append(&watched.key, NEXT, end, &[update("4")]).await;
    assert_eq!(answered(append).await, Err(DocumentsError::Lost));
}

#[tokio::test]
async fn a_replica_without_the_last_compaction_has_the_log_instead() {
    let pair = Pair::start(Make::Redis).await;
    let watched = Watched::with_content(pair.url(), Retention::For(DAY)).await;
    pair.in_step().await;
    pair.part();
    watched.compact(3, "1 2 3").await.unwrap();
    pair.take_over();
    assert_eq!(answered(async || watched.append(3, "4").await).await, Ok(Position(4)));
    let opened = answered(async || watched.open(FIRST).await).await.unwrap();
    assert_eq!(opened.updates, ["1 2", "3", "4"].map(update));
}

#[tokio::test]
async fn whoever_waits_is_told_of_a_takeover() {
    let pair = Pair::start(Make::Redis).await;
    let watched = Watched::with_content(pair.url(), Retention::Kept).await;
    pair.in_step().await;
    pair.part();
    pair.take_over();
    tokio::time::timeout(PATIENCE, watched.store.interrupted()).await.unwrap();
    assert_eq!(answered(async || watched.check(3).await).await, Ok(()));
}
