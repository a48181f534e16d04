//! Which document a path names, in the spellings of stock clients.

use domain::ids::{DocumentName, InvalidId};

/// What a request's path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DocumentPath {
    /// `/{document}` or `/{document}/{document}`.
    Document(Result<DocumentName, InvalidId>),
    /// `/`: the name comes from elsewhere.
    Root,
    /// Anything else.
    Unknown,
}

/// Reads a path. The stock y-websocket provider adds the room's name to its server URL, so that a URL which
/// names the document already comes as the same name twice. Names are decoded once.
#[must_use]
pub(crate) fn classify(path: &str) -> DocumentPath {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    match path.split_once('/') {
        None if path.is_empty() => DocumentPath::Root,
        None => DocumentPath::Document(DocumentName::from_percent_encoded(path)),
        Some((first, second)) => {
            let (first, second) =
                (DocumentName::from_percent_encoded(first), DocumentName::from_percent_encoded(second));
            if first == second && first.is_ok() {
                DocumentPath::Document(first)
            } else {
                DocumentPath::Unknown
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> Option<String> {
        match classify(path) {
            DocumentPath::Document(Ok(name)) => Some(name.as_str().to_owned()),
            _ => None,
        }
    }

    #[test]
    fn one_segment_is_a_document_and_the_same_twice_too() {
        assert_eq!(name("/notes").as_deref(), Some("notes"));
        assert_eq!(name("/notes/").as_deref(), Some("notes"));
        assert_eq!(name("/notes/notes").as_deref(), Some("notes"));
        assert_eq!(name("/a%20b/a b").as_deref(), Some("a b"));
        assert_eq!(name("/a%2Fb").as_deref(), Some("a/b"));
    }

    #[test]
    fn other_paths_are_unknown() {
        assert_eq!(classify("/"), DocumentPath::Root);
        assert_eq!(classify(""), DocumentPath::Root);
        assert_eq!(classify("/a/b"), DocumentPath::Unknown);
        assert_eq!(classify("/a/a/a"), DocumentPath::Unknown);
        assert!(matches!(classify("/%ff"), DocumentPath::Document(Err(_))));
    }
}
