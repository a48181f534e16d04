//! What a node counts over time: handshakes, ops, what it holds and what the ledgers were seen to hold, each minute written
//! to the usage log; and what the node did in each minute, for the operator of the platform.

mod end;
mod flush;
mod held;
mod minutes;
mod node_meter;
mod peaks;
mod platform;
mod tally;

pub(crate) use end::end;
pub(crate) use flush::keep as keep_written;
pub(crate) use held::Held;
pub(crate) use node_meter::NodeMeter;
pub(crate) use platform::keep as keep_minutes;
pub use tally::{Tallied, Tally};

use crate::caps::HELD_GAP_MAX;
use domain::clock::Entropy;
use domain::metering::Recorder;
use domain::ports::{PlatformLog, UsageLog, Writer};
use std::sync::Arc;

/// Where a node writes down what it counts. Clones count into the same recorder: no two nodes may have one.
#[derive(Clone)]
pub struct Metering {
    /// Counts, for the node and for the control plane beside it.
    pub recorder: Arc<Recorder>,
    /// What the node did, minute by minute.
    pub platform: Arc<dyn PlatformLog>,
}

impl Metering {
    /// Counts into these logs, as a writer that is drawn.
    #[must_use]
    pub fn new(log: Arc<dyn UsageLog>, platform: Arc<dyn PlatformLog>, entropy: &dyn Entropy) -> Self {
        let recorder = Recorder::new(Writer(entropy.next_u64()), log).with_gaps_up_to(HELD_GAP_MAX);
        Self { recorder: Arc::new(recorder), platform }
    }
}
