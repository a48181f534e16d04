use super::shards::Shards;
use crate::AtRelease;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position};
use std::collections::{HashMap, VecDeque};

/// The content of documents, in memory: it outlives sessions, and not the process.
#[derive(Debug, Default)]
pub struct MemoryDocuments {
    logs: Shards<HashMap<DocumentKey, Log>>,
    retention: AtRelease,
}

#[derive(Debug)]
struct Log {
    generation: Generation,
    state: Option<Bytes>,
    /// How far `state` reaches; entries follow it without a gap.
    compacted: Position,
    entries: VecDeque<Box<[Bytes]>>,
}

impl MemoryDocuments {
    /// A store without documents, which keeps what is released.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store without documents.
    #[must_use]
    pub fn with_retention(retention: AtRelease) -> Self {
        Self { logs: Shards::default(), retention }
    }

    /// Does something with the log of a document that `asked` may change. Whoever asks about a document that
    /// is not on record asks after it was released: its owner is one generation late at least.
    fn with_log<T>(
        &self,
        document: &DocumentKey,
        asked: Generation,
        work: impl FnOnce(&mut Log) -> T,
    ) -> Result<T, DocumentsError> {
        match self.logs.of(document).get_mut(document) {
            Some(log) if log.generation <= asked => Ok(work(log)),
            Some(log) => Err(DocumentsError::Stale { stored: log.generation, asked }),
            None => Err(DocumentsError::Stale { stored: Generation(asked.0.saturating_add(1)), asked }),
        }
    }
}

#[async_trait::async_trait]
impl Documents for MemoryDocuments {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let mut logs = self.logs.of(document);
        let log = logs.entry(document.clone()).or_insert_with(|| Log::empty(generation));
        if log.generation > generation {
            return Err(DocumentsError::Stale { stored: log.generation, asked: generation });
        }
        log.generation = generation;
        Ok(log.opened())
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        _after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        self.with_log(document, generation, |log| log.append(updates))
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        self.with_log(document, generation, |log| log.compact(through, state))
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        _at: Position,
    ) -> Result<(), DocumentsError> {
        self.with_log(document, generation, |_| ())
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        match self.retention {
            AtRelease::Kept => self.with_log(document, generation, |_| ()),
            AtRelease::Dropped => {
                let mut logs = self.logs.of(document);
                match logs.get(document) {
                    Some(log) if log.generation > generation => {
                        Err(DocumentsError::Stale { stored: log.generation, asked: generation })
                    }
                    _ => {
                        logs.remove(document);
                        Ok(())
                    }
                }
            }
        }
    }
}

impl Log {
    fn empty(generation: Generation) -> Self {
        Self { generation, state: None, compacted: Position(0), entries: VecDeque::new() }
    }

    fn end(&self) -> Position {
        Position(self.compacted.0 + self.entries.len() as u64)
    }

    fn opened(&self) -> Opened {
        let entries = self.entries.iter().flat_map(|updates| updates.iter());
        Opened { updates: self.state.iter().chain(entries).cloned().collect(), position: self.end() }
    }

    fn append(&mut self, updates: &[Bytes]) -> Position {
        if !updates.is_empty() {
            self.entries.push_back(updates.into());
        }
        self.end()
    }

    /// A copy of an older compaction that arrives late changes nothing.
    fn compact(&mut self, through: Position, state: Bytes) {
        if through < self.compacted {
            return;
        }
        let replaced = through.min(self.end()).0 - self.compacted.0;
        self.entries.drain(..replaced as usize);
        self.compacted.0 += replaced;
        self.state = Some(state);
    }
}
