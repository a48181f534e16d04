/// Tests that wait for most of their time: for leases to end (20 s), drains, graces (10 s), windows of rates (60 s), retries, clients
/// that reconnect. A lane each, of about equal length. They start servers of their own at ports of their own, so that no two use
/// anything together, but for those of what is deployed, which share a lane.
///
/// Not among them is what works all the time, and would take the cores from whoever waits for a server to answer: unit tests,
/// simulations, crowds, hostile bytes. That is the lane of all the rest, one after the other.
pub(super) const WAITING: [&[&str]; 2] = [
    &[
        "tests/deployed",
        "tests/fleet_ops",
        "tests/fleet_relay",
        "tests/limits",
        "tests/live_usage",
        "tests/slow_reader",
        "tests/tokens_deployed",
    ],
    &[
        "crates/stores/conformance_redis_gate",
        "crates/stores/redis_connection",
        "crates/stores/redis_interrupted",
        "crates/stores/redis_rate_gate",
        "tests/archive",
        "tests/connection_count",
        "tests/fleet_failures",
        "tests/fleet_redis",
        "tests/stock_clients",
        "tests/sweep",
    ],
];
