//! Questions and answers as bytes: lengths before texts, all numbers little-endian.

use bytes::{Buf, BufMut, Bytes};
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Generation, TenantId};
use domain::ports::{Opened, Position};

const OPEN: u8 = 0;
const APPEND: u8 = 1;
const COMPACT: u8 = 2;
const EXPIRE: u8 = 3;
const CHECK: u8 = 4;

/// What is asked of a document, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) document: DocumentKey,
    pub(super) generation: Generation,
    pub(super) ask: Ask,
}

/// One call of the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    Open,
    Append { after: Position, updates: Vec<Bytes> },
    Compact { through: Position, state: Bytes },
    Check(Position),
    Expire,
}

/// Bytes are no question or no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are of another protocol")]
pub(super) struct Malformed;

impl From<bytes::TryGetError> for Malformed {
    fn from(_: bytes::TryGetError) -> Self {
        Self
    }
}

impl Question {
    pub(super) fn encode(&self) -> Bytes {
        let DocumentKey { app, name } = &self.document;
        let payload = match &self.ask {
            Ask::Append { updates, .. } => updates_bytes(updates),
            Ask::Compact { state, .. } => state.len(),
            Ask::Open | Ask::Check(_) | Ask::Expire => 0,
        };
        let mut out = Vec::with_capacity(payload + name.as_str().len() + 160);
        put_text(&mut out, app.tenant.as_str());
        put_text(&mut out, app.app.as_str());
        put_text(&mut out, name.as_str());
        out.put_u64_le(self.generation.0);
        match &self.ask {
            Ask::Open => out.put_u8(OPEN),
            Ask::Append { after, updates } => {
                out.put_u8(APPEND);
                out.put_u64_le(after.0);
                put_updates(&mut out, updates);
            }
            Ask::Compact { through, state } => {
                out.put_u8(COMPACT);
                out.put_u64_le(through.0);
                out.put_slice(state);
            }
            Ask::Check(at) => {
                out.put_u8(CHECK);
                out.put_u64_le(at.0);
            }
            Ask::Expire => out.put_u8(EXPIRE),
        }
        out.into()
    }

    /// Reads a question; updates share its bytes.
    pub(super) fn decode(mut bytes: Bytes) -> Result<Self, Malformed> {
        let tenant = TenantId::parse(&take_text(&mut bytes)?).map_err(|_| Malformed)?;
        let app = AppId::parse(&take_text(&mut bytes)?).map_err(|_| Malformed)?;
        let name = DocumentName::parse(&take_text(&mut bytes)?).map_err(|_| Malformed)?;
        let generation = Generation(bytes.try_get_u64_le()?);
        let ask = match bytes.try_get_u8()? {
            OPEN => Ask::Open,
            APPEND => {
                let after = Position(bytes.try_get_u64_le()?);
                Ask::Append { after, updates: take_updates(&mut bytes)? }
            }
            COMPACT => {
                let through = Position(bytes.try_get_u64_le()?);
                Ask::Compact { through, state: std::mem::take(&mut bytes) }
            }
            CHECK => Ask::Check(Position(bytes.try_get_u64_le()?)),
            EXPIRE => Ask::Expire,
            _ => return Err(Malformed),
        };
        let document = DocumentKey { app: AppKey { tenant, app }, name };
        if bytes.has_remaining() { Err(Malformed) } else { Ok(Self { document, generation, ask }) }
    }
}

pub(super) fn encode_opened(opened: &Opened) -> Bytes {
    let mut out = Vec::with_capacity(8 + updates_bytes(&opened.updates));
    out.put_u64_le(opened.position.0);
    put_updates(&mut out, &opened.updates);
    out.into()
}

pub(super) fn decode_opened(mut bytes: Bytes) -> Result<Opened, Malformed> {
    let position = Position(bytes.try_get_u64_le()?);
    Ok(Opened { updates: take_updates(&mut bytes)?, position })
}

/// A position or a generation.
pub(super) fn encode_number(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_le_bytes())
}

pub(super) fn decode_number(mut bytes: Bytes) -> Result<u64, Malformed> {
    Ok(bytes.try_get_u64_le()?)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_u16_le(u16::try_from(text.len()).expect("ids and names have at most 512 bytes"));
    out.put_slice(text.as_bytes());
}

fn take_text(bytes: &mut Bytes) -> Result<String, Malformed> {
    let length = usize::from(bytes.try_get_u16_le()?);
    let text = take(bytes, length)?;
    std::str::from_utf8(&text).map(str::to_owned).map_err(|_| Malformed)
}

fn updates_bytes(updates: &[Bytes]) -> usize {
    updates.iter().map(|update| 8 + update.len()).sum()
}

fn put_updates(out: &mut Vec<u8>, updates: &[Bytes]) {
    for update in updates {
        out.put_u64_le(update.len() as u64);
        out.put_slice(update);
    }
}

/// The rest of the bytes as updates.
fn take_updates(bytes: &mut Bytes) -> Result<Vec<Bytes>, Malformed> {
    let mut updates = Vec::new();
    while bytes.has_remaining() {
        let length = usize::try_from(bytes.try_get_u64_le()?).map_err(|_| Malformed)?;
        updates.push(take(bytes, length)?);
    }
    Ok(updates)
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, Malformed> {
    if length > bytes.len() { Err(Malformed) } else { Ok(bytes.split_to(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn update() -> impl Strategy<Value = Bytes> {
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)
    }

    fn ask() -> impl Strategy<Value = Ask> {
        prop_oneof![
            Just(Ask::Open),
            Just(Ask::Expire),
            any::<u64>().prop_map(|at| Ask::Check(Position(at))),
            (any::<u64>(), prop::collection::vec(update(), 0..5))
                .prop_map(|(after, updates)| Ask::Append { after: Position(after), updates }),
            (any::<u64>(), update())
                .prop_map(|(through, state)| Ask::Compact { through: Position(through), state }),
        ]
    }

    fn question() -> impl Strategy<Value = Question> {
        ("[a-z]{1,64}", "[A-Z0-9_-]{1,64}", "[a-zü/:é]{1,200}", any::<u64>(), ask()).prop_map(
            |(tenant, app, name, generation, ask)| Question {
                document: DocumentKey {
                    app: AppKey {
                        tenant: TenantId::parse(&tenant).unwrap(),
                        app: AppId::parse(&app).unwrap(),
                    },
                    name: DocumentName::parse(&name).unwrap(),
                },
                generation: Generation(generation),
                ask,
            },
        )
    }

    proptest! {
        #[test]
        fn a_question_is_read_as_it_was_asked(question in question()) {
            prop_assert_eq!(Question::decode(question.encode()), Ok(question));
        }

        #[test]
        fn a_question_that_is_cut_short_within_its_head_is_refused(question in question()) {
            let bytes = question.encode();
            let head = Question { ask: Ask::Open, ..question }.encode().len();
            for length in 0..head {
                prop_assert_eq!(Question::decode(bytes.slice(..length)), Err(Malformed));
            }
        }

        #[test]
        fn an_opened_document_is_read_as_it_was(
            updates in prop::collection::vec(update(), 0..5), position in any::<u64>()
        ) {
            let opened = Opened { updates, position: Position(position) };
            prop_assert_eq!(decode_opened(encode_opened(&opened)), Ok(opened));
        }

        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = Bytes::from(bytes);
            let _ = Question::decode(bytes.clone());
            let _ = decode_opened(bytes.clone());
            let _ = decode_number(bytes);
        }
    }
}
