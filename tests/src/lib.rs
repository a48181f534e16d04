//! The harness of the house tests: a real server process, stock clients in Node, raw clients in Rust, and what
//! reads the server from outside.
//!
//! A test starts a [`Server`] on a [`DataFolder`], gives its clients a token made for the [`Plan`] that it
//! needs, and drives stock clients through an [`Agent`] or raw ones through [`raw_client`]. Everything stops
//! when it is dropped. The harness panics where it can't do its work: to a test that is a failure.

mod admin;
mod agent;
mod api_key;
mod backstage;
mod binary;
pub mod control_plane;
mod crowd;
pub mod deployed;
mod dynamo;
mod fault_proxy;
mod fleet;
mod functions;
mod gauges;
pub mod house;
pub mod http;
mod kernel;
pub mod lambda;
mod ledger_watch;
mod limits;
mod live_client;
mod node;
mod process;
pub mod raw_client;
mod recording;
mod redis;
mod served_node;
mod server;
mod signer;
mod table;
mod tokens;
mod typing;
mod waiting;
pub mod wire;

pub use admin::{Admin, Credentials, access_token, post_form};
pub use agent::{Agent, FLAVOURS, Opening, StockClient};
pub use api_key::{enter_api_key, enter_tenant_key};
pub use binary::{syncd, wiresocket};
pub use crowd::{Attempt, Raced, race};
pub use dynamo::{Dynamo, DynamoAnswer, ask_dynamo};
pub use fault_proxy::{
    Counts, Delay, FaultProxy, Faults, LedgerWriter, LedgerWrites, LostReply, Outage, Tally,
};
pub use fleet::{Fleet, FleetNode, FleetPlan, Metering, SharedDocuments, Verifies};
pub use functions::FunctionsProcess;
pub use gauges::{Count, gauge, usage};
pub use kernel::established;
pub use ledger_watch::{LedgerWatch, Watched};
pub use limits::raise_file_limit;
pub use live_client::LiveClient;
pub use node::{NodeProcess, clients_folder};
pub use recording::Recording;
pub use redis::{Keeps, RedisServer, Reply, Wire, ask_redis};
pub use served_node::ServedNode;
pub use server::{DataFolder, Server};
pub use signer::{Plan, Signer, unix_seconds};
pub use table::{LedgerItem, NodeItem, PinItem, TableReader};
pub use tokens::{Token, tokens_in};
pub use typing::{Typing, typed_session};
pub use waiting::{PATIENCE, eventually, within};
