//! The HTTP request that opens a WebSocket, and its answer (RFC 6455 section 4).

/// RFC 6455's own example: a fixed key spares the generator a hash at each handshake.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What [`KEY`] must be answered by.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Bytes of an answer's head that are read.
pub(crate) const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The request's bytes. `bearer` is a JWT.
pub(crate) fn request(authority: &str, path: &str, bearer: Option<&str>) -> String {
    let authorization = bearer.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{authorization}\r\n"
    )
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Upgraded; frames begin after this many bytes.
    Upgraded {
        /// Bytes of the head.
        head: usize,
    },
    /// Refused with this status.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// No answer of HTTP's, or an upgrade to something else.
    Malformed,
}

/// Reads an answer; `None` where its head has not arrived whole.
pub(crate) fn read_answer(bytes: &[u8]) -> Option<Answer> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let answer = std::str::from_utf8(&bytes[..head]).ok().and_then(|text| {
        let status: u16 = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        if status != 101 {
            return Some(Answer::Refused { status });
        }
        let accepted = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .any(|(name, value)| name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == ACCEPT);
        accepted.then_some(Answer::Upgraded { head })
    });
    Some(answer.unwrap_or(Answer::Malformed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_once_whole() {
        let upgraded = format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");
        assert_eq!(read_answer(&upgraded.as_bytes()[..upgraded.len() - 1]), None);
        let head = upgraded.len();
        assert_eq!(read_answer(format!("{upgraded}\u{2}").as_bytes()), Some(Answer::Upgraded { head }));
        let refused = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\n\r\n";
        assert_eq!(read_answer(refused), Some(Answer::Refused { status: 429 }));
        assert_eq!(read_answer(b"HTTP/1.1 101 x\r\n\r\n"), Some(Answer::Malformed));
        assert_eq!(read_answer(b"hello\r\n\r\n"), Some(Answer::Malformed));
    }

    #[test]
    fn a_request_carries_the_token_where_there_is_one() {
        assert!(request("h:1", "/doc", Some("JWT")).contains("\r\nAuthorization: Bearer JWT\r\n\r\n"));
        assert!(request("h:1", "/doc", None).starts_with("GET /doc HTTP/1.1\r\nHost: h:1\r\n"));
    }
}
