//! The key of a document's object: `[PREFIX/]TENANT/APP/NAME`.
//!
//! A name is percent-encoded, all but letters, digits, `-`, `_`, and dots that do not begin it. A name whose
//! encoding is over 200 bytes is written in base64url instead, in pieces of 200 characters: S3 takes keys of 1,024 bytes, and
//! file systems take names of 255. All pieces but the last end in `!`, which no encoded name has: so a document's object
//! is never where another's folder is, and every key says which document it is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{DocumentKey, DocumentName};
use object_store::path::Path;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Bytes of one part of a key. Leaves room for what a file is called while it is written.
const PART_BYTES_MAX: usize = 200;
/// Ends the parts of a long name that are not its last.
const MORE_FOLLOWS: &str = "!";

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Where the document's object is, below a prefix that is empty or a valid one.
pub(super) fn object_key(prefix: &str, document: &DocumentKey) -> Path {
    let (tenant, app) = (document.app.tenant.as_str(), document.app.app.as_str());
    let key = format!("{prefix}/{tenant}/{app}/{}", encoded(&document.name));
    Path::parse(key).expect("a prefix, ids and an encoded name have no empty, dotted or control part")
}

fn encoded(name: &DocumentName) -> String {
    let escaped = utf8_percent_encode(name.as_str(), ENCODED).to_string();
    let escaped = match escaped.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => escaped,
    };
    if escaped.len() <= PART_BYTES_MAX { escaped } else { in_pieces(name) }
}

fn in_pieces(name: &DocumentName) -> String {
    let mut rest = URL_SAFE_NO_PAD.encode(name.as_str());
    let mut pieces = String::new();
    while rest.len() > PART_BYTES_MAX {
        let tail = rest.split_off(PART_BYTES_MAX);
        pieces = pieces + &rest + MORE_FOLLOWS + "/";
        rest = tail;
    }
    // A long name always has a folder of its own, so that it is told from a short one that looks like base64.
    if pieces.is_empty() { format!("{MORE_FOLLOWS}/{rest}") } else { pieces + &rest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{AppId, AppKey, TenantId};
    use proptest::prelude::*;

    fn key(name: &str) -> Path {
        object_key("", &document("t", "a", name))
    }

    fn document(tenant: &str, app: &str, name: &str) -> DocumentKey {
        let app = AppKey { tenant: TenantId::parse(tenant).unwrap(), app: AppId::parse(app).unwrap() };
        DocumentKey { app, name: DocumentName::parse(name).unwrap() }
    }

    /// The name that a key was made from.
    fn decoded(key: &Path) -> String {
        let parts: Vec<_> = key.as_ref().splitn(3, '/').collect();
        let name = parts[2];
        match name.rsplit_once('/') {
            None => percent_encoding::percent_decode_str(name).decode_utf8().unwrap().into_owned(),
            Some(_) => {
                let text: String = name.split('/').map(|part| part.trim_end_matches('!')).collect();
                String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
            }
        }
    }

    fn names() -> impl Strategy<Value = String> {
        let of = |pattern: &'static str| proptest::string::string_regex(pattern).unwrap();
        prop_oneof![
            of("[a-zA-Z0-9_.-]{1,220}"),
            of("[./%~!#\\\\ ]{1,80}"),
            of("\\PC{1,128}"),
            of("[aé€😀]{60,128}"),
            of("a{140,512}"),
        ]
        .prop_filter("a document's name", |name| DocumentName::parse(name).is_ok())
    }

    proptest! {
        #[test]
        fn a_key_names_exactly_one_document(name in names()) {
            prop_assert_eq!(decoded(&key(&name)), name);
        }

        #[test]
        fn a_key_fits_s3_and_a_file_system(name in names()) {
            let (id, prefix) = ("i".repeat(64), "p".repeat(200));
            let key = object_key(&prefix, &document(&id, &id, &name));
            prop_assert!(key.as_ref().len() <= 1024);
            for part in key.as_ref().split('/') {
                prop_assert!((1..=201).contains(&part.len()), "{}", part);
                prop_assert!(!part.starts_with('.') && !part.contains('#'), "{}", part);
            }
        }

        #[test]
        fn no_document_is_where_another_has_a_folder(one in names(), other in names()) {
            let (one, other) = (key(&one), key(&other));
            prop_assert!(!other.as_ref().starts_with(&format!("{one}/")), "{} {}", one, other);
        }
    }

    #[test]
    fn keys_are_readable_where_names_are_short() {
        for (name, expected) in [
            ("notes", "t/a/notes"),
            ("a/b c", "t/a/a%2Fb%20c"),
            (".", "t/a/%2E"),
            ("..", "t/a/%2E."),
            ("v1.2", "t/a/v1.2"),
            ("100%", "t/a/100%25"),
            ("!", "t/a/%21"),
            ("é", "t/a/%C3%A9"),
        ] {
            assert_eq!(key(name).as_ref(), expected);
        }
        assert_eq!(object_key("x/y", &document("t", "a", "d")).as_ref(), "x/y/t/a/d");
    }

    #[test]
    fn names_up_to_200_bytes_of_encoding_are_one_part() {
        assert_eq!(key(&"a".repeat(200)).as_ref(), format!("t/a/{}", "a".repeat(200)));
        let (one, more) = (key(&"a".repeat(201)), key(&"é".repeat(34)));
        assert_eq!(one.as_ref().split('/').count(), 4);
        assert!(more.as_ref().starts_with("t/a/!/"), "{more}");
    }

    #[test]
    fn a_name_that_another_begins_with_has_its_own_object() {
        // 150 bytes are 200 characters of base64: the pieces of the longer name begin with the whole of the shorter.
        let shorter = "/".repeat(150);
        let longer = "/".repeat(300);
        let (shorter, longer) = (key(&shorter), key(&longer));
        assert!(!longer.as_ref().starts_with(&format!("{shorter}/")), "{shorter} {longer}");
    }
}
