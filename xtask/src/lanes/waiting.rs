/// Tests that wait for most of their time, and don't mind when an answer comes: for drains, graces (10 s), flushes and windows of
/// rates (60 s), retries, clients that reconnect. They start servers of their own at ports of their own. One after the other, they
/// run beside what works all the time: unit tests, simulations, hostile bytes.
pub(super) const WAITING: &[&str] = &[
    "crates/stores/conformance_redis_gate",
    "crates/stores/redis_connection",
    "crates/stores/redis_interrupted",
    "crates/stores/redis_rate_gate",
    "tests/archive",
    "tests/connection_count",
    "tests/deployed",
    "tests/limits",
    "tests/live_usage",
    "tests/slow_reader",
    "tests/stock_clients",
    "tests/sweep",
    "tests/tokens_deployed",
    "tests/webhooks",
];

/// Tests in which several processes race, die or are counted over a minute, and take both cores while they do: what runs beside
/// them would change what they see. They run when nothing else does.
pub(super) const ALONE: &[&str] = &[
    "tests/adversaries",
    "tests/chaos",
    "tests/fleet_failures",
    "tests/fleet_ops",
    "tests/fleet_races",
    "tests/fleet_rates",
    "tests/fleet_redis",
    "tests/fleet_relay",
    "tests/fleet_storm",
    "tests/neighbours",
    "tests/several_nodes",
];
