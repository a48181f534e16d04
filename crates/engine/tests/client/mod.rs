//! yrs clients that speak to a document as y-websocket clients do.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)] // shared by several tests, none of which uses all of it

use bytes::Bytes;
use engine::{Caps, Document, OpsBudget, SessionId, Turn};
use proptest::prelude::*;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    Any, Array, ClientID, Doc, GetString, Map, MapPrelim, OffsetKind, Options, ReadTxn, StateVector, Text,
    TextPrelim, Transact, Update, XmlElementPrelim, XmlFragment, XmlTextPrelim,
};

/// So many cases, the same in every run.
pub fn config(cases: u32) -> ProptestConfig {
    use proptest::test_runner::RngSeed;
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(cases)
    }
}

pub fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn message(kind: &[u8], payload: &[u8]) -> Bytes {
    let mut out = kind.to_vec();
    put_number(&mut out, payload.len() as u64);
    out.extend_from_slice(payload);
    out.into()
}

pub fn update_message(update: &[u8]) -> Bytes {
    message(&[0, 2], update)
}

pub fn step_1_message(state_vector: &[u8]) -> Bytes {
    message(&[0, 0], state_vector)
}

pub fn awareness_message(states: &[(u64, u64, &str)]) -> Bytes {
    let mut update = Vec::new();
    put_number(&mut update, states.len() as u64);
    for (client, clock, state) in states {
        put_number(&mut update, *client);
        put_number(&mut update, *clock);
        put_number(&mut update, state.len() as u64);
        update.extend_from_slice(state.as_bytes());
    }
    message(&[1], &update)
}

/// A message's kind and payload; kinds 0, 1, 2 are sync's, 3 is anything else.
pub fn parse(message: &[u8]) -> (u8, &[u8]) {
    if message[0] != 0 {
        return (3, &message[1..]);
    }
    let mut at = 2;
    while message[at] >= 0x80 {
        at += 1;
    }
    (message[1], &message[at + 1..])
}

pub fn doc(client: u64) -> Doc {
    let mut options = Options::with_client_id(ClientID::new(client));
    options.offset_kind = OffsetKind::Utf16;
    Doc::with_options(options)
}

fn loaded(state: &[u8]) -> Doc {
    let doc = doc(0xfff);
    doc.transact_mut().apply_update(Update::decode_v1(state).unwrap()).unwrap();
    doc
}

pub fn text_of(state: &[u8]) -> String {
    let doc = loaded(state);
    let text = doc.get_or_insert_text("t");
    text.get_string(&doc.transact())
}

pub fn content_of(state: &[u8]) -> String {
    content(&loaded(state))
}

/// Everything that the document shows.
fn content(doc: &Doc) -> String {
    let (text, array, map, xml) = (
        doc.get_or_insert_text("t"),
        doc.get_or_insert_array("a"),
        doc.get_or_insert_map("m"),
        doc.get_or_insert_xml_fragment("x"),
    );
    let txn = doc.transact();
    assert!(!txn.has_missing_updates(), "a client was shown an update ahead of its dependencies");
    use yrs::types::ToJson;
    let map: std::collections::BTreeMap<_, _> =
        map.iter(&txn).map(|(k, v)| (k.to_string(), v.to_json(&txn).to_string())).collect();
    format!("{} | {} | {map:?} | {}", text.get_string(&txn), array.to_json(&txn), xml.get_string(&txn))
}

pub struct Client {
    doc: Doc,
}

impl Client {
    pub fn new(id: u64) -> Self {
        Self { doc: doc(id) }
    }

    /// Makes a change, and returns its update.
    pub fn change(&mut self, change: impl FnOnce(&Doc)) -> Vec<u8> {
        use std::sync::{Arc, Mutex};
        let made = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&made);
        self.doc
            .observe_update_v1("test", move |_, event| into.lock().unwrap().push(event.update.clone()))
            .unwrap();
        change(&self.doc);
        self.doc.unobserve_update_v1("test").unwrap();
        let made = made.lock().unwrap();
        assert!(made.len() <= 1);
        made.first().cloned().unwrap_or_else(|| vec![0, 0])
    }

    pub fn insert(&mut self, at: u32, text: &str) -> Vec<u8> {
        self.change(|doc| {
            let t = doc.get_or_insert_text("t");
            t.insert(&mut doc.transact_mut(), at, text);
        })
    }

    pub fn remove(&mut self, at: u32, length: u32) -> Vec<u8> {
        self.change(|doc| {
            let t = doc.get_or_insert_text("t");
            t.remove_range(&mut doc.transact_mut(), at, length);
        })
    }

    fn state_vector(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    /// Takes a message of the server; returns what a stock client answers.
    pub fn receive(&mut self, message: &[u8]) -> Option<Bytes> {
        match parse(message) {
            (0, state_vector) => {
                let theirs = StateVector::decode_v1(state_vector).unwrap();
                let update = self.doc.transact().encode_state_as_update_v1(&theirs);
                Some(super::client::message(&[0, 1], &update))
            }
            (1 | 2, update) => {
                self.doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
                None
            }
            _ => None,
        }
    }
}

/// One edit of one of three clients.
#[derive(Debug, Clone)]
pub struct Edit {
    who: usize,
    at: u32,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Insert(String),
    Remove(u32),
    Format,
    Embed,
    Push,
    PushText,
    Set(u8),
    Nest(u8),
    Element,
    Settle,
}

pub fn edit() -> impl Strategy<Value = Edit> {
    let what = prop_oneof![
        4 => "[a-c女é]{1,4}".prop_map(What::Insert),
        2 => (1_u32..6).prop_map(What::Remove),
        1 => Just(What::Format),
        1 => Just(What::Embed),
        1 => Just(What::Push),
        1 => Just(What::PushText),
        1 => (0_u8..3).prop_map(What::Set),
        1 => (0_u8..3).prop_map(What::Nest),
        1 => Just(What::Element),
        2 => Just(What::Settle),
    ];
    (0..3_usize, any::<u32>(), what).prop_map(|(who, at, what)| Edit { who, at, what })
}

fn make(doc: &Doc, at: u32, what: &What) {
    let (text, array, map, xml) = (
        doc.get_or_insert_text("t"),
        doc.get_or_insert_array("a"),
        doc.get_or_insert_map("m"),
        doc.get_or_insert_xml_fragment("x"),
    );
    let mut txn = doc.transact_mut();
    let length = text.len(&txn);
    let at = at % (length + 1);
    match what {
        What::Insert(inserted) => text.insert(&mut txn, at, inserted),
        What::Remove(n) => text.remove_range(&mut txn, at, (*n).min(length - at)),
        What::Format => {
            let bold = [("b".into(), Any::from(at.is_multiple_of(2)))].into();
            text.format(&mut txn, at, (length - at).min(3), bold);
        }
        What::Embed => {
            text.insert_embed(&mut txn, at, Any::from_json(r#"{"image":[1,{"a":null}]}"#).unwrap());
        }
        What::Push => {
            array.push_back(&mut txn, yrs::any!({"list": [1.5, true, null, "x"]}));
        }
        What::PushText => {
            let count = array.len(&txn);
            if at.is_multiple_of(3) && count > 0 {
                array.remove(&mut txn, at % count);
            } else {
                array.push_back(&mut txn, TextPrelim::new("nested"));
            }
        }
        What::Set(key) => {
            map.insert(&mut txn, format!("k{key}"), at);
        }
        What::Nest(key) => {
            let inner = map.insert(&mut txn, format!("k{key}"), MapPrelim::default());
            inner.insert(&mut txn, "deep", "value");
        }
        What::Element => {
            if at % 3 == 2 && xml.len(&txn) > 0 {
                xml.remove_range(&mut txn, 0, 1);
            } else {
                let p = xml.push_back(&mut txn, XmlElementPrelim::empty("p"));
                p.push_back(&mut txn, XmlTextPrelim::new("line"));
            }
        }
        What::Settle => {}
    }
}

/// A document, and clients with a line to it each.
pub struct Room {
    pub document: Document,
    pub appended: Vec<Bytes>,
    pub ops: OpsBudget,
    clients: Vec<Client>,
    connected: BTreeSet<usize>,
    /// Messages on their way, by client: to the server, to the client.
    upward: Vec<VecDeque<Bytes>>,
    downward: Vec<VecDeque<Bytes>>,
}

impl Room {
    pub fn new() -> Self {
        Self {
            document: Document::open(&[], Caps::default()).unwrap(),
            appended: Vec::new(),
            ops: OpsBudget::unlimited(),
            clients: Vec::new(),
            connected: BTreeSet::new(),
            upward: Vec::new(),
            downward: Vec::new(),
        }
    }

    pub fn client(&mut self, id: u64) -> usize {
        self.clients.push(Client::new(id));
        self.upward.push(VecDeque::new());
        self.downward.push(VecDeque::new());
        self.clients.len() - 1
    }

    pub fn join(&mut self, id: u64) -> usize {
        let client = self.client(id);
        self.connect(client);
        self.settle();
        client
    }

    pub fn connect(&mut self, client: usize) {
        self.connected.insert(client);
        self.document.join(SessionId(client as u64), Duration::ZERO);
        let step_1 = step_1_message(&self.clients[client].state_vector());
        self.upward[client].push_back(step_1);
    }

    pub fn disconnect(&mut self, client: usize) {
        self.connected.remove(&client);
        self.document.leave(SessionId(client as u64), Duration::ZERO);
        self.upward[client].clear();
        self.downward[client].clear();
    }

    pub fn insert(&mut self, client: usize, at: u32, text: &str) {
        let update = self.clients[client].insert(at, text);
        self.send(client, &update);
    }

    pub fn remove(&mut self, client: usize, at: u32, length: u32) {
        let update = self.clients[client].remove(at, length);
        self.send(client, &update);
    }

    pub fn edit(&mut self, clients: &[usize], edit: &Edit) {
        if matches!(edit.what, What::Settle) {
            return self.settle();
        }
        let client = clients[edit.who];
        let update = self.clients[client].change(|doc| make(doc, edit.at, &edit.what));
        self.send(client, &update);
    }

    fn send(&mut self, client: usize, update: &[u8]) {
        if self.connected.contains(&client) {
            self.upward[client].push_back(update_message(update));
        }
    }

    /// Carries messages until none is left.
    pub fn settle(&mut self) {
        while self.carry_up() | self.carry_down() {}
    }

    fn carry_up(&mut self) -> bool {
        let mut turn = Turn::default();
        for client in 0..self.clients.len() {
            if let Some(message) = self.upward[client].pop_front() {
                let session = SessionId(client as u64);
                self.document.receive(session, &message, Duration::ZERO, &mut self.ops, &mut turn).unwrap();
            }
        }
        let is_busy = !turn.is_empty() || self.upward.iter().any(|line| !line.is_empty());
        self.appended.append(&mut turn.appends);
        for (session, message) in turn.replies {
            self.downward[session.0 as usize].push_back(message);
        }
        for broadcast in turn.broadcasts {
            for client in self.connected.iter().filter(|c| broadcast.except != Some(SessionId(**c as u64))) {
                self.downward[*client].push_back(broadcast.message.clone());
            }
        }
        is_busy
    }

    fn carry_down(&mut self) -> bool {
        let mut is_busy = false;
        for client in 0..self.clients.len() {
            while let Some(message) = self.downward[client].pop_front() {
                is_busy = true;
                if let Some(answer) = self.clients[client].receive(&message) {
                    self.upward[client].push_back(answer);
                }
            }
        }
        is_busy
    }

    pub fn text(&self, client: usize) -> String {
        let doc = &self.clients[client].doc;
        let text = doc.get_or_insert_text("t");
        text.get_string(&doc.transact())
    }

    pub fn text_of_server(&mut self) -> String {
        text_of(&self.document.encoded_state().unwrap())
    }

    pub fn content(&self, client: usize) -> String {
        content(&self.clients[client].doc)
    }

    pub fn content_of_server(&mut self) -> String {
        content_of(&self.document.encoded_state().unwrap())
    }
}

/// Damages one of several updates: changes, drops, doubles or inserts a byte, cuts, or splices another in.
pub fn damage(updates: &mut [Vec<u8>], which: usize, at: &prop::sample::Index, byte: u8, how: u8) {
    let other = updates[byte as usize % updates.len()].clone();
    let update = &mut updates[which];
    if update.is_empty() {
        return;
    }
    let at = at.index(update.len());
    match how {
        0 => update[at] = byte,
        1 => update[at] = update[at].wrapping_add(1 + byte % 3),
        2 => update.insert(at, byte),
        3 => drop(update.remove(at)),
        _ => {
            update.truncate(at);
            update.extend_from_slice(&other[at.min(other.len())..]);
        }
    }
}
