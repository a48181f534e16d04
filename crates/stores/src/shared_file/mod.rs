//! JSON files that several processes of one machine read, and change one after the other.

mod file;
mod served;

pub(crate) use file::{Content, SharedFile};
pub(crate) use served::{ServedFile, Turns};
