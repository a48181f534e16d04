use crate::backstage::serve;
use dynoxide::Database;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// An embedded DynamoDB in memory, on a free port of this process; it ends when dropped.
#[derive(Debug)]
pub struct Dynamo {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Dynamo {
    /// Starts one, without tables.
    ///
    /// # Panics
    /// Where there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let database = Database::memory().expect("an empty database fits into memory");
        let (address, serving) = serve(|listener| dynoxide::server::serve_on(listener, database));
        Self { address, serving }
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes for DynamoDB's endpoint: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Dynamo {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The status and body of an answer, or nothing where the connection ended without one.
pub type DynamoAnswer = Option<(u16, Value)>;

/// Asks a stand-in for DynamoDB at `address`, which checks no signatures, on a connection of its own: no code is
/// shared with the service's own client.
pub async fn ask_dynamo(address: SocketAddr, operation: &str, body: &Value) -> DynamoAnswer {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let body = body.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.{operation}\r\n\
         X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=x/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8(answer).expect("the answer is text");
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or_default()))
}
