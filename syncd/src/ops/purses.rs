use super::app_purse::AppPurse;
use crate::gate::Gate;
use domain::clock::Entropy;
use domain::ids::AppKey;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// With fewer, nothing is searched for purses that are not used any more.
const PURSES_FEW: usize = 64;

/// The purses of a node. One is forgotten when no document of its app is open and nothing is in it: so there are as many as
/// apps with open documents, and at most twice that until the next search.
pub struct Purses {
    gate: Arc<Gate>,
    entropy: Arc<dyn Entropy>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    purses: HashMap<AppKey, Arc<AppPurse>>,
    left_by_sweep: usize,
}

impl Purses {
    /// No purses yet, all to be filled from `gate`.
    #[must_use]
    pub fn new(gate: Arc<Gate>, entropy: Arc<dyn Entropy>) -> Self {
        Self { gate, entropy, known: Mutex::default() }
    }

    /// The purse of an app.
    #[must_use]
    pub fn of(&self, app: &AppKey) -> Arc<AppPurse> {
        let mut known = self.known.lock();
        if let Some(purse) = known.purses.get(app) {
            return Arc::clone(purse);
        }
        if known.purses.len() >= PURSES_FEW.max(known.left_by_sweep * 2) {
            known.purses.retain(|_, purse| Arc::strong_count(purse) > 1 || !purse.is_unused());
            known.left_by_sweep = known.purses.len();
        }
        let purse = AppPurse::new(app.clone(), Arc::clone(&self.gate), Arc::clone(&self.entropy));
        known.purses.insert(app.clone(), Arc::clone(&purse));
        purse
    }
}
