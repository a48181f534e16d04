//! Awareness: who is there, and what each shows of itself. Nothing of it is ever stored.

mod codec;
mod roster;

pub(crate) use roster::Roster;
