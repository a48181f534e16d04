//! Just enough of the y-websocket protocol and of Yjs updates (lib0 encoding v1) to write by hand what raw
//! clients send. Independent of the server's own codec on purpose.

use std::collections::BTreeMap;

/// Sync step 1 of a client that has nothing: an empty state vector.
#[must_use]
pub fn sync_step_1() -> Vec<u8> {
    vec![0, 0, 1, 0]
}

/// An update as a client sends it.
#[must_use]
pub fn update_message(update: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 2];
    write_bytes(&mut message, update);
    message
}

/// An awareness message with one client's state, as JSON text.
#[must_use]
pub fn awareness_message(client: u64, clock: u64, state: &str) -> Vec<u8> {
    let mut states = vec![1];
    write_uint(&mut states, client);
    write_uint(&mut states, clock);
    write_bytes(&mut states, state.as_bytes());
    let mut message = vec![1];
    write_bytes(&mut message, &states);
    message
}

/// Whether a frame from the server is a sync step 2.
#[must_use]
pub fn is_sync_step_2(message: &[u8]) -> bool {
    message.starts_with(&[0, 1])
}

/// A sync step 2 with this update.
#[must_use]
pub fn step_2_message(update: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 1];
    write_bytes(&mut message, update);
    message
}

/// How much of each client's text the server says it has, where this is its sync step 1.
#[must_use]
pub fn state_vector(message: &[u8]) -> Option<BTreeMap<u64, u64>> {
    let mut rest = message.strip_prefix(&[0, 0])?;
    let _length = read_uint(&mut rest)?;
    let clients = read_uint(&mut rest)?;
    (0..clients).map(|_| Some((read_uint(&mut rest)?, read_uint(&mut rest)?))).collect()
}

/// A client that types ASCII at the end of the root text `text`, as Yjs would encode it.
#[derive(Debug, Clone, Copy)]
pub struct Typist {
    client: u64,
    clock: u64,
}

impl Typist {
    /// A client with that Yjs id, which has typed nothing.
    #[must_use]
    pub fn new(client: u64) -> Self {
        Self { client, clock: 0 }
    }

    /// The update that types `text` behind what this client typed last.
    #[must_use]
    pub fn types(&mut self, text: &str) -> Vec<u8> {
        let mut update = self.one_insert(text);
        update.push(0);
        update
    }

    /// The update that types `text` and deletes all that this client typed before: the document stays as small
    /// as `text`.
    #[must_use]
    pub fn replaces_all_by(&mut self, text: &str) -> Vec<u8> {
        let before = self.clock;
        let mut update = self.one_insert(text);
        if before == 0 {
            update.push(0);
        } else {
            update.push(1);
            write_uint(&mut update, self.client);
            for number in [1, 0, before] {
                write_uint(&mut update, number);
            }
        }
        update
    }

    /// The update that has `text` from its unit `from` on: what this client typed first is `text`.
    #[must_use]
    pub fn again(client: u64, text: &str, from: usize) -> Vec<u8> {
        Self { client, clock: from as u64 }.types(&text[from..])
    }

    /// One client's one struct: a `ContentString`, with the last character as its left origin, or else with
    /// the root text as its parent.
    fn one_insert(&mut self, text: &str) -> Vec<u8> {
        const CONTENT_STRING: u8 = 4;
        const HAS_LEFT_ORIGIN: u8 = 0x80;
        assert!(text.is_ascii() && !text.is_empty(), "a typist types ASCII, so that units are bytes");
        let mut update = vec![1, 1];
        write_uint(&mut update, self.client);
        write_uint(&mut update, self.clock);
        if let Some(last) = self.clock.checked_sub(1) {
            update.push(CONTENT_STRING | HAS_LEFT_ORIGIN);
            write_uint(&mut update, self.client);
            write_uint(&mut update, last);
        } else {
            update.extend([CONTENT_STRING, 1]);
            write_bytes(&mut update, b"text");
        }
        write_bytes(&mut update, text.as_bytes());
        self.clock += text.len() as u64;
        update
    }
}

/// A lib0 variable-length unsigned integer: seven bits a byte, lowest first.
pub fn write_uint(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Takes such an integer from the front of `bytes`, where a whole one is there.
pub fn read_uint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if *first < 0x80 {
            return Some(number);
        }
    }
    None
}

/// A lib0 byte array: its length, then itself.
pub fn write_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    write_uint(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typist_writes_what_yjs_writes() {
        let mut typist = Typist::new(300);
        // Taken from `Y.encodeStateAsUpdate` of a document whose client 300 typed "ab" into `text`.
        let ab = [1, 1, 172, 2, 0, 4, 1, 4, b't', b'e', b'x', b't', 2, b'a', b'b', 0];
        assert_eq!(typist.types("ab"), ab);
        assert_eq!(typist.types("c"), [1, 1, 172, 2, 2, 132, 172, 2, 1, 1, b'c', 0]);
        assert_eq!(
            typist.replaces_all_by("d"),
            [1, 1, 172, 2, 3, 132, 172, 2, 2, 1, b'd', 1, 172, 2, 1, 0, 3]
        );
        assert_eq!(Typist::again(300, "abc", 2), [1, 1, 172, 2, 2, 132, 172, 2, 1, 1, b'c', 0]);
    }

    #[test]
    fn a_state_vector_is_read_from_step_1_alone() {
        let step_1 = [0, 0, 6, 2, 172, 2, 5, 7, 1];
        assert_eq!(state_vector(&step_1), Some(BTreeMap::from([(300, 5), (7, 1)])));
        assert_eq!(state_vector(&sync_step_1()), Some(BTreeMap::new()));
        for other in [&[0, 1, 0][..], &[0, 0, 2, 1], &[0, 0, 3, 1, 200], &[]] {
            assert_eq!(state_vector(other), None);
        }
    }
}
