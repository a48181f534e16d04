//! Close codes and their reasons, exactly as SPEC 2.4 spells them.

use crate::bounds::CLOSE_REASON_BYTES_MAX;
use crate::ids::DocumentName;
use crate::token::{Forbidden, InvalidToken, TokenRefusal};
use std::borrow::Cow;

/// Why the server closes a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// 4001.
    MissingToken,
    /// 4002.
    InvalidToken(InvalidToken),
    /// 4003.
    Forbidden(Forbidden),
    /// 4004.
    ConnectionsFull {
        /// `maxConnections` of the refused token.
        limit: u64,
    },
    /// 4005.
    DocumentsFull {
        /// `maxDocuments` of the refused token.
        limit: u64,
        /// Active documents of the app when it was refused.
        active: u64,
    },
    /// 4006.
    OpsExceeded {
        /// `opsPerMinute` of the app.
        limit: u64,
    },
    /// 4007.
    InvalidDocumentName,
    /// 4008.
    UsersFull {
        /// `maxUsersPerDoc` of the refused token.
        limit: u64,
    },
    /// 4009.
    Redirect {
        /// Host (and port) of the region that holds the document.
        host: String,
        /// The document.
        name: DocumentName,
    },
    /// 1002, a break of the WebSocket protocol itself (RFC 6455 section 7.4.1).
    ProtocolError,
    /// 1003.
    TextFrame,
    /// 1007.
    MalformedMessage,
    /// 1009.
    MessageTooBig,
    /// 1011.
    DocumentUnavailable,
    /// 1012.
    NodeRestarting,
    /// 1013.
    TryAgainLater,
}

impl CloseReason {
    /// The close code.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::MissingToken => 4001,
            Self::InvalidToken(_) => 4002,
            Self::Forbidden(_) => 4003,
            Self::ConnectionsFull { .. } => 4004,
            Self::DocumentsFull { .. } => 4005,
            Self::OpsExceeded { .. } => 4006,
            Self::InvalidDocumentName => 4007,
            Self::UsersFull { .. } => 4008,
            Self::Redirect { .. } => 4009,
            Self::ProtocolError => 1002,
            Self::TextFrame => 1003,
            Self::MalformedMessage => 1007,
            Self::MessageTooBig => 1009,
            Self::DocumentUnavailable => 1011,
            Self::NodeRestarting => 1012,
            Self::TryAgainLater => 1013,
        }
    }

    /// The reason's text, at most 123 bytes.
    #[must_use]
    pub fn text(&self) -> Cow<'static, str> {
        match self {
            Self::MissingToken => "Missing token".into(),
            Self::InvalidToken(cause) => format!("Invalid token: {cause}").into(),
            Self::Forbidden(cause) => format!("Forbidden: {cause}").into(),
            Self::ConnectionsFull { limit } => format!("Connection limit exceeded: {limit}").into(),
            Self::DocumentsFull { limit, active } => {
                format!("Document limit exceeded: {limit} (active: {active})").into()
            }
            Self::OpsExceeded { limit } => format!("Rate limit exceeded: {limit} ops/min").into(),
            Self::InvalidDocumentName => "Invalid document name".into(),
            Self::UsersFull { limit } => format!("Document user limit exceeded: {limit}").into(),
            Self::Redirect { host, name } => redirect(host, name).into(),
            Self::ProtocolError => "Protocol error".into(),
            Self::TextFrame => "Text frames are not supported".into(),
            Self::MalformedMessage => "Malformed message".into(),
            Self::MessageTooBig => "Message too big".into(),
            Self::DocumentUnavailable => "Document unavailable".into(),
            Self::NodeRestarting => "Node restarting".into(),
            Self::TryAgainLater => "Try again later".into(),
        }
    }
}

/// Bytes of a name that may stand in a URL's path as they are (RFC 3986 section 3.3: pchar, without `%`).
const IN_PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// A document's name as one segment of a URL's path.
#[must_use]
pub fn name_in_path(name: &DocumentName) -> String {
    percent_encoding::utf8_percent_encode(name.as_str(), IN_PATH).to_string()
}

fn redirect(host: &str, name: &DocumentName) -> String {
    let whole = format!("REDIRECT:wss://{host}/{}", name_in_path(name));
    if whole.len() <= CLOSE_REASON_BYTES_MAX { whole } else { format!("REDIRECT:wss://{host}") }
}

impl From<TokenRefusal> for CloseReason {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Missing => Self::MissingToken,
            TokenRefusal::Invalid(cause) => Self::InvalidToken(cause),
            TokenRefusal::Forbidden(cause) => Self::Forbidden(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_spelled_exactly() {
        let cases = [
            (CloseReason::MissingToken, 4001, "Missing token"),
            (CloseReason::InvalidToken(InvalidToken::NotYetValid), 4002, "Invalid token: not yet valid"),
            (CloseReason::Forbidden(Forbidden::HomeRegion), 4003, "Forbidden: home region"),
            (CloseReason::ConnectionsFull { limit: 100 }, 4004, "Connection limit exceeded: 100"),
            (
                CloseReason::DocumentsFull { limit: 5, active: 5 },
                4005,
                "Document limit exceeded: 5 (active: 5)",
            ),
            (CloseReason::OpsExceeded { limit: 600 }, 4006, "Rate limit exceeded: 600 ops/min"),
            (CloseReason::InvalidDocumentName, 4007, "Invalid document name"),
            (CloseReason::UsersFull { limit: 3 }, 4008, "Document user limit exceeded: 3"),
            (CloseReason::MalformedMessage, 1007, "Malformed message"),
            (CloseReason::DocumentUnavailable, 1011, "Document unavailable"),
            (CloseReason::NodeRestarting, 1012, "Node restarting"),
            (CloseReason::TryAgainLater, 1013, "Try again later"),
        ];
        for (reason, code, text) in cases {
            assert_eq!((reason.code(), &*reason.text()), (code, text));
        }
    }

    #[test]
    fn a_redirect_drops_the_name_past_123_bytes() {
        let host = "eu-central-1.example.net".to_owned();
        let room = CLOSE_REASON_BYTES_MAX - "REDIRECT:wss:///".len() - host.len();
        let reason = |n: usize| {
            let name = DocumentName::parse(&"n".repeat(n)).unwrap();
            CloseReason::Redirect { host: host.clone(), name }.text().into_owned()
        };
        assert_eq!(reason(room).len(), CLOSE_REASON_BYTES_MAX);
        assert_eq!(reason(room + 1), "REDIRECT:wss://eu-central-1.example.net");
        let odd = DocumentName::parse("a/b ü").unwrap();
        assert_eq!(name_in_path(&odd), "a%2Fb%20%C3%BC");
    }
}
