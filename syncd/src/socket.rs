//! A connection's receiving half: the WebSocket library over the [`Wire`], read in batches.

use crate::caps::{BATCH_BYTES_MAX, BATCH_MESSAGES_MAX, READ_BUFFER_BYTES, READS_BETWEEN_YIELDS};
use crate::link::{Demand, Link};
use crate::wire::Wire;
use bytes::Bytes;
use domain::close::CloseReason;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// A WebSocket that was accepted.
#[derive(Debug)]
pub(crate) struct Socket {
    link: Arc<Link>,
    web_socket: WebSocket<Wire>,
}

/// What a connection received.
#[derive(Debug)]
pub(crate) enum Received {
    /// Whole binary messages, in order.
    Messages(Vec<Bytes>),
    /// The connection is at its end; with a reason, its close frame has yet to be sent.
    End(Option<CloseReason>),
}

impl Socket {
    pub(crate) fn new(link: Arc<Link>, early: &[u8], message_bytes_max: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(message_bytes_max))
            .max_frame_size(Some(message_bytes_max));
        let wire = Wire::new(Arc::clone(&link), early);
        Self { web_socket: WebSocket::from_raw_socket(wire, Role::Server, Some(config)), link }
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Waits for messages or for the end, and empties the link's queue meanwhile. `now_s` tells the seconds
    /// of the node's monotonic clock.
    pub(crate) async fn receive(&mut self, now_s: impl Fn() -> u32) -> Received {
        poll_fn(|cx| self.poll_receive(cx, &now_s)).await
    }

    /// As [`Socket::receive`], once.
    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>, now_s: &impl Fn() -> u32) -> Poll<Received> {
        if let Poll::Ready(end) = self.poll_end(cx) {
            return Poll::Ready(end);
        }
        self.web_socket.get_mut().allow(READS_BETWEEN_YIELDS);
        let received = self.poll_read(cx);
        if self.web_socket.get_mut().take_heard() {
            self.link.heard(now_s());
        }
        received
    }

    /// Whether the connection is to end, without reading from it. Empties the link's queue.
    pub(crate) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<Received> {
        match self.link.poll_demand(cx) {
            Demand::None => Poll::Pending,
            Demand::Close(reason) => Poll::Ready(Received::End(Some(reason))),
            Demand::Die => Poll::Ready(Received::End(None)),
        }
    }

    /// Reads until there is a batch, or nothing more to read, or the allowance of reads is spent: frames that
    /// carry no message (pings, empty fragments) must not keep the thread from others.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        let mut messages = Vec::new();
        let mut bytes = 0;
        loop {
            if messages.len() >= BATCH_MESSAGES_MAX || bytes >= BATCH_BYTES_MAX {
                break;
            }
            match self.web_socket.read() {
                Ok(Message::Binary(message)) => {
                    bytes += message.len();
                    messages.push(message);
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Close(_)) => {
                    // Sends the answer; whether the client still takes it changes nothing.
                    let _ = self.web_socket.flush();
                    return end(messages, None, &self.link);
                }
                Ok(Message::Text(_) | Message::Frame(_)) => {
                    return end(messages, Some(CloseReason::TextFrame), &self.link);
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !messages.is_empty() {
                        break;
                    }
                    if self.web_socket.get_ref().is_spent() {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    match self.link.tcp().poll_read_ready(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(_)) => return Poll::Ready(Received::End(None)),
                    }
                }
                Err(error) => return end(messages, close_reason(&error), &self.link),
            }
        }
        Poll::Ready(Received::Messages(messages))
    }

    /// Sends the close frame behind all that waits, and gives the client `wait` to read it and to hang up.
    pub(crate) async fn close(&mut self, reason: &CloseReason, wait: Duration) {
        let frame = CloseFrame { code: reason.code().into(), reason: reason.text().as_ref().into() };
        // An error means that the closing handshake is over already.
        let _ = self.web_socket.close(Some(frame));
        self.link.closing();
        let mut ended = false;
        let goodbye = poll_fn(|cx| poll_goodbye(&self.link, &mut ended, cx));
        let _ = tokio::time::timeout(wait, goodbye).await;
    }
}

/// Empties the queue, says that nothing more follows, and drops whatever comes until the client hangs up.
fn poll_goodbye(link: &Link, ended: &mut bool, cx: &mut Context<'_>) -> Poll<()> {
    if link.poll_demand(cx) == Demand::Die {
        return Poll::Ready(());
    }
    if link.is_drained() && !*ended {
        *ended = true;
        // A failure means that the client is gone; the read below finds it.
        let _ = socket2::SockRef::from(link.tcp()).shutdown(std::net::Shutdown::Write);
    }
    let mut dropped = [0; 4096];
    for _ in 0..BATCH_MESSAGES_MAX {
        match link.tcp().try_read(&mut dropped) {
            Ok(0) => return Poll::Ready(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => match link.tcp().poll_read_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
            },
            Err(_) => return Poll::Ready(()),
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Others may still hold the link; the client must not wait for them.
        let _ = socket2::SockRef::from(self.link.tcp()).shutdown(std::net::Shutdown::Both);
        self.link.kill();
    }
}

/// Messages that came before the end are handed over first; the next read finds the end again.
fn end(messages: Vec<Bytes>, reason: Option<CloseReason>, link: &Link) -> Poll<Received> {
    if messages.is_empty() {
        return Poll::Ready(Received::End(reason));
    }
    if let Some(reason) = reason {
        link.close(reason);
    }
    Poll::Ready(Received::Messages(messages))
}

/// The close code that a broken stream earns; none where the connection is gone or closed in order.
fn close_reason(error: &Error) -> Option<CloseReason> {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(CloseReason::MessageTooBig),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseReason::ProtocolError),
        Error::Utf8(_) => Some(CloseReason::TextFrame),
        _ => None,
    }
}
