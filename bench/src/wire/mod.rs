//! What goes over the socket: WebSocket frames, y-protocols messages, lib0 numbers.

pub(crate) mod connection;
pub(crate) mod frames;
pub(crate) mod lib0;
pub(crate) mod protocol;
pub(crate) mod upgrade;
