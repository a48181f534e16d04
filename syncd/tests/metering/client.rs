use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

const PATIENCE: Duration = Duration::from_secs(20);

/// A y-websocket client that types into one text.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    id: u8,
    typed: u8,
}

impl Client {
    /// Connects, and waits until the session is open; or the close code that came instead.
    pub(crate) async fn join(address: SocketAddr, path: &str, token: &str, id: u8) -> Result<Self, u16> {
        Self::join_from(address, path, token, id, None).await
    }

    /// The same, for a page of this origin.
    pub(crate) async fn join_from(
        address: SocketAddr,
        path: &str,
        token: &str,
        id: u8,
        origin: Option<&str>,
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}?token={token}").into_client_request().unwrap();
        // Each comes from elsewhere, so that none is made to wait for having been refused.
        let from = format!("203.0.113.{id}").parse().unwrap();
        request.headers_mut().insert("x-forwarded-for", from);
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let tcp = TcpStream::connect(address).await.unwrap();
        let (socket, _) = client_async(request, tcp).await.unwrap();
        let mut client = Self { socket, id, typed: 0 };
        // Sync step 1 with an empty state vector, which step 2 answers.
        client.send(vec![0, 0, 1, 0]).await;
        client.until(|message| message.starts_with(&[0, 1])).await?;
        Ok(client)
    }

    /// Types one character: one op.
    pub(crate) async fn types(&mut self) {
        let clock = self.typed;
        self.typed += 1;
        let update = if clock == 0 {
            // One client, one struct: a string of length 1 under the root `t`.
            vec![1, 1, self.id, 0, 4, 1, 1, b't', 1, b'x', 0]
        } else {
            // The same, behind the character before.
            vec![1, 1, self.id, clock, 0x84, self.id, clock - 1, 1, b'x', 0]
        };
        let mut message = vec![0, 2, u8::try_from(update.len()).unwrap()];
        message.extend(update);
        self.send(message).await;
    }

    /// Waits until the server has worked off everything that was sent so far, or the close code that came instead.
    pub(crate) async fn settled(&mut self) -> Result<(), u16> {
        self.send(vec![0, 0, 1, 0]).await;
        self.until(|message| message.starts_with(&[0, 1])).await
    }

    async fn send(&mut self, message: Vec<u8>) {
        // Whoever was closed finds out by its next read.
        let _ = self.socket.send(Message::binary(message)).await;
    }

    async fn until(&mut self, is_it: impl Fn(&[u8]) -> bool) -> Result<(), u16> {
        let reading = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Binary(message))) if is_it(&message) => return Ok(()),
                    Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |f| f.code.into())),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(1006),
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("the server answers")
    }
}
