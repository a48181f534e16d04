use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// What a server says of itself (`INFO`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerState {
    /// Drawn at each start.
    run_id: String,
    /// Drawn when it becomes a master: so one that was a replica for a while is not the same as before.
    replication_id: String,
    /// Whether it takes writes.
    pub(super) is_master: bool,
    /// Whether it still reads what it had saved.
    pub(super) is_loading: bool,
    /// Whether it is one of a cluster.
    pub(super) in_cluster: bool,
    /// Which keys it drops when its memory is full.
    maxmemory_policy: String,
}

impl ServerState {
    /// Reads the answer to `INFO`.
    pub(super) fn parse(info: &str) -> Self {
        let fields: HashMap<&str, &str> =
            info.lines().filter_map(|line| line.trim_end().split_once(':')).collect();
        let field = |name: &str| fields.get(name).copied().unwrap_or_default();
        Self {
            run_id: field("run_id").to_owned(),
            replication_id: field("master_replid").to_owned(),
            is_master: field("role") != "slave",
            is_loading: field("loading") == "1",
            in_cluster: field("cluster_enabled") == "1",
            maxmemory_policy: field("maxmemory_policy").to_owned(),
        }
    }

    /// Its policy, where that drops keys for want of memory.
    fn eviction(&self) -> Option<&str> {
        let policy = self.maxmemory_policy.as_str();
        (!policy.is_empty() && policy != "noeviction").then_some(policy)
    }

    fn identity(&self) -> String {
        let role = if self.is_master { "master" } else { "replica" };
        format!("{} {} {role}", self.run_id, self.replication_id)
    }
}

fn warn_of_eviction(policy: &str) {
    tracing::warn!(
        policy,
        "redis drops keys when its memory is full, and with them documents that nobody has open: set \
         maxmemory-policy to noeviction"
    );
}

/// Which servers hold the keys, as far as anyone has looked; tells whoever waits when they are others than before.
#[derive(Debug, Default)]
pub(super) struct Masters {
    known: Mutex<Option<BTreeSet<String>>>,
    changes: watch::Sender<u64>,
    told: AtomicU64,
}

impl Masters {
    /// Notes what all masters say of themselves.
    pub(super) fn saw(&self, states: &[ServerState]) {
        let seen: BTreeSet<String> = states.iter().map(ServerState::identity).collect();
        let mut known = self.known.lock();
        let changed = known.as_ref().is_some_and(|known| *known != seen);
        if changed || known.is_none() {
            states.iter().filter_map(ServerState::eviction).take(1).for_each(warn_of_eviction);
        }
        *known = Some(seen);
        if changed {
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// Whether there were changes that nobody was told of. Whoever asks has been told.
    pub(super) fn tell(&self) -> bool {
        let changes = *self.changes.borrow();
        self.told.swap(changes, Ordering::Relaxed) != changes
    }

    /// Wakes at the next change.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Server\r\nrun_id:aaaa\r\n# Persistence\r\nloading:0\r\n# Replication\r\nrole:master\r\n\
        master_replid:bbbb\r\nslave0:ip=127.0.0.1,port=1\r\n# Cluster\r\ncluster_enabled:1\r\n";

    fn state(info: &str) -> [ServerState; 1] {
        [ServerState::parse(info)]
    }

    #[test]
    fn what_a_server_says_is_read() {
        let [state] = state(INFO);
        assert_eq!((state.run_id.as_str(), state.replication_id.as_str()), ("aaaa", "bbbb"));
        assert!(state.is_master && state.in_cluster && !state.is_loading);
        let [replica] = self::state("role:slave\r\nloading:1\r\ncluster_enabled:0\r\n");
        assert!(!replica.is_master && !replica.in_cluster && replica.is_loading);
    }

    #[test]
    fn a_server_that_drops_keys_is_told_from_one_that_does_not() {
        let [state] = state("maxmemory_policy:volatile-lru\r\n");
        assert_eq!(state.eviction(), Some("volatile-lru"));
        for info in ["maxmemory_policy:noeviction\r\n", ""] {
            assert_eq!(ServerState::parse(info).eviction(), None);
        }
    }

    #[test]
    fn a_restart_a_promotion_and_a_demotion_are_changes_and_the_first_sight_is_none() {
        let masters = Masters::default();
        masters.saw(&state(INFO));
        masters.saw(&state(INFO));
        assert!(!masters.tell());
        for (from, to) in [("aaaa", "cccc"), ("bbbb", "dddd"), ("role:master", "role:slave")] {
            masters.saw(&state(&INFO.replace(from, to)));
            assert!(masters.tell(), "{to}");
            assert!(!masters.tell(), "{to}");
            masters.saw(&state(INFO));
            masters.tell();
        }
    }

    #[test]
    fn a_change_that_nobody_waited_for_is_told_to_the_next() {
        let masters = Masters::default();
        masters.saw(&state(INFO));
        masters.saw(&state("run_id:eeee"));
        assert!(masters.tell());
    }
}
