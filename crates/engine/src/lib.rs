//! Sans-IO Yjs: what a document's task asks for every message, without a socket, a store or a clock.
//!
//! Bytes, session ids and `now` come in; what to store and what to send comes out, in a [`Turn`]. Every message
//! is checked by a reader of our own before yrs sees any of it ([`Malformed`] lists what is refused), and yrs
//! itself runs behind one door that catches its panics and quarantines the document ([`Poisoned`]).
//!
//! ```text
//! message -> protocol -> update::Facts -> Known (whose structs? what is missing?) -> Replica (yrs)
//!                     -> awareness::Roster
//! ```

mod awareness;
mod caps;
mod document;
mod json;
mod lib0;
mod malformed;
mod protocol;
mod turn;
mod update;

pub use caps::Caps;
pub use document::Document;
pub use malformed::Malformed;
pub use protocol::{SILENCE_FRAME, may_be_op};
pub use turn::{Broadcast, OpsBudget, Poisoned, Refused, SessionId, Turn};
