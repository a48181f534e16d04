//! The few messages of y-protocols that a generator sends and counts.

use crate::wire::lib0::{put_bytes, put_uint, take_bytes, take_uint};

const SYNC: u64 = 0;
const AWARENESS: u64 = 1;

/// Sync step 1 with an empty state vector: asks for the whole document.
pub(crate) const STEP_1_OF_NOTHING: &[u8] = &[0, 0, 1, 0];
/// Sync step 2 with an empty update: a client's answer that has nothing the server lacks.
pub(crate) const STEP_2_OF_NOTHING: &[u8] = &[0, 1, 2, 0, 0];

/// A message from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// The server asks for what the client has.
    Step1,
    /// The server's document, as an update.
    Step2(&'a [u8]),
    /// A change, as an update.
    Update(&'a [u8]),
    /// Awareness states; read them with [`awareness_entries`].
    Awareness(&'a [u8]),
    /// Anything else.
    Other,
}

impl<'a> Message<'a> {
    /// Reads as much of a message as a count needs; `None` where it is malformed.
    pub(crate) fn read(mut payload: &'a [u8]) -> Option<Self> {
        let input = &mut payload;
        Some(match take_uint(input)? {
            SYNC => match take_uint(input)? {
                0 => Self::Step1,
                1 => Self::Step2(take_bytes(input)?),
                2 => Self::Update(take_bytes(input)?),
                _ => return None,
            },
            AWARENESS => Self::Awareness(take_bytes(input)?),
            _ => Self::Other,
        })
    }
}

/// An update's message.
pub(crate) fn update_message(update: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 2];
    put_bytes(&mut message, update);
    message
}

/// The message that carries one client's awareness state.
pub(crate) fn awareness_message(client: u64, clock: u64, state_json: &str) -> Vec<u8> {
    let mut update = vec![1];
    put_uint(&mut update, client);
    put_uint(&mut update, clock);
    put_bytes(&mut update, state_json.as_bytes());
    let mut message = vec![1];
    put_bytes(&mut message, &update);
    message
}

/// Hands on client and clock of every state in an awareness update; `None` where it is malformed.
pub(crate) fn awareness_entries(mut update: &[u8], mut on_entry: impl FnMut(u64, u64)) -> Option<()> {
    let input = &mut update;
    for _ in 0..take_uint(input)? {
        let (client, clock) = (take_uint(input)?, take_uint(input)?);
        take_bytes(input)?;
        on_entry(client, clock);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart() {
        assert_eq!(Message::read(STEP_1_OF_NOTHING), Some(Message::Step1));
        assert_eq!(Message::read(STEP_2_OF_NOTHING), Some(Message::Step2(&[0, 0])));
        assert_eq!(Message::read(&update_message(&[7, 8])), Some(Message::Update(&[7, 8])));
        assert_eq!(Message::read(&[3]), Some(Message::Other));
        assert_eq!(Message::read(&[0, 1, 9, 0]), None);
        assert_eq!(Message::read(&[]), None);
    }

    #[test]
    fn awareness_states_are_counted_inside_a_frame() {
        let message = awareness_message(4_000_000_000, 3, "{}");
        let Some(Message::Awareness(update)) = Message::read(&message) else { panic!("no awareness") };
        let mut seen = Vec::new();
        awareness_entries(update, |client, clock| seen.push((client, clock))).unwrap();
        assert_eq!(seen, [(4_000_000_000, 3)]);
        assert_eq!(awareness_entries(&[2, 1, 1, 0], |_, _| {}), None);
    }
}
