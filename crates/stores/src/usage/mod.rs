//! Where a deployment keeps what it counts over time, and the ports that lead there.

#[cfg(test)]
pub(crate) mod arbitrary;
mod kept_at;
mod parts;
mod ports;

pub use kept_at::{InvalidKeptAt, KeptAt};
pub(crate) use parts::Parts;
pub use ports::{OpenUsageError, UsagePorts};

/// Where usage is kept, as `--usage` says it: `TABLE[,region=AWS_REGION][,endpoint=URL]` or `file:FOLDER`.
pub type UsageAt = KeptAt;
