use super::ask::Ask;
use super::world::World;
use crate::http::Answer;
use std::future::Future;

/// A control plane under test, whatever serves it.
pub trait Target: Sync {
    /// Sends a request and returns what came back.
    ///
    /// # Panics
    /// Where nothing does.
    fn ask(&self, ask: &Ask) -> impl Future<Output = Answer> + Send;

    /// The stores behind it, and what lies in them.
    fn world(&self) -> &World;
}
