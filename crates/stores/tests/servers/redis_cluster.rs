use super::redis::{Make, RedisServer, free_port};
use std::time::{Duration, Instant};

/// Slots of a cluster.
const SLOTS: u32 = 16_384;
/// How long the servers may take to agree.
const AGREE_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Three Valkeys, each with a third of the slots, that agree on who they are.
pub(crate) fn three_masters() -> Vec<RedisServer> {
    let servers: Vec<_> = (0..3).map(|_| RedisServer::with(Make::Valkey, clustered)).collect();
    for (nth, server) in (0..).zip(&servers) {
        let (first, last) = (SLOTS * nth / 3, SLOTS * (nth + 1) / 3 - 1);
        let () = server.ask(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
        // Else they would agree on epochs only after a collision.
        let () = server.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(nth + 1).to_string()]);
    }
    for server in &servers[1..] {
        let bus = bus_port(server);
        let () = servers[0].ask(&["CLUSTER", "MEET", "127.0.0.1", &server.port().to_string(), &bus]);
    }
    servers.iter().for_each(wait_until_agreed);
    servers
}

fn clustered(port: u16) -> Vec<String> {
    let bus = free_port();
    let args = format!(
        "--port {port} --cluster-enabled yes --cluster-port {bus} --cluster-node-timeout 2000 \
         --cluster-config-file nodes.conf"
    );
    args.split_whitespace().map(str::to_owned).collect()
}

fn bus_port(server: &RedisServer) -> String {
    let [_, port]: [String; 2] = server.ask(&["CONFIG", "GET", "cluster-port"]);
    port
}

fn wait_until_agreed(server: &RedisServer) {
    let begun = Instant::now();
    loop {
        let state: String = server.ask(&["CLUSTER", "INFO"]);
        let slots: Vec<redis::Value> = server.ask(&["CLUSTER", "SLOTS"]);
        if state.contains("cluster_state:ok") && slots.len() == 3 {
            return;
        }
        assert!(begun.elapsed() < AGREE_WITHIN, "the cluster does not agree: {state}");
        std::thread::sleep(LOOK_EVERY);
    }
}
