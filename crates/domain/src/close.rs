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

    /// The reason that is spelled with this code and exactly this text, so that a node can pass on what another
    /// one said. `None` where there is none, and for a redirect without its document's name.
    #[must_use]
    pub fn from_wire(code: u16, text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
        let first = numbers.next().unwrap_or_default();
        let is_spelled = |reason: &Self| reason.text() == text;
        let reason = match code {
            4001 => Self::MissingToken,
            4002 => INVALID_TOKENS.map(Self::InvalidToken).into_iter().find(is_spelled)?,
            4003 => FORBIDDEN.map(Self::Forbidden).into_iter().find(is_spelled)?,
            4004 => Self::ConnectionsFull { limit: first },
            4005 => Self::DocumentsFull { limit: first, active: numbers.next()? },
            4006 => Self::OpsExceeded { limit: first },
            4007 => Self::InvalidDocumentName,
            4008 => Self::UsersFull { limit: first },
            4009 => redirected(text)?,
            1002 => Self::ProtocolError,
            1003 => Self::TextFrame,
            1007 => Self::MalformedMessage,
            1009 => Self::MessageTooBig,
            1011 => Self::DocumentUnavailable,
            1012 => Self::NodeRestarting,
            1013 => Self::TryAgainLater,
            _ => return None,
        };
        is_spelled(&reason).then_some(reason)
    }
}

const INVALID_TOKENS: [InvalidToken; 5] = [
    InvalidToken::Malformed,
    InvalidToken::Signature,
    InvalidToken::Expired,
    InvalidToken::NotYetValid,
    InvalidToken::UnknownKey,
];

const FORBIDDEN: [Forbidden; 7] = [
    Forbidden::Audience,
    Forbidden::Scope,
    Forbidden::Tenant,
    Forbidden::App,
    Forbidden::Limits,
    Forbidden::HomeRegion,
    Forbidden::Origin,
];

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

fn redirected(text: &str) -> Option<CloseReason> {
    let (host, name) = text.strip_prefix("REDIRECT:wss://")?.split_once('/')?;
    let name = DocumentName::from_percent_encoded(name).ok()?;
    Some(CloseReason::Redirect { host: host.to_owned(), name })
}

impl From<TokenRefusal> for CloseReason {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Missing => Self::MissingToken,
            TokenRefusal::Invalid(cause) => Self::InvalidToken(cause),
            TokenRefusal::Forbidden(cause) => Self::Forbidden(cause),
            TokenRefusal::Unverifiable => Self::TryAgainLater,
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
    fn every_reason_is_read_as_it_is_spelled() {
        let name = DocumentName::parse("a/b ü%").unwrap();
        let mut reasons = vec![
            CloseReason::MissingToken,
            CloseReason::ConnectionsFull { limit: 0 },
            CloseReason::DocumentsFull { limit: 5, active: 7 },
            CloseReason::OpsExceeded { limit: u64::MAX },
            CloseReason::InvalidDocumentName,
            CloseReason::UsersFull { limit: 3 },
            CloseReason::Redirect { host: "eu-1.example.net:8443".to_owned(), name },
            CloseReason::ProtocolError,
            CloseReason::TextFrame,
            CloseReason::MalformedMessage,
            CloseReason::MessageTooBig,
            CloseReason::DocumentUnavailable,
            CloseReason::NodeRestarting,
            CloseReason::TryAgainLater,
        ];
        reasons.extend(INVALID_TOKENS.map(CloseReason::InvalidToken));
        reasons.extend(FORBIDDEN.map(CloseReason::Forbidden));
        for reason in reasons {
            assert_eq!(CloseReason::from_wire(reason.code(), &reason.text()), Some(reason));
        }
    }

    #[test]
    fn what_is_spelled_otherwise_is_no_reason() {
        let wrong = [
            (1000, ""),
            (1012, "Node restarting."),
            (1013, "Node restarting"),
            (4002, "Invalid token: other"),
            (4004, "Connection limit exceeded: 05"),
            (4005, "Document limit exceeded: 5"),
            (4006, "Rate limit exceeded: 99999999999999999999 ops/min"),
            (4009, "REDIRECT:wss://eu-central-1.example.net"),
            (4009, "REDIRECT:wss://host/%zz"),
        ];
        for (code, text) in wrong {
            assert_eq!(CloseReason::from_wire(code, text), None, "{code} {text}");
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
