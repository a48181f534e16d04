//! A WebSocket client without a provider: cheap enough to have hundreds of, and able to misbehave.

use crate::waiting::{PATIENCE, within};
use crate::wire;
use futures_util::{SinkExt, StreamExt};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// One open socket.
#[derive(Debug)]
pub struct RawClient {
    socket: WebSocketStream<TcpStream>,
}

/// What a client was told when its connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// A close frame: code and reason.
    Closed(u16, String),
    /// Plain HTTP before the upgrade: the status.
    Refused(u16),
    /// The connection broke without a word.
    Broken(String),
}

/// How many ended how: what a test shows of a crowd.
#[must_use]
pub fn tallied<'a>(endings: impl IntoIterator<Item = &'a Ending>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for ending in endings {
        let what = match ending {
            Ending::Closed(code, reason) => format!("{code} {reason}"),
            Ending::Refused(status) => format!("HTTP {status}"),
            Ending::Broken(cause) => cause.clone(),
        };
        *tally.entry(what).or_default() += 1;
    }
    tally
}

impl RawClient {
    /// Connects with the token in the `Authorization` header. An open socket may yet be refused by a close.
    ///
    /// # Errors
    /// [`Ending::Refused`] where the answer is plain HTTP, [`Ending::Broken`] where there is none.
    pub async fn connect(address: SocketAddr, path: &str, token: &str) -> Result<Self, Ending> {
        Self::connect_with(address, path, token, &[]).await
    }

    async fn connect_with(
        address: SocketAddr,
        path: &str,
        token: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Ending> {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("the path is a URL's");
        let bearer = HeaderValue::from_str(&format!("Bearer {token}")).expect("a JWT is ASCII");
        request.headers_mut().insert("authorization", bearer);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("the value is ASCII");
            request.headers_mut().insert(*name, value);
        }
        let stream = TcpStream::connect(address).await.map_err(|e| Ending::Broken(e.to_string()))?;
        let config =
            WebSocketConfig::default().read_buffer_size(4096).max_message_size(None).max_frame_size(None);
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(answer)) => Err(Ending::Refused(answer.status().as_u16())),
            Err(error) => Err(Ending::Broken(error.to_string())),
        }
    }

    /// As [`RawClient::connect`], through a proxy that says whom it forwards for.
    ///
    /// # Errors
    /// As [`RawClient::connect`].
    pub async fn connect_from(
        address: SocketAddr,
        path: &str,
        token: &str,
        forwarded_for: &str,
    ) -> Result<Self, Ending> {
        Self::connect_with(address, path, token, &[("x-forwarded-for", forwarded_for)]).await
    }

    /// Connects, sends sync step 1, and waits until the server has answered with step 2: the session is
    /// admitted.
    ///
    /// # Errors
    /// The ending that came instead.
    pub async fn join(address: SocketAddr, path: &str, token: &str) -> Result<Self, Ending> {
        let mut client = Self::connect(address, path, token).await?;
        client.send(wire::sync_step_1()).await;
        loop {
            if wire::is_sync_step_2(&client.next().await?) {
                return Ok(client);
            }
        }
    }

    /// Sends one binary message. A broken connection shows at the next read.
    pub async fn send(&mut self, message: Vec<u8>) {
        let _ = self.socket.send(Message::binary(message)).await;
    }

    /// Sends one text message.
    pub async fn send_text(&mut self, message: &str) {
        let _ = self.socket.send(Message::text(message)).await;
    }

    /// The next binary message.
    ///
    /// # Errors
    /// The ending that came instead.
    pub async fn next(&mut self) -> Result<Vec<u8>, Ending> {
        within(PATIENCE, "a message from the server", self.receive()).await
    }

    /// The next binary message, however long it takes. May be dropped at any await: nothing is lost.
    ///
    /// # Errors
    /// The ending that came instead.
    pub async fn receive(&mut self) -> Result<Vec<u8>, Ending> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes.to_vec()),
                Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Ending::Broken(error.to_string())),
                None => return Err(Ending::Broken("the stream ended".into())),
            }
        }
    }

    /// Reads until the connection ends.
    pub async fn ending(&mut self) -> Ending {
        loop {
            if let Err(ending) = self.next().await {
                return ending;
            }
        }
    }

    /// Closes it as a browser does, and waits until the server has answered the close.
    pub async fn leave(mut self) {
        self.begin_leave().await;
        self.ending().await;
    }

    /// Sends a close frame as a browser does; the answer to it is still to be read.
    pub async fn begin_leave(&mut self) {
        let _ = self.socket.close(None).await;
    }

    /// The TCP stream beneath, to misbehave on.
    pub fn into_stream(self) -> TcpStream {
        self.socket.into_inner()
    }
}

fn closed(frame: Option<tokio_tungstenite::tungstenite::protocol::CloseFrame>) -> Ending {
    match frame {
        Some(frame) => Ending::Closed(frame.code.into(), frame.reason.to_string()),
        None => Ending::Closed(1005, String::new()),
    }
}
