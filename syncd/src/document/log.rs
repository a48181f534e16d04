use bytes::Bytes;
use domain::ports::{LogBounds, Position};

/// How much of a document's log has been written since it was one encoded state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log {
    pub(super) position: Position,
    pub(super) entries: u64,
    pub(super) bytes: usize,
    /// Bytes of the state when it was last encoded for the store.
    pub(super) state_bytes: usize,
}

impl Log {
    /// The log of a document as it was loaded: one entry is its state, more are worth compacting.
    pub(super) fn loaded(position: Position, updates: &[Bytes]) -> Self {
        let bytes = updates.iter().map(Bytes::len).sum();
        match updates {
            [_] => Self { position, entries: 0, bytes: 0, state_bytes: bytes },
            _ => Self { position, entries: updates.len() as u64, bytes, state_bytes: 0 },
        }
    }

    /// Whether nothing was ever written.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0 && self.state_bytes == 0
    }

    pub(super) fn appended(&mut self, position: Position, updates: &[Bytes]) {
        self.position = position;
        self.entries += 1;
        self.bytes += updates.iter().map(Bytes::len).sum::<usize>();
    }

    pub(super) fn compacted(&mut self, position: Position, state_bytes: usize) {
        *self = Self { position, entries: 0, bytes: 0, state_bytes };
    }

    pub(super) fn is_long(&self, bounds: LogBounds) -> bool {
        bounds.are_reached(self.entries, self.bytes, self.state_bytes)
    }
}
