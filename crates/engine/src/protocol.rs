//! Messages of y-protocols as y-websocket sends them: exactly one in each WebSocket message.

use crate::Malformed;
use crate::lib0::{Reader, put_buffer, put_number};
use bytes::Bytes;

const SYNC: u64 = 0;
const AWARENESS: u64 = 1;
const AUTH: u64 = 2;
const QUERY_AWARENESS: u64 = 3;

const STEP_1: u64 = 0;
const STEP_2: u64 = 1;
const UPDATE: u64 = 2;

/// An update of no structs and no deletions.
const EMPTY_UPDATE: &[u8] = &[0, 0];

/// An awareness message without states. Stock y-websocket clients drop a line on which no data arrived for 30 s,
/// and do not see WebSocket pings; this is the smallest message that they take for data and that says nothing.
pub const SILENCE_FRAME: &[u8] = &[1, 1, 0];

/// Whether a message, as far as its first bytes tell, carries an update that is not empty, and so may be an op.
#[must_use]
pub fn may_be_op(message: &[u8]) -> bool {
    let mut reader = Reader::new(message);
    let has_update = reader.number() == Ok(SYNC) && matches!(reader.number(), Ok(STEP_2 | UPDATE));
    has_update && reader.buffer() != Ok(EMPTY_UPDATE)
}

/// What a message asks for. Byte strings are where they were in the message, without a copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// "This is what I have": a state vector.
    Step1(Bytes),
    /// An update. The answer to step 1, or a change as it happens; the latter can be passed on as it is.
    Update { update: Bytes, is_step_2: bool },
    /// An awareness update.
    Awareness(Bytes),
    /// "Tell me all awareness states."
    QueryAwareness,
    /// A refusal of access, which no client has reason to send.
    Auth,
}

impl Message {
    /// Reads a whole message.
    pub(crate) fn read(message: &Bytes) -> Result<Self, Malformed> {
        let mut reader = Reader::new(message);
        let read = match reader.number()? {
            SYNC => {
                let step = reader.number()?;
                let payload = message.slice_ref(reader.buffer()?);
                match step {
                    STEP_1 => Self::Step1(payload),
                    STEP_2 => Self::Update { update: payload, is_step_2: true },
                    UPDATE => Self::Update { update: payload, is_step_2: false },
                    _ => return Err(Malformed::UnknownKind("sync message")),
                }
            }
            AWARENESS => Self::Awareness(message.slice_ref(reader.buffer()?)),
            AUTH => {
                if reader.number()? != 0 {
                    return Err(Malformed::UnknownKind("auth message"));
                }
                reader.text()?;
                Self::Auth
            }
            QUERY_AWARENESS => Self::QueryAwareness,
            _ => return Err(Malformed::UnknownKind("message")),
        };
        reader.finish()?;
        Ok(read)
    }
}

/// "This is what I have."
pub(crate) fn step_1(state_vector: &[u8]) -> Bytes {
    sync(STEP_1, state_vector)
}

/// The answer to step 1.
pub(crate) fn step_2(update: &[u8]) -> Bytes {
    sync(STEP_2, update)
}

/// A change as it happens.
pub(crate) fn update(update: &[u8]) -> Bytes {
    sync(UPDATE, update)
}

/// Awareness states.
pub(crate) fn awareness(update: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(update.len() + 9);
    put_number(&mut out, AWARENESS);
    put_buffer(&mut out, update);
    out.into()
}

fn sync(step: u64, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 10);
    put_number(&mut out, SYNC);
    put_number(&mut out, step);
    put_buffer(&mut out, payload);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Result<Message, Malformed> {
        Message::read(&Bytes::copy_from_slice(message))
    }

    #[test]
    fn each_kind_of_message_is_read() {
        let bytes = Bytes::from_static(&[9]);
        assert_eq!(read(&[0, 0, 1, 9]), Ok(Message::Step1(bytes.clone())));
        assert_eq!(read(&[0, 1, 1, 9]), Ok(Message::Update { update: bytes.clone(), is_step_2: true }));
        assert_eq!(read(&[0, 2, 1, 9]), Ok(Message::Update { update: bytes.clone(), is_step_2: false }));
        assert_eq!(read(&[1, 1, 9]), Ok(Message::Awareness(bytes)));
        assert_eq!(read(&[2, 0, 2, b'n', b'o']), Ok(Message::Auth));
        assert_eq!(read(&[3]), Ok(Message::QueryAwareness));
        assert_eq!(read(SILENCE_FRAME), Ok(Message::Awareness(Bytes::from_static(&[0]))));
    }

    #[test]
    fn updates_and_steps_2_that_are_not_empty_may_be_ops() {
        let may_be: [&[u8]; 3] = [&[0, 1, 1, 9], &[0, 2, 1, 9], &[0, 2]];
        assert!(may_be.iter().all(|message| may_be_op(message)));
        let never: [&[u8]; 6] = [&[], &[0], &[0, 0, 1, 9], &[0, 1, 2, 0, 0], &[1, 1, 9], &[3]];
        assert!(!never.iter().any(|message| may_be_op(message)));
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(read(&[]), Err(Malformed::Truncated));
        assert_eq!(read(&[0, 2, 2, 9]), Err(Malformed::Truncated));
        assert_eq!(read(&[0, 2, 1, 9, 9]), Err(Malformed::Trailing));
        assert_eq!(read(&[3, 0]), Err(Malformed::Trailing));
        assert_eq!(read(&[0, 3, 0]), Err(Malformed::UnknownKind("sync message")));
        assert_eq!(read(&[2, 1, 0]), Err(Malformed::UnknownKind("auth message")));
        assert_eq!(read(&[4]), Err(Malformed::UnknownKind("message")));
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = Bytes::from_static(&[1, 2, 3]);
        assert_eq!(Message::read(&step_1(&bytes)), Ok(Message::Step1(bytes.clone())));
        assert_eq!(Message::read(&awareness(&bytes)), Ok(Message::Awareness(bytes.clone())));
        for (message, is_step_2) in [(step_2(&bytes), true), (update(&bytes), false)] {
            assert_eq!(Message::read(&message), Ok(Message::Update { update: bytes.clone(), is_step_2 }));
        }
    }
}
