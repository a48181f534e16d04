//! The sessions of an open document, and sending to them.

use crate::caps::{SENDS_BETWEEN_YIELDS, SILENCE_BEFORE_FRAME};
use crate::frames::{self, SharedFrames};
use crate::link::Link;
use crate::metrics::Metrics;
use bytes::Bytes;
use domain::close::CloseReason;
use engine::{SILENCE_FRAME, SessionId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// As many as answer a joiner: step 2, step 1 and awareness.
const REPLIES_IN_ONE_WRITE: usize = 3;

pub(super) struct Member {
    pub(super) link: Arc<Link>,
    pub(super) ops_per_minute: u64,
    /// When a data frame last went out.
    sent_at: Duration,
}

pub(super) struct Members {
    members: HashMap<SessionId, Member>,
    metrics: Arc<Metrics>,
}

impl Members {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { members: HashMap::new(), metrics }
    }

    pub(super) fn join(&mut self, session: SessionId, link: Arc<Link>, ops_per_minute: u64, now: Duration) {
        self.members.insert(session, Member { link, ops_per_minute, sent_at: now });
        self.metrics.sessions.inc();
    }

    pub(super) fn leave(&mut self, session: SessionId) -> Option<Member> {
        let member = self.members.remove(&session);
        self.metrics.sessions.sub(i64::from(member.is_some()));
        member
    }

    pub(super) fn get(&self, session: SessionId) -> Option<&Member> {
        self.members.get(&session)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Closes every session. Returns which these were.
    pub(super) fn close_all(&mut self, reason: &CloseReason) -> Vec<SessionId> {
        let closed = self.members.drain().map(|(session, member)| {
            member.link.close(reason.clone());
            self.metrics.sessions.dec();
            session
        });
        closed.collect()
    }

    /// Sends each session its replies; what follows one another goes out in one write.
    pub(super) fn reply(&mut self, replies: &mut Vec<(SessionId, Bytes)>, now: Duration) {
        for run in replies.chunk_by(|a, b| a.0 == b.0) {
            let Some(member) = self.members.get_mut(&run[0].0) else { continue };
            // In groups of a few, so that a reader's bound is looked at between large ones.
            for group in run.chunks(REPLIES_IN_ONE_WRITE) {
                let pieces: Vec<Bytes> =
                    group.iter().flat_map(|(_, message)| frames::pieces(message)).collect();
                member.link.send(&pieces);
                self.metrics.bytes_sent.inc_by(pieces.iter().map(|piece| piece.len() as u64).sum());
            }
            member.sent_at = now;
            self.metrics.frames_sent.inc_by(run.len() as u64);
        }
        replies.clear();
    }

    /// Sends the same frames to everyone, each without its own.
    pub(super) async fn broadcast(&mut self, frames: &SharedFrames, now: Duration) {
        if frames.is_empty() {
            return;
        }
        let (mut sent, mut bytes) = (0, 0);
        for (i, (session, member)) in self.members.iter_mut().enumerate() {
            let count = frames.send_to(*session, |runs| {
                bytes += runs.iter().map(Bytes::len).sum::<usize>();
                member.link.send(runs);
            });
            if count > 0 {
                member.sent_at = now;
                sent += count;
            }
            if (i + 1) % SENDS_BETWEEN_YIELDS == 0 {
                tokio::task::yield_now().await;
            }
        }
        self.metrics.frames_sent.inc_by(sent as u64);
        self.metrics.bytes_sent.inc_by(bytes as u64);
    }

    /// Sends a data frame to whom nothing was sent for long, pings who was not heard of for long, and gives up
    /// who does not answer.
    pub(super) fn look_after_the_silent(&mut self, now: Duration, now_s: u32) {
        let [silence, _] = frames::pieces(&Bytes::from_static(SILENCE_FRAME));
        for member in self.members.values_mut() {
            member.link.look_after_silent(now_s);
            if now.saturating_sub(member.sent_at) >= SILENCE_BEFORE_FRAME {
                member.link.send(std::slice::from_ref(&silence));
                member.sent_at = now;
                self.metrics.frames_sent.inc();
            }
        }
    }
}

/// A document whose task ended without a word, by a bug that made it panic, still closes its sessions.
impl Drop for Members {
    fn drop(&mut self) {
        self.close_all(&CloseReason::DocumentUnavailable);
    }
}
