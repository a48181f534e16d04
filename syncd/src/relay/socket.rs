//! An edge's session on an owner: the client's side of a WebSocket.
//!
//! As in the node's other sockets, frames of messages are built here and only frames of the protocol itself (pong,
//! close) by the library. Both pass through one buffer, so they never mix.

use super::caps::{RELAY_BACKLOG_BYTES_MAX, RELAY_READ_BUFFER_BYTES};
use super::pipe::Pipe;
use crate::caps::{BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, READS_BETWEEN_YIELDS};
use crate::frames;
use bytes::Bytes;
use domain::clock::Entropy;
use domain::close::CloseReason;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// A session on the node that holds the document.
pub(crate) struct RelaySocket {
    web_socket: WebSocket<Pipe>,
    entropy: Arc<dyn Entropy>,
    /// How it ended, where messages that came before have yet to be handed out.
    ended: Option<Ended>,
}

/// What came from the owner.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FromOwner {
    /// Whole messages, in order.
    Messages(Vec<Bytes>),
    /// The owner has heard nothing of the session for a while, and was answered: time to look after the client.
    Pinged,
    /// It is over.
    Ended(Ended),
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The owner closed it, for this reason.
    Closed(CloseReason),
    /// The connection broke off, or was closed with no reason that this service knows.
    Broken,
}

impl RelaySocket {
    pub(super) fn new(tcp: TcpStream, early: &[u8], entropy: Arc<dyn Entropy>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(RELAY_READ_BUFFER_BYTES)
            .write_buffer_size(0)
            // A stored document may be larger than any message that a client may send, and the owner is one of us.
            .max_message_size(None)
            .max_frame_size(None);
        let web_socket = WebSocket::from_raw_socket(Pipe::new(tcp, early), Role::Client, Some(config));
        Self { web_socket, entropy, ended: None }
    }

    /// Whether the owner keeps up. Whoever asks before reading from its client needs no other bound.
    pub(crate) fn has_room(&self) -> bool {
        self.web_socket.get_ref().backlog() < RELAY_BACKLOG_BYTES_MAX
    }

    /// Sends messages, in order and in one write. What the connection does not take at once goes out during
    /// [`RelaySocket::next`].
    pub(crate) fn send(&mut self, messages: &[Bytes]) {
        let pipe = self.web_socket.get_mut();
        for message in messages {
            let key = (self.entropy.next_u64() as u32).to_ne_bytes();
            frames::put_masked(pipe.backlog_mut(), message, key);
        }
        // Where it fails, the next read finds the end.
        let _ = pipe.write_backlog();
    }

    #[cfg(test)]
    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        let pipe = self.web_socket.get_mut();
        pipe.backlog_mut().extend_from_slice(bytes);
        pipe.write_backlog().unwrap();
    }

    /// Waits for messages or for the end, and empties the backlog meanwhile. Dropped, it has lost nothing.
    pub(crate) async fn next(&mut self) -> FromOwner {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Sends what waits, says goodbye, and gives the owner `wait` to read it and to hang up. A socket that is merely
    /// dropped may take its last messages with it.
    pub(crate) async fn hang_up(mut self, wait: Duration) {
        // An error means that the closing handshake is over already.
        let _ = self.web_socket.close(None);
        let goodbye = async { while !matches!(self.next().await, FromOwner::Ended(_)) {} };
        let _ = tokio::time::timeout(wait, goodbye).await;
    }

    /// As [`RelaySocket::next`], once.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<FromOwner> {
        if let Some(ended) = self.ended.take() {
            return Poll::Ready(FromOwner::Ended(ended));
        }
        self.web_socket.get_mut().allow(READS_BETWEEN_YIELDS);
        let read = self.poll_read(cx);
        // Behind the reads, which may have left a pong.
        match self.web_socket.get_mut().poll_write_backlog(cx) {
            Poll::Ready(Err(_)) if read.is_pending() => Poll::Ready(FromOwner::Ended(Ended::Broken)),
            _ => read,
        }
    }

    /// Reads until there is a batch, or nothing more to read, or the allowance of reads is spent.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<FromOwner> {
        let mut messages = Vec::new();
        let mut bytes = 0;
        while messages.len() < BATCH_MESSAGES_MAX && bytes < BATCH_BYTES_MAX {
            match self.web_socket.read() {
                Ok(Message::Binary(message)) => {
                    bytes += message.len();
                    messages.push(message);
                }
                Ok(Message::Ping(_)) if messages.is_empty() => return Poll::Ready(FromOwner::Pinged),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Close(frame)) => {
                    // Sends the answer; whether the owner still takes it changes nothing.
                    let _ = self.web_socket.flush();
                    return self.end(messages, closed(frame));
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !messages.is_empty() {
                        break;
                    }
                    if ready!(self.web_socket.get_mut().poll_readable(cx)).is_err() {
                        return Poll::Ready(FromOwner::Ended(Ended::Broken));
                    }
                }
                Ok(Message::Text(_) | Message::Frame(_)) | Err(_) => {
                    return self.end(messages, Ended::Broken);
                }
            }
        }
        Poll::Ready(FromOwner::Messages(messages))
    }

    /// Messages that came before the end are handed out first.
    fn end(&mut self, messages: Vec<Bytes>, ended: Ended) -> Poll<FromOwner> {
        if messages.is_empty() {
            return Poll::Ready(FromOwner::Ended(ended));
        }
        self.ended = Some(ended);
        Poll::Ready(FromOwner::Messages(messages))
    }
}

fn closed(frame: Option<CloseFrame>) -> Ended {
    let reason = frame.and_then(|frame| CloseReason::from_wire(frame.code.into(), &frame.reason));
    reason.map_or(Ended::Broken, Ended::Closed)
}
