//! WebSocket frames (RFC 6455 section 5), the client's side: masked out, unmasked in.

/// The mask of every frame sent. Any four bytes are lawful; a fixed key lets a frame be encoded long before
/// it is sent, and costs the server what any other key costs it.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Bytes of one frame that is taken: above any document a run builds.
const FRAME_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// The peer closes.
    Close,
    /// To be answered by a pong.
    Ping,
    /// An answer to a ping.
    Pong,
}

impl Opcode {
    fn bits(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    fn from_bits(bits: u8) -> Option<Self> {
        [Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong].into_iter().find(|o| o.bits() == bits)
    }
}

/// Appends one whole masked frame.
pub(crate) fn put_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    out.push(0x80 | opcode.bits());
    match payload.len() {
        n @ 0..=125 => out.push(0x80 | n as u8),
        n @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// One binary message as one masked frame.
pub(crate) fn binary(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    put_frame(&mut out, Opcode::Binary, payload);
    out
}

/// A server broke the protocol, or uses a part of it that the generator never asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// Reserved bits or an unknown opcode: no extension was offered.
    #[error("reserved bits or opcode")]
    Reserved,
    /// A message in several frames.
    #[error("fragmented message")]
    Fragmented,
    /// A server's frame is masked.
    #[error("masked server frame")]
    Masked,
    /// Over [`FRAME_BYTES_MAX`].
    #[error("frame too long")]
    TooLong,
}

/// Cuts the bytes that arrive from a server into frames. Holds memory only for a frame not yet whole.
#[derive(Debug, Default)]
pub(crate) struct FrameCutter {
    partial: Vec<u8>,
}

impl FrameCutter {
    /// Takes the next bytes of the stream and hands on each frame that is whole with them.
    ///
    /// # Errors
    /// [`FrameError`]; the stream can't be read any further then.
    pub(crate) fn cut(
        &mut self,
        bytes: &[u8],
        mut on_frame: impl FnMut(Opcode, &[u8]),
    ) -> Result<(), FrameError> {
        if self.partial.is_empty() {
            let used = cut_whole(bytes, &mut on_frame)?;
            self.partial.extend_from_slice(&bytes[used..]);
        } else {
            self.partial.extend_from_slice(bytes);
            let used = cut_whole(&self.partial, &mut on_frame)?;
            self.partial.drain(..used);
        }
        Ok(())
    }
}

/// Hands on the frames that are whole and tells how many bytes they took.
fn cut_whole(bytes: &[u8], on_frame: &mut impl FnMut(Opcode, &[u8])) -> Result<usize, FrameError> {
    let mut at = 0;
    while let Some(header) = Header::read(&bytes[at..])? {
        let from = at + header.length;
        let Some(payload) = bytes.get(from..from + header.payload) else { break };
        on_frame(header.opcode, payload);
        at = from + header.payload;
    }
    Ok(at)
}

struct Header {
    opcode: Opcode,
    length: usize,
    payload: usize,
}

impl Header {
    /// Reads a header; `None` where it has not arrived whole.
    fn read(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let opcode = match first {
            bits if bits & 0x70 != 0 => return Err(FrameError::Reserved),
            bits if bits & 0x8f < 0x80 || bits & 0x0f == 0 => return Err(FrameError::Fragmented),
            bits => Opcode::from_bits(bits & 0x0f).ok_or(FrameError::Reserved)?,
        };
        let (length, payload) = match second {
            bits if bits & 0x80 != 0 => return Err(FrameError::Masked),
            126 => match rest {
                [a, b, ..] => (4, u64::from(u16::from_be_bytes([*a, *b]))),
                _ => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(chunk) => (10, u64::from_be_bytes(*chunk)),
                None => return Ok(None),
            },
            n => (2, u64::from(*n)),
        };
        if payload > FRAME_BYTES_MAX {
            return Err(FrameError::TooLong);
        }
        Ok(Some(Self { opcode, length, payload: payload as usize }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A server's frame: a client's frame with the mask taken off.
    fn server_frame(payload: &[u8]) -> Vec<u8> {
        let mut masked = binary(payload);
        let head = masked.len() - payload.len();
        masked.truncate(head - 4);
        masked[1] &= 0x7f;
        masked.extend_from_slice(payload);
        masked
    }

    proptest! {
        #[test]
        fn frames_are_whole_however_the_stream_is_cut(
            sizes in proptest::collection::vec(prop_oneof![0usize..200, 65_000usize..66_000], 1..6),
            step in 1usize..5000,
        ) {
            let payloads: Vec<Vec<u8>> = sizes.iter().map(|n| vec![*n as u8; *n]).collect();
            let stream: Vec<u8> = payloads.iter().flat_map(|p| server_frame(p)).collect();
            let (mut cutter, mut seen) = (FrameCutter::default(), Vec::new());
            for piece in stream.chunks(step) {
                cutter.cut(piece, |_, payload| seen.push(payload.to_vec())).unwrap();
            }
            prop_assert_eq!(seen, payloads);
            prop_assert!(cutter.partial.is_empty());
        }
    }

    #[test]
    fn a_frame_is_masked_on_the_way_out() {
        let frame = binary(b"hi");
        assert_eq!(frame[..6], [0x82, 0x82, MASK[0], MASK[1], MASK[2], MASK[3]]);
        assert_eq!(frame[6..], [b'h' ^ MASK[0], b'i' ^ MASK[1]]);
    }

    #[test]
    fn what_a_server_must_not_send_is_an_error() {
        let error = |bytes: &[u8]| FrameCutter::default().cut(bytes, |_, _| {}).unwrap_err();
        assert_eq!(error(&[0xc2, 0]), FrameError::Reserved);
        assert_eq!(error(&[0x83, 0]), FrameError::Reserved);
        assert_eq!(error(&[0x02, 0]), FrameError::Fragmented);
        assert_eq!(error(&[0x80, 0]), FrameError::Fragmented);
        assert_eq!(error(&[0x82, 0x80]), FrameError::Masked);
        assert_eq!(error(&[0x82, 127, 1, 0, 0, 0, 0, 0, 0, 0]), FrameError::TooLong);
    }
}
