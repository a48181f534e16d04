//! A client for one plain HTTP/1.1 request, that shows exactly what came back.

use crate::waiting::{PATIENCE, within};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// An answer with these headers, in their order.
    pub(crate) fn new(status: u16, headers: Vec<(String, String)>, body: String) -> Self {
        Self { status, headers, body }
    }

    /// The first header of that name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in {:?}", self.body),
        }
    }
}

/// Sends `GET path` on a connection of its own and reads the answer.
///
/// # Panics
/// Where there is none.
pub async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{lines}\r\n");
    raw(address, request.as_bytes()).await
}

/// Sends the opening handshake of a WebSocket and reads the answer to its end or, where the server switches
/// protocols, to the end of its headers.
///
/// # Panics
/// Where there is no answer.
pub async fn upgrade(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    );
    raw(address, request.as_bytes()).await
}

/// Sends `request` as it is and reads the answer.
///
/// # Panics
/// Where there is none, or no HTTP/1.1.
pub async fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    within(PATIENCE, "an HTTP answer", async {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        stream.write_all(request).await.expect("the request can be sent");
        let method = request.split(|byte| *byte == b' ').next();
        read_answer(&mut stream, if method == Some(b"HEAD") { Body::Never } else { Body::AsAnnounced }).await
    })
    .await
}

/// Whether an answer's body follows its headers.
#[derive(Clone, Copy)]
enum Body {
    AsAnnounced,
    Never,
}

async fn read_answer(stream: &mut TcpStream, body: Body) -> Answer {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 4096];
    loop {
        if let Some(answer) = whole_answer(&bytes, body) {
            return answer;
        }
        match stream.read(&mut piece).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&piece[..n]),
            end => panic!("the answer ended early ({end:?}): {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
}

/// The answer, once its headers and as much body as they announce are there.
fn whole_answer(bytes: &[u8], body: Body) -> Option<Answer> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> =
        lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.to_owned(), v.trim().to_owned())).collect();
    let mut answer = Answer { status, headers, body: String::new() };
    let length = match body {
        Body::AsAnnounced if status != 101 => answer.header("content-length").map_or(0, parse_length),
        _ => 0,
    };
    let body = bytes.get(end + 4..end + 4 + length)?;
    answer.body = String::from_utf8_lossy(body).into_owned();
    Some(answer)
}

fn parse_length(value: &str) -> usize {
    value.parse().expect("content-length is a number")
}
