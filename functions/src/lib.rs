//! The control plane: `GET /discovery` and `GET /usage` as an axum router over ports (SPEC sections 4 and 5).
//!
//! The same router answers inside the one-process service, in a Lambda and in tests: it opens no socket, reads
//! no clock and draws no chance of its own. Handlers parse, call and render; each rule is a small function
//! beside the handler that needs it.

mod answer;
mod caller;
mod discovery;
mod gate;
mod plane;
mod query;
mod refusal;
mod regions;
mod router;
mod usage;

pub use caller::PeerAddr;
pub use gate::GateFailures;
pub use plane::ControlPlane;
pub use router::router;
