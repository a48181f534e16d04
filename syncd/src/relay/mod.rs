//! The relay: what the nodes of a region say to each other, over a port of its own on the private network.
//!
//! A node that gets a connection for a document which another node of its region holds (the *edge*) opens a session
//! on that node (the *owner*) and hands messages through. The session is a WebSocket with y-websocket framing;
//! who asks, and for what, stands in a header under the cluster secret's seal.
//!
//! ```text
//! GET /session   upgrade, X-WireSocket-Pass: a sealed [`Pass`]      101, or the status of a [`RelayRefusal`]
//! POST /give-up  X-WireSocket-Pass: a sealed [`GiveUp`]             200: one was given up; 204: none is in grace
//! ```
//!
//! [`listen`] is the owner's side, [`Dialer`] and [`RelaySocket`] are the edge's.

mod caps;
mod dial;
mod listen;
mod pass;
mod pipe;
mod refusal;
mod request;
mod secret;
mod socket;
#[cfg(test)]
mod tests;

pub(crate) use dial::{DialError, Dialer};
pub(crate) use listen::listen;
pub(crate) use pass::{GiveUp, Pass};
pub(crate) use refusal::RelayRefusal;
pub(crate) use request::Reception;
pub use secret::{ClusterSecret, InvalidSecret};
pub(crate) use socket::{Ended, FromOwner, RelaySocket};
