use super::head::Head;
use super::key::StoredKey;
use super::record::{Change, Record};
use bytes::Bytes;
use std::collections::HashMap;

/// Changes that are in the journal and not yet in the table, by document.
#[derive(Debug, Default)]
pub(super) struct Pending {
    documents: HashMap<StoredKey, PendingDocument>,
    bytes: usize,
    highest_generation: u64,
}

/// What is newer of one document than what lies beneath.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PendingDocument {
    /// Whether nothing beneath counts any more.
    pub(super) erased: bool,
    /// The document's head; `None` where there is no document.
    pub(super) head: Option<Head>,
    /// A state in place of every entry through `head.compacted`.
    pub(super) state: Option<Bytes>,
    /// Entries by position, in order.
    pub(super) entries: Vec<(u64, Bytes)>,
}

impl Pending {
    /// Bytes of memory that a change takes besides its own.
    const CHANGE_BYTES: usize = 128;

    pub(super) fn apply(&mut self, record: Record) {
        let body = match &record.change {
            Change::Append(bytes) | Change::Compact(bytes) => bytes.len(),
            Change::Open | Change::Drop => 0,
        };
        self.bytes += body + record.key.as_bytes().len() + Self::CHANGE_BYTES;
        self.highest_generation = self.highest_generation.max(record.head.generation);
        self.documents.entry(record.key).or_default().apply(record.head, record.change);
    }

    /// What it knows of a document; `None` where it knows nothing.
    pub(super) fn get(&self, key: &StoredKey) -> Option<&PendingDocument> {
        self.documents.get(key)
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = (&StoredKey, &PendingDocument)> {
        self.documents.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The highest generation that changed a document, 0 for none.
    pub(super) fn highest_generation(&self) -> u64 {
        self.highest_generation
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl PendingDocument {
    /// This, with something newer on top.
    pub(super) fn followed_by(self, newer: Self) -> Self {
        let mut merged = if newer.erased { Self { erased: true, ..Self::default() } } else { self };
        merged.head = newer.head;
        if newer.state.is_some() {
            merged.state = newer.state;
            merged.drop_compacted();
        }
        for (position, entry) in newer.entries {
            merged.push(position, entry);
        }
        merged
    }

    fn apply(&mut self, head: Head, change: Change) {
        self.head = Some(head);
        match change {
            Change::Open => {}
            Change::Append(entry) => self.push(head.end, entry),
            Change::Compact(state) => {
                self.state = Some(state);
                self.drop_compacted();
            }
            Change::Drop => *self = Self { erased: true, ..Self::default() },
        }
    }

    /// Adds an entry, in place of any from its position on: those were never acknowledged.
    fn push(&mut self, position: u64, entry: Bytes) {
        let kept = self.entries.partition_point(|(earlier, _)| *earlier < position);
        self.entries.truncate(kept);
        self.entries.push((position, entry));
    }

    /// Called with the state that stands in their place at hand: entries never go without it, even if a crash of
    /// the machine took the journal that had it.
    fn drop_compacted(&mut self) {
        let compacted = self.head.map_or(0, |head| head.compacted);
        self.entries.retain(|(position, _)| *position > compacted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn changes() -> impl Strategy<Value = Vec<Record>> {
        let change = prop_oneof![
            1 => Just(Change::Open),
            6 => Just(Change::Append(Bytes::new())),
            2 => Just(Change::Compact(Bytes::new())),
            1 => Just(Change::Drop),
        ];
        prop::collection::vec((change, any::<prop::sample::Index>()), 0..40).prop_map(|changes| {
            let mut head = Head { generation: 1, end: 0, compacted: 0 };
            let in_order = changes.into_iter().map(|(mut change, index)| {
                match &mut change {
                    Change::Open => head.generation += 1,
                    Change::Append(entry) => {
                        head.end += 1;
                        *entry = Bytes::from(format!("entry {}", head.end));
                    }
                    Change::Compact(state) => {
                        head.compacted += index.index((head.end - head.compacted + 1) as usize) as u64;
                        *state = Bytes::from(format!("state {}", head.compacted));
                    }
                    Change::Drop => head = Head { generation: head.generation, end: 0, compacted: 0 },
                }
                Record { key: StoredKey::from_bytes(b"t\0a\0d\0"), head, change }
            });
            in_order.collect()
        })
    }

    fn applied(records: &[Record]) -> PendingDocument {
        let mut pending = Pending::default();
        records.iter().cloned().for_each(|record| pending.apply(record));
        pending.documents.into_values().next().unwrap_or_default()
    }

    proptest! {
        #[test]
        fn changes_in_layers_are_the_changes_in_one(records in changes(), cut: prop::sample::Index) {
            let cut = cut.index(records.len() + 1);
            let (below, above) = (applied(&records[..cut]), applied(&records[cut..]));
            let layered = if cut == records.len() { below } else { below.followed_by(above) };
            prop_assert_eq!(layered, applied(&records));
        }

        #[test]
        fn a_layer_that_is_already_beneath_changes_nothing(records in changes()) {
            let once = applied(&records);
            let twice = once.clone().followed_by(once.clone());
            prop_assert_eq!(twice, once);
        }
    }
}
