//! The control plane as an axum router over ports (SPEC sections 4 to 6): `GET /discovery`, `GET /usage`,
//! `POST /connect/token` and the tenants' key sets; what tenants and the platform's own operators see of usage; and the
//! scheduled runs that take dead nodes off the books and tell tenants of their usage.
//!
//! The same router answers inside the one-process service, in a Lambda and in tests: it opens no socket, reads
//! no clock and draws no chance of its own. Handlers parse, call and render; each rule is a small function
//! beside the handler that needs it.

pub mod alerting;
mod answer;
mod asker;
mod caller;
mod description;
mod discovery;
mod endpoint;
mod envelope;
mod flush;
mod gate;
mod issuer;
mod kept;
mod key_set;
pub mod metrics;
mod operators;
mod plane;
mod platform;
mod query;
mod refusal;
mod regions;
mod reports;
mod router;
pub mod setup;
pub mod sweep;
mod token;
mod usage;
mod webhooks;

pub use answer::InvocationId;
pub use caller::PeerAddr;
pub use description::{OPENAPI, served_paths};
pub use flush::{FlushAfter, Flushing};
pub use gate::GateFailures;
pub use issuer::Issuer;
pub use operators::{Operators, WebhookDesk};
pub use plane::{ControlPlane, Front};
pub use router::{discovery_router, platform_router, reports_router, router, token_router, usage_router};
