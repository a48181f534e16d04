//! What takes a dead node's shares off the books: it seals them, app by app, each by compare-and-set.
//!
//! It knows nothing when it begins: it presumes that the dead node has no share, and learns the share from
//! the refusal. So a node that never wrote to an app is sealed there too. Several may be at work on one node,
//! and each may stop anywhere: another begins anew.

use crate::node::{Errand, Life};
use domain::ledger::{Bounds, Share, ShareWrite, WriteOutcome};

pub(crate) struct Reaper {
    pub(crate) dead: Life,
    pub(crate) app: usize,
    pub(crate) errand: Errand,
    /// The share of `app` as last seen.
    known: Option<Share>,
}

impl Reaper {
    pub(crate) fn of(dead: Life) -> Self {
        Self { dead, app: 0, errand: Errand::Nothing, known: None }
    }

    pub(crate) fn next_write(&self) -> ShareWrite {
        let sequence = self.known.unwrap_or_default().sequence + 1;
        let new = Share { sequence, sealed: true, ..Share::default() };
        ShareWrite { node: self.dead.id(), old: self.known, new, bounds: Bounds::default() }
    }

    pub(crate) fn completed(&mut self, outcome: WriteOutcome) {
        self.errand = Errand::Nothing;
        match outcome {
            WriteOutcome::Refused { share: Some(share), .. } if !share.sealed => self.known = Some(share),
            WriteOutcome::Refused { share: None, .. } => self.known = None,
            WriteOutcome::Refused { .. } | WriteOutcome::Written(_) => {
                self.app += 1;
                self.known = None;
            }
        }
    }
}
