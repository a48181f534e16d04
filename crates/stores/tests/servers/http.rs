use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One HTTP/1.1 request or response, as its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    bytes: Vec<u8>,
    body_at: usize,
}

impl Message {
    /// A request with little to say.
    pub(crate) fn request(method: &str, path: &str, body: &[u8]) -> Self {
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: server\r\ncontent-length: {}\r\n\r\n", body.len());
        Self { body_at: head.len(), bytes: [head.as_bytes(), body].concat() }
    }

    /// A message as it is written here, in full.
    pub(crate) fn raw(text: &str) -> Self {
        let body_at = text.find("\r\n\r\n").map(|at| at + 4).unwrap();
        Self { bytes: text.as_bytes().to_vec(), body_at }
    }

    /// The next message of a connection; `None` where it ends.
    pub(crate) async fn read(stream: &mut TcpStream) -> Option<Self> {
        Self::read_with(stream, body_length).await
    }

    async fn read_with(stream: &mut TcpStream, body_length: fn(&[u8]) -> usize) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            if let Some(body_at) = bytes.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4) {
                let mut rest = vec![0; (body_at + body_length(&bytes[..body_at])).checked_sub(bytes.len())?];
                stream.read_exact(&mut rest).await.ok()?;
                bytes.extend(rest);
                return Some(Self { bytes, body_at });
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Sends it to a server, on a connection of its own, and reads the answer.
    pub(crate) async fn ask(&self, endpoint: &str) -> Self {
        let address = endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&self.bytes).await.unwrap();
        // The answer to a HEAD says how long a body would be, and has none.
        let of_answer = if self.bytes.starts_with(b"HEAD ") { |_: &[u8]| 0 } else { body_length };
        Self::read_with(&mut stream, of_answer).await.unwrap()
    }

    pub(crate) async fn write(&self, stream: &mut TcpStream) {
        drop(stream.write_all(&self.bytes).await);
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body_at..]
    }

    pub(crate) fn head(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.body_at]).to_ascii_lowercase()
    }
}

fn body_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| *name == "content-length").map(|(_, value)| value.trim().parse());
    length.map_or(0, |length| length.unwrap())
}
