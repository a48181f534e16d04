//! WebSocket frames (RFC 6455 section 5.2): as a server sends them, built once and shared by every receiver, and as
//! one node sends them to another as its client.

use bytes::{BufMut, Bytes, BytesMut};
use engine::{Broadcast, SessionId};

/// Messages up to this size are copied behind their header, larger ones are sent as two pieces.
const COPIED_BYTES_MAX: usize = 4096;
const FINAL_BINARY: u8 = 0x82;
/// Set in the second byte of what a client sends.
const MASKED: u8 = 0x80;
/// An empty ping.
pub(crate) const PING: Bytes = Bytes::from_static(&[0x89, 0]);

/// Appends the header of a binary frame, as far as the length. `mask` is [`MASKED`] or 0.
fn put_header(buffer: &mut BytesMut, length: usize, mask: u8) {
    buffer.put_u8(FINAL_BINARY);
    match length {
        0..=125 => buffer.put_u8(mask | length as u8),
        126..=0xffff => {
            buffer.put_u8(mask | 126);
            buffer.put_u16(length as u16);
        }
        _ => {
            buffer.put_u8(mask | 127);
            buffer.put_u64(length as u64);
        }
    }
}

/// Appends a message as a client's frame. The key is drawn for each frame.
pub(crate) fn put_masked(buffer: &mut BytesMut, message: &[u8], key: [u8; 4]) {
    put_header(buffer, message.len(), MASKED);
    buffer.put_slice(&key);
    let start = buffer.len();
    buffer.put_slice(message);
    for piece in buffer[start..].chunks_mut(key.len()) {
        piece.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    }
}

/// A message as one or two pieces; a large one is not copied.
pub(crate) fn pieces(message: &Bytes) -> [Bytes; 2] {
    let copied = if message.len() <= COPIED_BYTES_MAX { message.len() } else { 0 };
    let mut head = BytesMut::with_capacity(10 + copied);
    put_header(&mut head, message.len(), 0);
    if copied == 0 {
        return [head.freeze(), message.clone()];
    }
    head.put_slice(message);
    [head.freeze(), Bytes::new()]
}

/// What a turn sends to everyone, as one buffer that all receivers share.
#[derive(Debug)]
pub(crate) struct SharedFrames {
    buffer: Bytes,
    /// Where each frame ends, and who does not get it.
    frames: Vec<(usize, Option<SessionId>)>,
    /// Who misses at least one frame.
    excepted: Vec<SessionId>,
}

impl SharedFrames {
    /// Frames all messages, in order.
    pub(crate) fn new(broadcasts: &[Broadcast]) -> Self {
        let bytes: usize = broadcasts.iter().map(|b| b.message.len() + 10).sum();
        let mut buffer = BytesMut::with_capacity(bytes);
        let mut frames = Vec::with_capacity(broadcasts.len());
        let mut excepted = Vec::new();
        for broadcast in broadcasts {
            put_header(&mut buffer, broadcast.message.len(), 0);
            buffer.put_slice(&broadcast.message);
            frames.push((buffer.len(), broadcast.except));
            if let Some(session) = broadcast.except.filter(|session| !excepted.contains(session)) {
                excepted.push(session);
            }
        }
        Self { buffer: buffer.freeze(), frames, excepted }
    }

    /// Whether there is nothing to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Hands `session`'s part of the buffer to `send`, and returns how many frames that were.
    pub(crate) fn send_to(&self, session: SessionId, send: impl FnOnce(&[Bytes])) -> usize {
        if !self.excepted.contains(&session) {
            send(std::slice::from_ref(&self.buffer));
            return self.frames.len();
        }
        let mut runs: Vec<Bytes> = Vec::new();
        let (mut start, mut end, mut count) = (0, 0, 0);
        for (frame_end, except) in &self.frames {
            if *except == Some(session) {
                runs.extend((end > start).then(|| self.buffer.slice(start..end)));
                start = *frame_end;
            } else {
                count += 1;
            }
            end = *frame_end;
        }
        runs.extend((end > start).then(|| self.buffer.slice(start..end)));
        if !runs.is_empty() {
            send(&runs);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broadcast(except: Option<u64>, message: &'static [u8]) -> Broadcast {
        Broadcast { except: except.map(SessionId), message: Bytes::from_static(message) }
    }

    fn sent(frames: &SharedFrames, session: u64) -> (usize, Vec<u8>) {
        let mut bytes = Vec::new();
        let count = frames.send_to(SessionId(session), |runs| bytes = runs.concat());
        (count, bytes)
    }

    #[test]
    fn a_writer_gets_all_but_its_own_frames() {
        let all = [
            broadcast(Some(1), b"a"),
            broadcast(None, b"b"),
            broadcast(Some(2), b"c"),
            broadcast(Some(1), b"d"),
        ];
        let frames = SharedFrames::new(&all);
        assert_eq!(sent(&frames, 3), (4, b"\x82\x01a\x82\x01b\x82\x01c\x82\x01d".to_vec()));
        assert_eq!(sent(&frames, 1), (2, b"\x82\x01b\x82\x01c".to_vec()));
        assert_eq!(sent(&frames, 2), (3, b"\x82\x01a\x82\x01b\x82\x01d".to_vec()));
        assert_eq!(sent(&SharedFrames::new(&[broadcast(Some(1), b"a")]), 1), (0, vec![]));
    }

    #[test]
    fn lengths_are_written_in_the_shortest_form() {
        let head = |n: usize| {
            let [head, _] = pieces(&Bytes::from(vec![0; n]));
            head[..head.len().min(4)].to_vec()
        };
        assert_eq!(head(125)[..2], [0x82, 125]);
        assert_eq!(head(126), [0x82, 126, 0, 126]);
        assert_eq!(head(65_535), [0x82, 126, 0xff, 0xff]);
        assert_eq!(head(65_536), [0x82, 127, 0, 0]);
        let [head, body] = pieces(&Bytes::from(vec![7; 70_000]));
        assert_eq!((head.len(), body.len()), (10, 70_000));
    }

    #[test]
    fn a_clients_frame_is_masked_with_its_key() {
        let masked = |message: &[u8]| {
            let mut buffer = BytesMut::new();
            put_masked(&mut buffer, message, [1, 2, 4, 8]);
            buffer
        };
        assert_eq!(masked(b"")[..], [0x82, 0x80, 1, 2, 4, 8]);
        assert_eq!(masked(&[0, 0, 0, 0, 0xff])[..], [0x82, 0x85, 1, 2, 4, 8, 1, 2, 4, 8, 0xfe]);
        assert_eq!(masked(&[0; 126])[..8], [0x82, 0x80 | 126, 0, 126, 1, 2, 4, 8]);
        assert_eq!(masked(&[0; 65_536])[..2], [0x82, 0x80 | 127]);
    }
}
