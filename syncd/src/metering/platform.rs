//! What the node did in each minute, for the operator of the whole platform.

use super::minutes::Minutes;
use super::{Metering, NodeMeter};
use crate::caps::MINUTE_NOTED_WITHIN;
use crate::node::Node;
use domain::ports::Unavailable;
use std::sync::Arc;

/// Looks at the node at each mark of the clock, and notes each minute after its end, until it is aborted. A log that does
/// not answer is asked again after the next look.
pub(crate) async fn keep(node: Arc<Node>) {
    let Some(metering) = node.meter.metering() else { return };
    let mut answers = true;
    loop {
        tokio::time::sleep(Minutes::next_look(node.ports.clock.unix_ms())).await;
        let (connections, ops) = (node.metrics.connections.get(), node.metrics.ops.get());
        let connections = u64::try_from(connections).unwrap_or(0);
        node.meter.minutes().lock().look(node.ports.clock.unix_ms(), connections, ops);
        let noted = tokio::time::timeout(MINUTE_NOTED_WITHIN, note(&node.meter, metering)).await;
        let noted = noted.unwrap_or_else(|_| Err(Unavailable::new("platform log", "no answer in time")));
        if let Err(error) = &noted {
            node.metrics.store_error(error.store);
            if answers {
                tracing::warn!(%error, "what the node did in a minute could not be noted; it is tried again");
            }
        }
        answers = noted.is_ok();
    }
}

/// The minute that the node ends in is over.
pub(super) fn end(node: &Node) {
    node.meter.minutes().lock().end(node.ports.clock.unix_ms(), node.metrics.ops.get());
}

/// Notes what is over and not noted.
pub(super) async fn note(meter: &NodeMeter, Metering { platform, .. }: &Metering) -> Result<(), Unavailable> {
    let due = meter.minutes().lock().due();
    for minute in due {
        platform.note(&minute).await?;
        meter.minutes().lock().noted(minute.minute);
    }
    Ok(())
}
