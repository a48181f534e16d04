//! What is counted over time: requests, refusals and latencies of each app, and how many connections and documents it had.
//!
//! A process counts in its [`Meters`] and writes down what is new by [`Recorder::flush`], each addition exactly once: see
//! [`crate::ports::UsageLog`] for the store's part.

mod app_meter;
mod counts;
mod histogram;
mod level;
mod meter;
mod meters;
mod recorder;
mod room;

pub use counts::{AppUsage, Endpoint, Levels, Reason, UsageCounts};
pub use histogram::Histogram;
pub use meter::Written;
pub use meters::Meters;
pub use recorder::{Flushed, Recorder};
