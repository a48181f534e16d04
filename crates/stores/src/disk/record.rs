use super::head::Head;
use super::key::StoredKey;
use bytes::{Buf, BufMut, Bytes};

/// One change of a document as the journal has it: the document's head after the change, and what else is new.
/// Applied twice, or over its own result, it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) key: StoredKey,
    pub(super) head: Head,
    pub(super) change: Change,
}

/// What a record does besides replacing the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A generation opened the document.
    Open,
    /// One entry, at `head.end`.
    Append(Bytes),
    /// An encoded state in place of every entry through `head.compacted`.
    Compact(Bytes),
    /// Nothing of the document is left, not even its head.
    Drop,
}

impl Record {
    /// Encodes the record at the end of `journal`: length and CRC-32 of what follows, then kind, length of the
    /// key, key, head, and the change's bytes.
    pub(super) fn write_to(&self, journal: &mut Vec<u8>) {
        let (kind, body): (u8, &[u8]) = match &self.change {
            Change::Open => (1, &[]),
            Change::Append(entry) => (2, entry),
            Change::Compact(state) => (3, state),
            Change::Drop => (4, &[]),
        };
        let start = journal.len();
        journal.put_u64_le(0);
        journal.put_u8(kind);
        journal.put_u16_le(u16::try_from(self.key.as_bytes().len()).expect("ids and names are below 1 KiB"));
        journal.put_slice(self.key.as_bytes());
        journal.put_slice(&self.head.encode());
        journal.put_slice(body);
        let (frame, payload) = journal[start..].split_at_mut(8);
        let length = u32::try_from(payload.len()).expect("one append or state is far below 4 GiB");
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    }

    /// Reads the next record and moves past it; `None` at the end, and where the journal was torn by a crash.
    pub(super) fn read_from(journal: &mut Bytes) -> Option<Self> {
        let length = journal.try_get_u32_le().ok()? as usize;
        let checksum = journal.try_get_u32_le().ok()?;
        if length > journal.len() {
            return None;
        }
        let mut payload = journal.split_to(length);
        if crc32fast::hash(&payload) != checksum {
            return None;
        }
        let kind = payload.try_get_u8().ok()?;
        let key_bytes = usize::from(payload.try_get_u16_le().ok()?);
        if key_bytes + Head::BYTES > payload.len() {
            return None;
        }
        let key = StoredKey::from_bytes(&payload.split_to(key_bytes));
        let head = Head::decode(&payload.split_to(Head::BYTES))?;
        let change = match kind {
            1 => Change::Open,
            2 => Change::Append(payload),
            3 => Change::Compact(payload),
            4 => Change::Drop,
            _ => return None,
        };
        Some(Self { key, head, change })
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::tests::documents;
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn records()(
            document in documents(), numbers: [u64; 3], kind in 0..4, body in prop::collection::vec(any::<u8>(), 0..50)
        ) -> Record {
            let change = match kind {
                0 => Change::Open,
                1 => Change::Append(body.into()),
                2 => Change::Compact(body.into()),
                _ => Change::Drop,
            };
            let [generation, end, compacted] = numbers;
            Record { key: StoredKey::of(&document), head: Head { generation, end, compacted }, change }
        }
    }

    fn read_all(journal: Vec<u8>) -> Vec<Record> {
        let mut journal = Bytes::from(journal);
        std::iter::from_fn(|| Record::read_from(&mut journal)).collect()
    }

    fn written(records: &[Record]) -> Vec<u8> {
        let mut journal = Vec::new();
        records.iter().for_each(|record| record.write_to(&mut journal));
        journal
    }

    proptest! {
        #[test]
        fn records_are_read_back_as_they_were(records in prop::collection::vec(records(), 0..6)) {
            prop_assert_eq!(read_all(written(&records)), records);
        }

        #[test]
        fn a_torn_journal_is_read_up_to_the_tear(records in prop::collection::vec(records(), 1..6), cut: prop::sample::Index) {
            let mut journal = written(&records);
            journal.truncate(cut.index(journal.len()));
            let read = read_all(journal);
            prop_assert!(read.len() < records.len());
            prop_assert_eq!(&read[..], &records[..read.len()]);
        }

        #[test]
        fn a_changed_byte_ends_the_journal(record in records(), at: prop::sample::Index, flip in 1u8..) {
            let mut journal = written(&[record]);
            let at = at.index(journal.len());
            journal[at] ^= flip;
            prop_assert!(read_all(journal).is_empty());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            read_all(bytes);
        }
    }
}
