//! Writes inputs to start fuzzing from: the updates of a short session of editing, made by yrs.

use engine_fuzz::{join, update_message};
use std::sync::{Arc, Mutex};
use std::{fs, io};
use yrs::{
    Any, Array, ArrayPrelim, Doc, Map, MapPrelim, Text, TextPrelim, Transact, WriteTxn, XmlElementPrelim,
    XmlFragment, XmlTextPrelim,
};

fn main() -> io::Result<()> {
    let updates = updates();
    let messages: Vec<Vec<u8>> = updates.iter().map(|update| update_message(update)).collect();
    let protocol: &[&[u8]] =
        &[&[0, 0, 1, 0], &[1, 6, 1, 7, 1, 2, b'{', b'}'], &[2, 0, 1, b'n'], &[3], engine::SILENCE_FRAME];
    write("updates", updates.iter().map(Vec::as_slice))?;
    write("frames", messages.iter().map(Vec::as_slice).chain(protocol.iter().copied()))
}

/// Writes each piece alone, and each piece with all before it.
fn write<'a>(target: &str, pieces: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
    let pieces: Vec<_> = pieces.collect();
    let folder = format!("corpus/{target}");
    fs::create_dir_all(&folder)?;
    for at in 0..pieces.len() {
        fs::write(format!("{folder}/seed-{at}-alone"), join([pieces[at]]))?;
        fs::write(format!("{folder}/seed-{at}"), join(pieces[..=at].iter().copied()))?;
    }
    Ok(())
}

fn updates() -> Vec<Vec<u8>> {
    let made = Arc::new(Mutex::new(Vec::new()));
    for client in [7, 8] {
        let doc = Doc::with_client_id(client);
        let into = Arc::clone(&made);
        doc.observe_update_v1("seeds", move |_, event| {
            if let Ok(mut made) = into.lock() {
                made.push(event.update.clone());
            }
        })
        .expect("nothing else has the document");
        edit(&doc);
    }
    // What yrs does not write: a subdocument, an XML hook, JSON texts, a gap.
    let mut updates = std::mem::take(&mut *made.lock().expect("nothing panicked"));
    updates.push(vec![1, 1, 9, 0, 9, 1, 1, b'a', 1, b'g', 118, 0, 0]);
    updates.push(vec![1, 1, 9, 1, 7, 1, 1, b'x', 5, 1, b'h', 0]);
    updates.push(vec![1, 1, 9, 2, 2, 1, 1, b'a', 2, 1, b'1', 1, b'2', 0]);
    updates.push(vec![1, 3, 9, 4, 4, 1, 1, b't', 1, b'a', 10, 1, 4, 1, 1, b't', 1, b'b', 0]);
    updates
}

fn edit(doc: &Doc) {
    let text = doc.transact_mut().get_or_insert_text("t");
    text.insert(&mut doc.transact_mut(), 0, "abcdef");
    text.insert(&mut doc.transact_mut(), 3, "x");
    text.remove_range(&mut doc.transact_mut(), 2, 3);
    text.format(&mut doc.transact_mut(), 0, 2, [("b".into(), Any::from(true))].into());
    text.insert_embed(&mut doc.transact_mut(), 1, Any::from(1));
    let array = doc.transact_mut().get_or_insert_array("a");
    array.insert(&mut doc.transact_mut(), 0, Any::from(vec![1, 2]));
    array.push_back(&mut doc.transact_mut(), TextPrelim::new("nested"));
    array.push_back(&mut doc.transact_mut(), ArrayPrelim::default());
    array.remove(&mut doc.transact_mut(), 1);
    let map = doc.transact_mut().get_or_insert_map("m");
    map.insert(&mut doc.transact_mut(), "k", 1);
    map.insert(&mut doc.transact_mut(), "k", MapPrelim::default());
    map.remove(&mut doc.transact_mut(), "k");
    let xml = doc.transact_mut().get_or_insert_xml_fragment("x");
    let p = xml.push_back(&mut doc.transact_mut(), XmlElementPrelim::empty("p"));
    p.push_back(&mut doc.transact_mut(), XmlTextPrelim::new("t"));
    xml.remove_range(&mut doc.transact_mut(), 0, 1);
}
