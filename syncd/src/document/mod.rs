//! An open document: one task that owns it, and the handle that everybody else has.

mod archiving;
mod handle;
mod log;
mod members;
mod opening;
mod ops;
mod release;
mod renewal;
mod storing;
mod task;
mod unstored;

pub(crate) use handle::{DocumentHandle, Gone};
pub(crate) use opening::{NotPinned, open, pin};
pub(crate) use release::unpin;
