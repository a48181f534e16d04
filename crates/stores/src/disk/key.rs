use domain::ids::DocumentKey;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A document's key as it stands in records: tenant, app and name, each ended by a zero byte, which none of
/// them can hold. So no key is the beginning of another, and a document's entries lie side by side.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct StoredKey(Arc<[u8]>);

impl StoredKey {
    pub(super) fn of(document: &DocumentKey) -> Self {
        let parts = [document.app.tenant.as_str(), document.app.app.as_str(), document.name.as_str()];
        Self(parts.iter().flat_map(|part| part.bytes().chain([0])).collect())
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key of one entry of the document's log. Entries are ordered by position.
    pub(super) fn entry(&self, position: u64) -> Vec<u8> {
        [self.as_bytes(), &position.to_be_bytes()].concat()
    }

    /// The keys of the entries at these positions.
    pub(super) fn entries(&self, positions: RangeInclusive<u64>) -> RangeInclusive<Vec<u8>> {
        self.entry(*positions.start())..=self.entry(*positions.end())
    }
}

/// The position in an entry's key.
pub(super) fn position_of(entry_key: &[u8]) -> Option<u64> {
    entry_key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use domain::ids::{AppId, AppKey, DocumentName, TenantId};
    use proptest::prelude::*;

    prop_compose! {
        pub(in crate::disk) fn documents()(
            tenant in "[A-Za-z0-9_-]{1,8}", app in "[A-Za-z0-9_-]{1,8}", name in "[^\\p{Cc}]{1,12}"
        ) -> DocumentKey {
            let app = AppKey { tenant: TenantId::parse(&tenant).unwrap(), app: AppId::parse(&app).unwrap() };
            DocumentKey { app, name: DocumentName::parse(&name).unwrap() }
        }
    }

    /// Reads a key back, so that nothing of a document can be lost in it.
    fn decoded(key: &StoredKey) -> DocumentKey {
        let text = std::str::from_utf8(key.as_bytes()).unwrap();
        let mut parts = text.split_terminator('\0');
        let mut next = || parts.next().unwrap();
        let app = AppKey { tenant: TenantId::parse(next()).unwrap(), app: AppId::parse(next()).unwrap() };
        DocumentKey { app, name: DocumentName::parse(next()).unwrap() }
    }

    proptest! {
        #[test]
        fn a_key_is_read_back_as_it_was(document in documents()) {
            prop_assert_eq!(decoded(&StoredKey::of(&document)), document);
        }

        #[test]
        fn no_key_is_the_beginning_of_another(one in documents(), other in documents()) {
            let (a, b) = (StoredKey::of(&one), StoredKey::of(&other));
            prop_assert_eq!(a.as_bytes().starts_with(b.as_bytes()), one == other);
        }

        #[test]
        fn entries_are_ordered_by_position(document in documents(), one: u64, other: u64) {
            let key = StoredKey::of(&document);
            prop_assert_eq!(key.entry(one).cmp(&key.entry(other)), one.cmp(&other));
            prop_assert_eq!(position_of(&key.entry(one)), Some(one));
        }
    }
}
