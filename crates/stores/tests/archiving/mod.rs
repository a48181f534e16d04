//! What the archive's tests archive.
#![allow(dead_code, reason = "each test binary uses its share of it")]
#![allow(clippy::unwrap_used, reason = "what a test needs and lacks fails it")]

mod forgetful;

pub(crate) use forgetful::ForgetfulDocuments;

use bytes::Bytes;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Generation, TenantId};
use domain::ports::{Documents, Position};

pub(crate) const FIRST: Generation = Generation(10);
pub(crate) const NEXT: Generation = Generation(11);

/// A document of the app `t`, `a`.
pub(crate) fn document(name: &str) -> DocumentKey {
    let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
    DocumentKey { app, name: DocumentName::parse(name).unwrap() }
}

pub(crate) fn state(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}

pub(crate) fn updates<const N: usize>(texts: [&str; N]) -> Vec<Bytes> {
    texts.map(state).to_vec()
}

/// Opens a document and appends "1" and "2". Returns where its log ends.
pub(crate) async fn open_and_write(documents: &dyn Documents, name: &str, owner: Generation) -> Position {
    let opened = documents.open(&document(name), owner).await.unwrap();
    documents.append(&document(name), owner, opened.position, &updates(["1", "2"])).await.unwrap()
}
