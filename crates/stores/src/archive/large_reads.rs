use super::objects::{content, within};
use super::{
    LARGE_READ_KEPT_FOR, LARGE_READS_BYTES_MAX, LARGE_READS_MAX, NAME, READ_BYTES_A_SECOND, READ_DEADLINE,
    READ_LONGEST,
};
use bytes::Bytes;
use domain::ids::DocumentKey;
use domain::ports::Unavailable;
use object_store::{GetResult, UpdateVersion};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

type Outcome = Result<Bytes, Unavailable>;

/// Reads of states that may take longer than whoever opens their document waits. They go on without him, and what came of
/// them is kept until he tries again, in bounds.
#[derive(Debug, Default)]
pub(super) struct LargeReads {
    reads: Mutex<Reads>,
}

#[derive(Debug, Default)]
struct Reads {
    documents: HashMap<DocumentKey, LargeRead>,
    bytes: u64,
    begun: u64,
}

/// A read that goes on or has ended.
#[derive(Debug, Clone)]
pub(super) struct LargeRead {
    /// What is read.
    pub(super) version: UpdateVersion,
    number: u64,
    bytes: u64,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl LargeReads {
    /// The document's read, if there is one.
    pub(super) fn of(&self, document: &DocumentKey) -> Option<LargeRead> {
        self.reads.lock().documents.get(document).cloned()
    }

    /// Begins to read an object's content. Gives it back where there is no room.
    pub(super) fn begin(
        self: &Arc<Self>,
        document: &DocumentKey,
        object: Box<GetResult>,
    ) -> Result<LargeRead, Box<GetResult>> {
        let (sender, outcome) = watch::channel(None);
        let Some(read) = self.reads.lock().insert(document, &object, outcome) else { return Err(object) };
        let (reads, document, number) = (Arc::clone(self), document.clone(), read.number);
        tokio::spawn(async move {
            let outcome = within(time_for(object.meta.size), content(*object)).await;
            let is_kept = outcome.is_ok();
            sender.send_replace(Some(outcome));
            if is_kept {
                // Whoever takes the state forgets the read.
                let _ = tokio::time::timeout(LARGE_READ_KEPT_FOR, sender.closed()).await;
            }
            reads.reads.lock().remove(&document, number);
        });
        Ok(read)
    }

    /// Keeps a read no longer.
    pub(super) fn forget(&self, document: &DocumentKey, read: &LargeRead) {
        self.reads.lock().remove(document, read.number);
    }
}

impl Reads {
    fn insert(
        &mut self,
        document: &DocumentKey,
        object: &GetResult,
        outcome: watch::Receiver<Option<Outcome>>,
    ) -> Option<LargeRead> {
        let bytes = object.meta.size;
        let is_there = self.documents.contains_key(document);
        if is_there || self.documents.len() >= LARGE_READS_MAX || self.bytes + bytes > LARGE_READS_BYTES_MAX {
            return None;
        }
        let version =
            UpdateVersion { e_tag: object.meta.e_tag.clone(), version: object.meta.version.clone() };
        self.begun += 1;
        self.bytes += bytes;
        let read = LargeRead { version, number: self.begun, bytes, outcome };
        self.documents.insert(document.clone(), read.clone());
        Some(read)
    }

    fn remove(&mut self, document: &DocumentKey, number: u64) {
        if self.documents.get(document).is_some_and(|read| read.number == number)
            && let Some(read) = self.documents.remove(document)
        {
            self.bytes -= read.bytes;
        }
    }
}

impl LargeRead {
    /// Waits for the end of the read.
    pub(super) async fn state(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        let ended = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        ended.unwrap_or_else(|| Err(Unavailable::new(NAME, "the read was given up")))
    }
}

/// How long the reading of so many bytes may take.
fn time_for(bytes: u64) -> Duration {
    (READ_DEADLINE + Duration::from_secs(bytes / READ_BYTES_A_SECOND)).min(READ_LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_has_time_for_its_size_up_to_a_bound() {
        const MIB: u64 = 1024 * 1024;
        for (bytes, seconds) in [(1, 4), (4 * MIB, 5), (40 * MIB, 14), (224 * MIB, 60), (512 * MIB, 60)] {
            assert_eq!(time_for(bytes), Duration::from_secs(seconds), "{bytes}");
        }
    }
}
