//! A function's set-up: from its environment to the ports that its routes work on. What is said there is read once, and
//! everything that is wrong with it is told at once. Nothing is fetched here: clients connect when they are first used.

mod alerting;
mod environment;
mod front;
mod homes;
mod keys;
mod lookups;
mod mistakes;
mod operators;
mod registry;
mod sweep;
mod table;
mod usage;
mod variables;

pub use alerting::alerting;
pub use environment::Environment;
pub use lookups::lookups;
pub use mistakes::{Mistake, Mistakes};
pub use operators::{platform, reports};
pub use registry::issuer;
pub use sweep::sweep;
