//! What the operator sees of the whole platform: which nodes are alive at this moment, and what the last hour was like
//! (SPEC 6.1).

mod pulse;
mod stats;

pub use pulse::{Pulse, Reading};
pub use stats::{HourStats, STATS_SECONDS, last_minutes};
