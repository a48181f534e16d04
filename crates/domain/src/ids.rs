//! One type for each kind of id: parsed once, at the edge.

use crate::bounds::{DOCUMENT_NAME_BYTES_MAX, ID_BYTES_MAX, REGION_BYTES_MAX};
use std::fmt;
use std::sync::Arc;

/// Why a text is no id. Says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// A tenant or app id.
    #[error("{0} must be 1 to 64 characters of A-Z a-z 0-9 _ -")]
    Id(&'static str),
    /// A document name.
    #[error("a document name must be 1 to 512 bytes of UTF-8 without control characters")]
    DocumentName,
    /// A region name.
    #[error("a region must be 1 to 64 characters of a-z A-Z 0-9 -")]
    Region,
}

fn is_plain(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_id!(
    /// The paying organisation: 1 to 64 characters of `A-Z a-z 0-9 _ -`.
    TenantId
);
text_id!(
    /// One product or environment of a tenant; limits belong to it. Spelled like a tenant id.
    AppId
);
text_id!(
    /// A document's name as its client chose it: 1 to 512 bytes of UTF-8 without control characters.
    DocumentName
);
text_id!(
    /// A WebSocket region (`eu-central-1`): a set of nodes behind one URL.
    Region
);
text_id!(
    /// A license region (`aws-us-east-1`): where an app's ledger lives.
    HomeRegion
);
text_id!(
    /// One `syncd` process, over its restarts and epochs.
    NodeName
);
text_id!(
    /// What an app is sold as: a name for its plan limits. Spelled like a tenant id.
    PlanId
);
text_id!(
    /// Who asks for tokens in an app's name: OAuth's `client_id`. Spelled like a tenant id.
    ClientId
);
text_id!(
    /// A signing key's name, which tokens carry as `kid`. Spelled like a tenant id.
    KeyId
);
text_id!(
    /// The refresh tokens that follow from one another, of which one at a time is good. Spelled like a tenant id.
    FamilyId
);

text_id!(
    /// An API key's name, which stands in its text. Spelled like a tenant id.
    ApiKeyId
);
text_id!(
    /// A webhook's name. Spelled like a tenant id.
    WebhookId
);
text_id!(
    /// An event's name, by which receivers know a second delivery. Spelled like a tenant id.
    EventId
);

impl DocumentName {
    /// Parses a decoded document name.
    ///
    /// # Errors
    /// [`InvalidId::DocumentName`] where it is empty, over 512 bytes, or has a control character.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let fits = (1..=DOCUMENT_NAME_BYTES_MAX).contains(&text.len());
        let clean = !text.chars().any(char::is_control);
        if fits && clean { Ok(Self(text.into())) } else { Err(InvalidId::DocumentName) }
    }

    /// Decodes a percent-encoded name once and parses it.
    ///
    /// # Errors
    /// [`InvalidId::DocumentName`] as [`DocumentName::parse`], and where an escape is broken or the bytes
    /// are not UTF-8.
    pub fn from_percent_encoded(raw: &str) -> Result<Self, InvalidId> {
        if has_broken_escape(raw) {
            return Err(InvalidId::DocumentName);
        }
        let decoded =
            percent_encoding::percent_decode_str(raw).decode_utf8().map_err(|_| InvalidId::DocumentName)?;
        Self::parse(&decoded)
    }
}

fn has_broken_escape(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    bytes.iter().enumerate().any(|(i, b)| {
        *b == b'%' && !bytes.get(i + 1..i + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    })
}

fn is_region(text: &str) -> bool {
    (1..=REGION_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl Region {
    /// Parses a region name.
    ///
    /// # Errors
    /// [`InvalidId::Region`] where it is not 1 to 64 letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        is_region(text).then(|| Self(text.into())).ok_or(InvalidId::Region)
    }
}

impl HomeRegion {
    /// Parses a home region name.
    ///
    /// # Errors
    /// [`InvalidId::Region`] where it is not 1 to 64 letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        is_region(text).then(|| Self(text.into())).ok_or(InvalidId::Region)
    }
}

macro_rules! plain_id {
    ($name:ident, $what:literal) => {
        impl $name {
            /// Parses an id.
            ///
            /// # Errors
            /// [`InvalidId::Id`] where the text is not 1 to 64 characters of `A-Z a-z 0-9 _ -`.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                is_plain(text).then(|| Self(text.into())).ok_or(InvalidId::Id($what))
            }
        }
    };
}

plain_id!(TenantId, "a tenant id");
plain_id!(AppId, "an app id");
plain_id!(NodeName, "a node name");
plain_id!(PlanId, "a plan id");
plain_id!(ClientId, "a client id");
plain_id!(KeyId, "a key id");
plain_id!(FamilyId, "a family id");
plain_id!(ApiKeyId, "an API key's id");
plain_id!(WebhookId, "a webhook id");
plain_id!(EventId, "an event id");

/// An app within its tenant: what a ledger, a rate and a report belong to.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AppKey {
    /// The tenant.
    pub tenant: TenantId,
    /// The app.
    pub app: AppId,
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.tenant, self.app)
    }
}

/// A document's full key. Printed `tenantId::appId::documentName`; ids hold no colon, so it is unambiguous.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct DocumentKey {
    /// The app that the document belongs to.
    pub app: AppKey,
    /// The document's name within the app.
    pub name: DocumentName,
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.app, self.name)
    }
}

/// A node in one of its lives. A node that was fenced comes back with a higher epoch, so that nothing it
/// wrote before can be taken for its own again. Printed `node-a#7`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NodeId {
    /// The process.
    pub name: NodeName,
    /// Which life of it.
    pub epoch: u64,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.name, self.epoch)
    }
}

/// Counts the owners that a document has had; an append with a lower one is refused by the document store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Generation(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_take_64_characters_and_not_65() {
        assert!(TenantId::parse(&"a".repeat(64)).is_ok());
        assert!(TenantId::parse(&"a".repeat(65)).is_err());
        assert!(AppId::parse("").is_err());
        assert!(AppId::parse("a b").is_err());
        assert!(AppId::parse("A-z_9").is_ok());
    }

    #[test]
    fn document_names_are_decoded_once() {
        assert_eq!(DocumentName::from_percent_encoded("a%2Fb").unwrap().as_str(), "a/b");
        assert_eq!(DocumentName::from_percent_encoded("a%252Fb").unwrap().as_str(), "a%2Fb");
        assert_eq!(DocumentName::from_percent_encoded("%C3%BC").unwrap().as_str(), "ü");
    }

    #[test]
    fn broken_document_names_are_refused() {
        for raw in ["", "%", "%2", "%zz", "%ff", "%00", "a%0Ab"] {
            assert_eq!(DocumentName::from_percent_encoded(raw), Err(InvalidId::DocumentName), "{raw:?}");
        }
        assert!(DocumentName::parse(&"d".repeat(512)).is_ok());
        assert!(DocumentName::parse(&"d".repeat(513)).is_err());
    }

    #[test]
    fn a_document_key_prints_its_three_parts() {
        let key = DocumentKey {
            app: AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() },
            name: DocumentName::parse("x::y").unwrap(),
        };
        assert_eq!(key.to_string(), "t::a::x::y");
    }
}
