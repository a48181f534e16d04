use bytes::{Buf, BufMut, Bytes};

/// Encodes the updates of one append as one value: each with its length before it, 32 bits little-endian.
pub(super) fn encode(updates: &[Bytes]) -> Bytes {
    let bytes = updates.iter().map(|update| 4 + update.len()).sum();
    let mut value = Vec::with_capacity(bytes);
    for update in updates {
        value.put_u32_le(u32::try_from(update.len()).expect("a message has at most 16 MiB"));
        value.put_slice(update);
    }
    value.into()
}

/// Reads the updates of one append, sharing their bytes; `None` where the lengths don't add up.
pub(super) fn decode(mut value: Bytes) -> Option<Vec<Bytes>> {
    let mut updates = Vec::new();
    while value.has_remaining() {
        let bytes = value.try_get_u32_le().ok()? as usize;
        if bytes > value.len() {
            return None;
        }
        updates.push(value.split_to(bytes));
    }
    Some(updates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn updates_are_read_back_as_they_were(
            updates in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12)
        ) {
            let updates: Vec<Bytes> = updates.into_iter().map(Bytes::from).collect();
            prop_assert_eq!(decode(encode(&updates)), Some(updates));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            decode(Bytes::from(bytes));
        }
    }
}
