//! What a WebSocket attempt asks for, read from its request alone.

mod path;
mod token;

pub(crate) use path::{DocumentPath, classify};
pub(crate) use token::{Presented, presented};
