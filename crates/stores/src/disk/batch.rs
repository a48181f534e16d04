use super::head::Head;
use super::key::StoredKey;
use super::recent::Recent;
use super::record::{Change, Record};
use super::request::{Opening, Reply, Request};
use crate::AtRelease;
use bytes::Bytes;
use domain::ids::Generation;
use domain::ports::{DocumentsError, Position, Unavailable};
use std::collections::HashMap;

/// Requests that are decided, and become true together when their records are in the journal.
#[derive(Default)]
pub(super) struct Batch {
    /// The records, encoded.
    pub(super) journal: Vec<u8>,
    pub(super) records: Vec<Record>,
    pub(super) answers: Vec<Answer>,
    /// Heads after the records; `None` for a document that is dropped.
    heads: HashMap<StoredKey, Option<Head>>,
}

/// What is answered when the batch has become true.
pub(super) enum Answer {
    /// With the document as it then is.
    Opened(Reply<Opening>, StoredKey),
    /// With nothing: there was no such document.
    OpenedNew(Reply<Opening>),
    Appended(Reply<Position>, Position),
    Done(Reply<()>),
}

impl Batch {
    /// Decides what becomes of a request, as if all that was decided before it were true.
    pub(super) fn decide(&mut self, request: Request, recent: &mut Recent, retention: AtRelease) {
        match request {
            Request::Open { key, generation, reply } => match self.open(key, generation, recent) {
                Ok(Some(known)) => self.answers.push(Answer::Opened(reply, known)),
                Ok(None) => self.answers.push(Answer::OpenedNew(reply)),
                Err(refusal) => refuse(reply, refusal),
            },
            Request::Append { key, generation, entry, reply } => {
                match self.append(key, generation, entry, recent) {
                    Ok(end) => self.answers.push(Answer::Appended(reply, end)),
                    Err(refusal) => refuse(reply, refusal),
                }
            }
            Request::Compact { key, generation, through, state, reply } => {
                let compacted = self.compact(key, generation, through, state, recent);
                self.done(reply, compacted);
            }
            Request::Check { key, generation, reply } => {
                let checked = self.permitted(&key, generation, recent).map(drop);
                self.done(reply, checked);
            }
            Request::Expire { key, generation, reply } => {
                let expired = self.expire(&key, generation, recent, retention);
                self.done(reply, expired);
            }
            Request::Wake => {}
        }
    }

    /// Returns the key where there is a document to load.
    fn open(
        &mut self,
        key: StoredKey,
        generation: Generation,
        recent: &Recent,
    ) -> Result<Option<StoredKey>, DocumentsError> {
        let before = self.head(&key, recent)?;
        if let Some(head) = before {
            check(head, generation)?;
        }
        let empty = Head { generation: 0, end: 0, compacted: 0 };
        let head = Head { generation: generation.0, ..before.unwrap_or(empty) };
        if before != Some(head) {
            self.change(key.clone(), head, Change::Open);
        }
        Ok(before.map(|_| key))
    }

    fn append(
        &mut self,
        key: StoredKey,
        generation: Generation,
        entry: Option<Bytes>,
        recent: &Recent,
    ) -> Result<Position, DocumentsError> {
        let head = self.permitted(&key, generation, recent)?;
        let Some(entry) = entry else { return Ok(Position(head.end)) };
        let head = Head { end: head.end + 1, ..head };
        self.change(key, head, Change::Append(entry));
        Ok(Position(head.end))
    }

    /// A copy of an older compaction that arrives late changes nothing.
    fn compact(
        &mut self,
        key: StoredKey,
        generation: Generation,
        through: Position,
        state: Bytes,
        recent: &Recent,
    ) -> Result<(), DocumentsError> {
        let head = self.permitted(&key, generation, recent)?;
        if through.0 >= head.compacted {
            let head = Head { compacted: through.0.min(head.end), ..head };
            self.change(key, head, Change::Compact(state));
        }
        Ok(())
    }

    fn expire(
        &mut self,
        key: &StoredKey,
        generation: Generation,
        recent: &mut Recent,
        retention: AtRelease,
    ) -> Result<(), DocumentsError> {
        match (retention, self.head(key, recent)?) {
            (AtRelease::Kept, _) => {
                self.permitted(key, generation, recent)?;
                recent.forget(key);
            }
            (AtRelease::Dropped, None) => {}
            (AtRelease::Dropped, Some(head)) => {
                check(head, generation)?;
                self.change(key.clone(), head, Change::Drop);
            }
        }
        Ok(())
    }

    fn head(&self, key: &StoredKey, recent: &Recent) -> Result<Option<Head>, Unavailable> {
        self.heads.get(key).map_or_else(|| recent.head(key), |head| Ok(*head))
    }

    /// The head of a document that `asked` may change. Whoever asks about a document that is not on record asks
    /// after it was released: its owner is one generation late at least.
    fn permitted(&self, key: &StoredKey, asked: Generation, recent: &Recent) -> Result<Head, DocumentsError> {
        let stored = Generation(asked.0.saturating_add(1));
        let head = self.head(key, recent)?.ok_or(DocumentsError::Stale { stored, asked })?;
        check(head, asked)?;
        Ok(head)
    }

    fn change(&mut self, key: StoredKey, head: Head, change: Change) {
        let after = (change != Change::Drop).then_some(head);
        self.heads.insert(key.clone(), after);
        let record = Record { key, head, change };
        record.write_to(&mut self.journal);
        self.records.push(record);
    }

    fn done(&mut self, reply: Reply<()>, decided: Result<(), DocumentsError>) {
        match decided {
            Ok(()) => self.answers.push(Answer::Done(reply)),
            Err(refusal) => refuse(reply, refusal),
        }
    }
}

impl Answer {
    /// Says that it is so.
    pub(super) fn give(self, recent: &Recent) {
        // Whoever asked may have gone away: then nobody is told.
        let _ = match self {
            Self::Opened(reply, key) => reply.send(recent.opening(&key).map_err(Into::into)).is_ok(),
            Self::OpenedNew(reply) => reply.send(Ok(Opening { reading: None, layers: Vec::new() })).is_ok(),
            Self::Appended(reply, end) => reply.send(Ok(end)).is_ok(),
            Self::Done(reply) => reply.send(Ok(())).is_ok(),
        };
    }

    /// Says that it may not be so.
    pub(super) fn fail(self, cause: &Unavailable) {
        match self {
            Self::Opened(reply, _) | Self::OpenedNew(reply) => refuse(reply, cause.clone().into()),
            Self::Appended(reply, _) => refuse(reply, cause.clone().into()),
            Self::Done(reply) => refuse(reply, cause.clone().into()),
        }
    }
}

fn check(head: Head, asked: Generation) -> Result<(), DocumentsError> {
    let stored = Generation(head.generation);
    if stored > asked { Err(DocumentsError::Stale { stored, asked }) } else { Ok(()) }
}

fn refuse<T>(reply: Reply<T>, refusal: DocumentsError) {
    let _ = reply.send(Err(refusal));
}
