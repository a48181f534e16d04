//! An entry of a log: the updates of one append, each after its length in the base of 128 that Yjs uses too.

use bytes::{Buf, Bytes};

/// The bytes are no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Bytes of the longest length.
const LENGTH_BYTES_MAX: usize = 10;

/// Packs updates; none give no bytes.
pub(super) fn pack(updates: &[Bytes]) -> Vec<u8> {
    let bytes: usize = updates.iter().map(|update| update.len() + LENGTH_BYTES_MAX).sum();
    let mut entry = Vec::with_capacity(bytes);
    for update in updates {
        put_length(&mut entry, update.len());
        entry.extend_from_slice(update);
    }
    entry
}

/// Appends the updates of an entry, which share its bytes.
pub(super) fn unpack(mut entry: Bytes, updates: &mut Vec<Bytes>) -> Result<(), Malformed> {
    while entry.has_remaining() {
        let length = take_length(&mut entry)?;
        if length > entry.len() {
            return Err(Malformed);
        }
        updates.push(entry.split_to(length));
    }
    Ok(())
}

fn put_length(entry: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        entry.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    entry.push(length as u8);
}

fn take_length(entry: &mut Bytes) -> Result<usize, Malformed> {
    let mut length = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = entry.try_get_u8().map_err(|_| Malformed)?;
        let bits = usize::from(byte & 0x7f);
        if bits.leading_zeros() < shift {
            return Err(Malformed);
        }
        length |= bits << shift;
        if byte < 0x80 {
            return Ok(length);
        }
    }
    Err(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unpacked(entry: &[u8]) -> Result<Vec<Bytes>, Malformed> {
        let mut updates = Vec::new();
        unpack(Bytes::copy_from_slice(entry), &mut updates).map(|()| updates)
    }

    proptest! {
        #[test]
        fn updates_are_unpacked_as_they_were(
            updates in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from), 0..6)
        ) {
            prop_assert_eq!(unpacked(&pack(&updates)), Ok(updates));
        }

        #[test]
        fn an_entry_that_is_cut_short_is_refused(update in prop::collection::vec(any::<u8>(), 1..300)) {
            let entry = pack(&[update.into()]);
            for length in 1..entry.len() {
                prop_assert_eq!(unpacked(&entry[..length]), Err(Malformed));
            }
        }

        #[test]
        fn no_bytes_make_the_reader_panic(entry in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = unpacked(&entry);
        }
    }

    #[test]
    fn a_length_beyond_all_memory_is_refused() {
        let mut entry = vec![0xff; 9];
        entry.push(0x01);
        assert_eq!(unpacked(&entry), Err(Malformed));
        entry[9] = 0x7f;
        assert_eq!(unpacked(&entry), Err(Malformed));
        assert_eq!(unpacked(&[0xff; 20]), Err(Malformed));
    }
}
