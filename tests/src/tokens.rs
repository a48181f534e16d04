//! Marks that typists leave in a text, and that are found again in the bytes of any message which carries them.

/// A mark: who typed it, and as their how-manieth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    /// The typist's Yjs client id.
    pub author: u64,
    /// Counted from 0.
    pub number: u64,
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}.{}>", self.author, self.number)
    }
}

/// Every whole mark in a message, in the order of its bytes. A typist's text is one run of bytes in any Yjs
/// encoding, as nobody types or deletes between two of its characters.
pub fn tokens_in(message: &[u8]) -> impl Iterator<Item = Token> {
    message.split(|byte| *byte == b'<').skip(1).filter_map(|rest| {
        let end = rest.iter().position(|byte| *byte == b'>')?;
        let (author, number) = std::str::from_utf8(&rest[..end]).ok()?.split_once('.')?;
        Some(Token { author: author.parse().ok()?, number: number.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Typist, update_message};

    #[test]
    fn tokens_are_found_in_what_a_typist_sends() {
        let tokens = [Token { author: 7, number: 0 }, Token { author: 7, number: 12 }];
        let text: String = tokens.iter().map(Token::to_string).collect();
        let message = update_message(&Typist::new(7).types(&text));
        assert_eq!(tokens_in(&message).collect::<Vec<_>>(), tokens);
        assert_eq!(tokens_in(b"<7.1 <7> <.1> <a.1> <7.2").count(), 0);
    }
}
