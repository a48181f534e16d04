use house_tests::Token;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

/// What clients have seen of what others typed, document by document.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<HashMap<(&'static str, usize), Marks>>);

#[derive(Debug, Default)]
struct Marks {
    in_order: Vec<Token>,
    known: HashSet<Token>,
}

/// A document of an app.
pub(crate) type Place = (&'static str, usize);

impl Seen {
    /// Somebody else than its author has seen a mark.
    pub(crate) fn add(&self, place: Place, token: Token) {
        let mut seen = self.0.lock().expect("no holder panics");
        let marks = seen.entry(place).or_default();
        if marks.known.insert(token) {
            marks.in_order.push(token);
        }
    }

    /// How many marks of a document have been seen.
    pub(crate) fn count(&self, place: Place) -> usize {
        self.0.lock().expect("no holder panics").get(&place).map_or(0, |marks| marks.in_order.len())
    }

    /// The marks among the first `count` seen ones that `text` lacks.
    pub(crate) fn lacking(&self, place: Place, count: usize, text: &HashSet<Token>) -> Vec<Token> {
        let seen = self.0.lock().expect("no holder panics");
        let first = seen.get(&place).map_or(&[][..], |marks| &marks.in_order[..count]);
        first.iter().filter(|token| !text.contains(token)).copied().collect()
    }
}
