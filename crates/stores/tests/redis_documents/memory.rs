//! What a document takes of the server's memory.

use super::*;
use servers::redis::{Make, valkey_server};

/// What a document takes beside its state that is smaller than that: a page of its log, and its keys.
const SMALL: u64 = 6 * 1024;

fn memory(watched: &Watched) -> u64 {
    let of = |part| watched.ask::<u64>(&["MEMORY", "USAGE"], part, &["SAMPLES", "0"]);
    watched.parts().into_iter().map(of).sum()
}

/// A document of one state, whose log is as long as its owner lets it grow, by updates of so many bytes each.
async fn before_its_compaction(url: RedisUrl, state_bytes: usize, update_bytes: usize) -> Watched {
    let watched = Watched::new(url, Retention::For(DAY));
    watched.open(FIRST).await.unwrap();
    let state = Bytes::from(vec![7; state_bytes]);
    watched.store.compact(&watched.key, FIRST, Position(0), state).await.unwrap();
    let bounds = watched.store.log_bounds();
    let updates = [Bytes::from(vec![7; update_bytes])];
    for entries in 1.. {
        let end = watched.store.append(&watched.key, FIRST, Position(0), &updates).await.unwrap();
        assert_eq!(end, Position(entries));
        if bounds.are_reached(entries + 1, (entries as usize + 1) * update_bytes, state_bytes) {
            break;
        }
    }
    watched
}

#[tokio::test]
async fn a_document_takes_at_most_twice_its_state() {
    for server in [redis_server, valkey_server] {
        for state_bytes in [100, 3_000, 6_200, 12_300, 17_000, 33_000, 66_000] {
            for update_bytes in [12, 30, 150] {
                let watched = before_its_compaction(server(), state_bytes, update_bytes).await;
                let (taken, state_bytes) = (memory(&watched), state_bytes as u64);
                assert!(
                    taken <= state_bytes + state_bytes.max(SMALL),
                    "{taken} bytes for a state of {state_bytes} and updates of {update_bytes}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_released_document_takes_little_more_than_its_state() {
    let watched = before_its_compaction(redis_server(), 100_000, 30).await;
    let end = watched.open(FIRST).await.unwrap().position;
    let state = Bytes::from(vec![7; 150_000]);
    watched.store.compact(&watched.key, FIRST, end, state).await.unwrap();
    watched.expire().await.unwrap();
    assert_eq!(watched.parts(), [Part::Head, Part::State]);
    let taken = memory(&watched);
    assert!(taken < 170_000, "{taken}");
}

/// What `MEMORY USAGE` leaves out: the tables of keys and their ends, and what the allocator rounds up.
#[tokio::test]
async fn a_server_takes_as_much_as_its_documents() {
    let server = RedisServer::start(Make::Redis);
    let used = || -> u64 {
        let said: String = server.ask(&["INFO", "memory"]);
        said.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap().trim().parse().unwrap()
    };
    let store = documents(&url_of(&server), Retention::For(DAY));
    let (state_bytes, update_bytes, count) = (20_000, 30, 100);
    let entries = (1..).find(|&n| store.log_bounds().are_reached(n, n as usize * update_bytes, state_bytes));
    let entries = entries.unwrap() - 1;
    let before = used();
    for n in 0..count {
        let key = key(&format!("d{n}"));
        store.open(&key, FIRST).await.unwrap();
        store.compact(&key, FIRST, Position(0), Bytes::from(vec![7; state_bytes])).await.unwrap();
        for _ in 0..entries {
            store.append(&key, FIRST, Position(0), &[Bytes::from(vec![7; update_bytes])]).await.unwrap();
        }
    }
    let each = (used() - before) / count;
    assert!(each <= 2 * state_bytes as u64, "{each} bytes for a state of {state_bytes}");
}
