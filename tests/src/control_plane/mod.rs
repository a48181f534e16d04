//! What the control plane promises, as tests for whatever serves it: the router in a process, the Lambda functions, and
//! a deployed stack.
//!
//! `house_tests::control_plane_suite!(target)` makes a `#[tokio::test]` of each case. The target is an expression, which
//! may await, and gives a [`Target`]. What a deployed stack can't show is in suites of its own:
//! `control_plane_addresses!` asks from addresses of its choice, `control_plane_preflights!` as a browser does before
//! it asks, and `control_plane_outages!` lets the store fail. A case brings a tenant, an app and a client address of
//! its own, so cases may share what they ask. Every answer is held against `/openapi.json`.
#![allow(clippy::missing_panics_doc, reason = "a case fails by panicking")]

pub mod addresses;
mod ask;
mod caller;
mod described;
pub mod description;
pub mod discovery;
pub mod garbage;
mod in_process;
pub mod key_sets;
pub mod outages;
pub mod platform;
pub mod preflights;
pub mod rates;
pub mod refresh_tokens;
pub mod refusals;
pub mod reports;
mod suites;
mod target;
pub mod tokens;
pub mod usage;
pub mod webhooks;
mod world;

pub use ask::{Ask, refusal};
pub use caller::{Caller, Credentials};
pub use described::{Described, description as http_description};
pub use in_process::{InProcess, ask_router};
pub use target::Target;
pub use world::{DEAD_REGION, EMPTY_HOME, HOME, OTHER_REGION, REGION, StoresAt, VaultKey, World, url_of};
