//! An open document: one task that owns it, and the handle that everybody else has.

mod handle;
mod members;
mod opening;
mod ops;
mod release;
mod renewal;
mod storing;
mod task;

pub(crate) use handle::{DocumentHandle, Gone};
pub(crate) use opening::{NotPinned, open, pin};
pub(crate) use release::unpin;
