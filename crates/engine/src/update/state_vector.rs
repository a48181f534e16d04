use super::structs::clock;
use super::{CLOCK_END_MAX, Known};
use crate::Malformed;
use crate::lib0::{Reader, put_number};
use std::collections::HashMap;

/// What a client says it has, of the clients that the document knows. Other clients make no difference to what
/// it is sent, so what is kept is bounded by the document, not by the message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct StateVector {
    pub(crate) clocks: HashMap<u64, u32>,
}

impl StateVector {
    /// Reads a whole state vector.
    pub(crate) fn read(bytes: &[u8], known: &Known) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let mut clocks = HashMap::new();
        for _ in 0..reader.count(2)? {
            let client = reader.number()?;
            let number = reader.number()?;
            let end = if number == CLOCK_END_MAX { number as u32 } else { clock(number)? };
            let has = end.min(known.clock(client));
            if has > 0 {
                clocks.insert(client, has);
            }
        }
        reader.finish()?;
        Ok(Self { clocks })
    }

    /// Whether it has none of the document's structs.
    pub(crate) fn is_empty(&self) -> bool {
        self.clocks.is_empty()
    }

    /// Whether it has all of the document's structs. What is deleted, no state vector says.
    pub(crate) fn is_all_of(&self, known: &Known) -> bool {
        known.clocks().len() == self.clocks.len()
            && known.clocks().all(|(client, clock)| self.clocks.get(&client) == Some(&clock))
    }

    /// The document's own state vector, encoded. Clients go in descending order, as Yjs writes them.
    pub(crate) fn encode(known: &Known) -> Vec<u8> {
        let mut clocks: Vec<_> = known.clocks().collect();
        clocks.sort_unstable_by(|a, b| b.cmp(a));
        let mut out = Vec::with_capacity(4 + clocks.len() * 8);
        put_number(&mut out, clocks.len() as u64);
        for (client, clock) in clocks {
            put_number(&mut out, client);
            put_number(&mut out, u64::from(clock));
        }
        out
    }
}
