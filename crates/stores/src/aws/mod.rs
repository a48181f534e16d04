//! What all clients of Amazon's services share: region, credentials, connections and the bounds of calls.

mod access;
mod bounds;
mod place;
mod unanswered;

pub use access::Access;
pub(crate) use bounds::retry_partition;
pub use bounds::{ATTEMPT_DEADLINE, ATTEMPTS_MAX, CONNECT_DEADLINE, OPERATION_DEADLINE, RETRY_BUDGET};
pub(crate) use place::{InvalidPlace, Place, checked_endpoint};
pub(crate) use unanswered::{cause, unavailable};
