//! Ops per minute: one purse an app, shared by all its documents on this node.
//!
//! [`domain::ops::Purse`] decides; here it is locked, driven against the region's gate, and waited for.

mod app_purse;
mod driver;
mod purses;

pub use app_purse::{AppPurse, Taken};
pub use purses::Purses;
