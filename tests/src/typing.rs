use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

/// Between two sections stands one line feed that nobody deletes.
const SEPARATOR: char = '\n';
/// Transactions that one writer makes between two shuffles of the sections.
const BURST: usize = 40;
const WORDS: [&str; 8] = ["meanwhile ", "the ", "lantern ", "über ", "was ", "🦀🦀 ", "nobody's ", "日本 "];

/// How a session is typed.
#[derive(Debug, Clone, Copy)]
pub struct Typing {
    /// Where its chance comes from.
    pub seed: u64,
    /// One or two people.
    pub writers: usize,
    /// How often the sections change hands.
    pub rounds: usize,
}

/// Types a session, in the format of the recordings.
///
/// The text is a list of sections with a separator between any two; at any time each section belongs to one
/// writer, and changes hands only where both have seen everything. Two concurrent inserts never meet at one
/// place, so the text at the end follows from each writer's own edits alone: no merge rule is needed to know
/// it, and whatever merges the session otherwise is wrong.
#[must_use]
pub fn typed_session(typing: Typing) -> Value {
    assert!((1..=2).contains(&typing.writers), "a session has one or two writers");
    let mut session = Session::new(typing);
    for _ in 0..typing.rounds {
        session.round();
    }
    session.finish()
}

type Sections = Vec<Vec<char>>;

struct Session {
    chance: StdRng,
    writers: Vec<Writer>,
    /// Whose each section is.
    owners: Vec<usize>,
    transactions: Vec<Value>,
}

struct Writer {
    /// The text as this writer has it.
    view: Sections,
    /// The transactions that its next one is made from.
    parents: Vec<usize>,
    /// Its last transaction.
    head: Option<usize>,
    /// Where it types: a section and a character of it.
    cursor: (usize, usize),
}

/// Replaces `deleted` characters at `at` of a section by `inserted`.
struct Edit {
    section: usize,
    at: usize,
    deleted: usize,
    inserted: Vec<char>,
}

impl Session {
    fn new(Typing { seed, writers, .. }: Typing) -> Self {
        let sections = writers * 3;
        let newcomer =
            || Writer { view: vec![Vec::new(); sections], parents: Vec::new(), head: None, cursor: (0, 0) };
        let mut session = Self {
            chance: StdRng::seed_from_u64(seed),
            writers: (0..writers).map(|_| newcomer()).collect(),
            owners: (0..sections).map(|section| section % writers).collect(),
            transactions: Vec::new(),
        };
        let separators = SEPARATOR.to_string().repeat(sections - 1);
        session.record(0, &json!([[0, 0, separators]]));
        session
    }

    /// Everybody catches up, the sections change hands, and a burst of edits by all writers follows.
    fn round(&mut self) {
        let writers = self.writers.len();
        for writer in 0..writers {
            self.catch_up(writer);
        }
        self.owners.shuffle(&mut self.chance);
        for writer in 0..writers {
            self.move_cursor(writer);
        }
        let mut turns: Vec<usize> = (0..writers * BURST).map(|turn| turn % writers).collect();
        turns.shuffle(&mut self.chance);
        for writer in turns {
            if self.chance.random_bool(0.1) {
                self.catch_up(writer);
            }
            self.turn(writer);
        }
    }

    /// The writer receives all that the others have made: in each section, what its owner has.
    fn catch_up(&mut self, writer: usize) {
        for section in 0..self.owners.len() {
            let owners_version = self.writers[self.owners[section]].view[section].clone();
            self.writers[writer].view[section] = owners_version;
        }
        self.writers[writer].parents = self.writers.iter().filter_map(|w| w.head).collect();
    }

    /// One transaction: what a person does next.
    fn turn(&mut self, writer: usize) {
        let edits = match self.chance.random_range(0..20) {
            0 => self.paste(writer),
            1 => self.cut(writer),
            2 | 3 => self.correct(writer),
            4 => self.type_at_two_cursors(writer),
            _ => self.type_word(writer),
        };
        let patches: Vec<Value> = edits.into_iter().map(|edit| self.apply(writer, edit)).collect();
        self.record(writer, &Value::Array(patches));
        if self.chance.random_bool(0.15) {
            self.move_cursor(writer);
        }
    }

    fn type_word(&mut self, writer: usize) -> Vec<Edit> {
        let (section, at) = self.writers[writer].cursor;
        vec![Edit { section, at, deleted: 0, inserted: self.word() }]
    }

    fn paste(&mut self, writer: usize) -> Vec<Edit> {
        let (section, at) = self.writers[writer].cursor;
        let words = self.chance.random_range(10..60);
        vec![Edit { section, at, deleted: 0, inserted: (0..words).flat_map(|_| self.word()).collect() }]
    }

    /// Every transaction changes something, as a replaying writer counts the updates of the other.
    fn cut(&mut self, writer: usize) -> Vec<Edit> {
        let (section, at) = self.writers[writer].cursor;
        if at == 0 {
            return self.type_word(writer);
        }
        let deleted = self.chance.random_range(1..=at.min(80));
        vec![Edit { section, at: at - deleted, deleted, inserted: Vec::new() }]
    }

    /// Takes back the last few characters and writes others.
    fn correct(&mut self, writer: usize) -> Vec<Edit> {
        let (section, at) = self.writers[writer].cursor;
        let deleted = self.chance.random_range(0..=at.min(6));
        vec![Edit { section, at: at - deleted, deleted, inserted: self.word() }]
    }

    /// The second edit's place is right only if the first is applied before it.
    fn type_at_two_cursors(&mut self, writer: usize) -> Vec<Edit> {
        let (section, at) = self.writers[writer].cursor;
        let first = Edit { section, at, deleted: 0, inserted: self.word() };
        let beyond = at + first.inserted.len();
        vec![first, Edit { section, at: beyond, deleted: 0, inserted: self.word() }]
    }

    fn word(&mut self) -> Vec<char> {
        WORDS[self.chance.random_range(0..WORDS.len())].chars().collect()
    }

    fn move_cursor(&mut self, writer: usize) {
        let own: Vec<usize> = (0..self.owners.len()).filter(|s| self.owners[*s] == writer).collect();
        let section = own[self.chance.random_range(0..own.len())];
        let length = self.writers[writer].view[section].len();
        self.writers[writer].cursor = (section, self.chance.random_range(0..=length));
    }

    /// Makes the edit in the writer's view. Returns it as a patch of the whole text.
    fn apply(&mut self, writer: usize, edit: Edit) -> Value {
        let Writer { view, cursor, .. } = &mut self.writers[writer];
        let before: usize = view[..edit.section].iter().map(|section| section.len() + 1).sum();
        let patch = json!([before + edit.at, edit.deleted, edit.inserted.iter().collect::<String>()]);
        *cursor = (edit.section, edit.at + edit.inserted.len());
        view[edit.section].splice(edit.at..edit.at + edit.deleted, edit.inserted);
        patch
    }

    fn record(&mut self, writer: usize, patches: &Value) {
        let index = self.transactions.len();
        let Writer { parents, head, .. } = &mut self.writers[writer];
        let parents = std::mem::replace(parents, vec![index]);
        *head = Some(index);
        self.transactions.push(json!({"parents": parents, "agent": writer, "patches": patches}));
    }

    fn finish(mut self) -> Value {
        self.catch_up(0);
        let sections = self.writers[0].view.iter().map(|section| section.iter().collect::<String>());
        let end = sections.collect::<Vec<_>>().join(&SEPARATOR.to_string());
        json!({
            "kind": "concurrent",
            "numAgents": self.writers.len(),
            "endContent": end,
            "txns": self.transactions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edits_of_a_single_writer_make_its_end() {
        let session = typed_session(Typing { seed: 7, writers: 1, rounds: 5 });
        let mut text: Vec<char> = Vec::new();
        for transaction in session["txns"].as_array().unwrap() {
            for patch in transaction["patches"].as_array().unwrap() {
                let number = |i: usize| patch[i].as_u64().unwrap() as usize;
                text.splice(number(0)..number(0) + number(1), patch[2].as_str().unwrap().chars());
            }
        }
        assert_eq!(text.iter().collect::<String>(), session["endContent"].as_str().unwrap());
    }

    #[test]
    fn two_writers_edit_concurrently_and_a_seed_types_one_session() {
        let typing = Typing { seed: 8, writers: 2, rounds: 5 };
        let session = typed_session(typing);
        let merges = session["txns"].as_array().unwrap().iter();
        assert!(merges.filter(|txn| txn["parents"].as_array().unwrap().len() == 2).count() > 10);
        assert_eq!(session, typed_session(typing));
        assert_ne!(session, typed_session(Typing { seed: 9, ..typing }));
    }
}
