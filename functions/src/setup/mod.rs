//! A function's set-up: from its environment to the ports that its routes work on. What is said there is read once, and
//! everything that is wrong with it is told at once. Nothing is fetched here: clients connect when they are first used.

mod environment;
mod front;
mod homes;
mod keys;
mod lookups;
mod mistakes;
mod registry;
mod sweep;
mod table;
mod variables;

pub use environment::Environment;
pub use lookups::lookups;
pub use mistakes::{Mistake, Mistakes};
pub use registry::issuer;
pub use sweep::sweep;
