/// What is known of a document without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The generation that opened it last.
    pub(super) generation: u64,
    /// The position of its last entry, 0 for none.
    pub(super) end: u64,
    /// How far its encoded state reaches, 0 for none.
    pub(super) compacted: u64,
}

impl Head {
    /// Bytes of an encoded head: its three numbers, little-endian.
    pub(super) const BYTES: usize = 24;

    pub(super) fn encode(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (slot, number) in bytes.chunks_exact_mut(8).zip([self.generation, self.end, self.compacted]) {
            slot.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// Reads an encoded head; `None` where the length is wrong.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let number = |at: usize| bytes[at..].first_chunk().map(|chunk| u64::from_le_bytes(*chunk));
        Some(Self { generation: number(0)?, end: number(8)?, compacted: number(16)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_head_is_read_back_as_it_was(generation: u64, end: u64, compacted: u64) {
            let head = Head { generation, end, compacted };
            prop_assert_eq!(Head::decode(&head.encode()), Some(head));
        }

        #[test]
        fn other_lengths_are_no_heads(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(Head::decode(&bytes).is_some(), bytes.len() == Head::BYTES);
        }
    }
}
