use house_tests::{Token, wire};

/// Someone who types marks, and has all that they typed.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    id: u64,
    typed: String,
    marks: u64,
}

impl Author {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, typed: String::new(), marks: 0 }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The next mark, and the message that types it.
    pub(crate) fn types(&mut self) -> (Token, Vec<u8>) {
        let token = Token { author: self.id, number: self.marks };
        let from = self.typed.len();
        self.typed += &token.to_string();
        self.marks += 1;
        (token, wire::update_message(&wire::Typist::again(self.id, &self.typed, from)))
    }

    /// What a server lacks that has said in its sync step 1 what it has.
    pub(crate) fn answers(&self, step_1: &[u8]) -> Option<Vec<u8>> {
        let has = wire::state_vector(step_1)?.get(&self.id).copied().unwrap_or_default() as usize;
        let lacks = (has < self.typed.len()).then(|| wire::Typist::again(self.id, &self.typed, has));
        lacks.map(|update| wire::step_2_message(&update))
    }
}
