//! Stores that fail as networks make them fail: for tests and the simulator.
//!
//! [`Faults::wrap`] puts a [`Faulty`] around any adapter; it implements the same port. Chance comes from one
//! seed, so a run on one thread happens again with the same seed. Delays wait on tokio's clock, which a test
//! pauses.

mod alerts;
mod api_keys;
mod documents;
mod faulty;
mod plan;
mod ports;
mod refresh_families;

pub use faulty::Faulty;
pub use plan::{FaultPlan, Faults};
