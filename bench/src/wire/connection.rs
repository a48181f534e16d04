//! One connection to a server: opening it, reading messages, sending frames, closing it.

use crate::target::Target;
use crate::wire::frames::{FrameCutter, FrameError, Opcode, binary, put_frame};
use crate::wire::protocol::{Message, STEP_1_OF_NOTHING, STEP_2_OF_NOTHING};
use crate::wire::upgrade::{Answer, HEAD_BYTES_MAX, read_answer};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

/// How long opening, syncing or closing may each take before it counts as failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Bytes of one read. One buffer serves every connection of the generator's single thread.
const READ_BYTES: usize = 64 * 1024;

/// Connections from one source address: below the ephemeral ports that Linux has for one (28,232).
const CONNECTIONS_AN_ADDRESS: usize = 25_000;

thread_local! {
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Why a connection was not opened or is no more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum Failure {
    /// No TCP connection.
    #[error("tcp {0:?}")]
    Tcp(io::ErrorKind),
    /// The upgrade was refused.
    #[error("http {0}")]
    Http(u16),
    /// The server closed with this code and reason.
    #[error("close {0} {1}")]
    Closed(u16, String),
    /// The stream ended without a close frame.
    #[error("lost {0:?}")]
    Lost(io::ErrorKind),
    /// Nothing within [`DEADLINE`].
    #[error("deadline")]
    Deadline,
    /// The server sent what can't be read.
    #[error("unreadable: {0}")]
    Unreadable(String),
}

impl From<FrameError> for Failure {
    fn from(error: FrameError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// An open WebSocket. Answers pings and the server's sync step 1 as a stock client does.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    cutter: FrameCutter,
    /// Bytes came with the upgrade's answer and may hold whole frames.
    early: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Connection {
    /// Connects and upgrades. `index` picks the source address once one runs out of ports.
    ///
    /// # Errors
    /// Why there is no WebSocket.
    pub(crate) async fn open(target: &Target, document: &str, index: usize) -> Result<Self, Failure> {
        timeout(DEADLINE, Self::open_unbounded(target, document, index))
            .await
            .unwrap_or(Err(Failure::Deadline))
    }

    async fn open_unbounded(target: &Target, document: &str, index: usize) -> Result<Self, Failure> {
        let mut stream = connect(target.address, index).await.map_err(|e| Failure::Tcp(e.kind()))?;
        let lost = |e: io::Error| Failure::Lost(e.kind());
        stream.set_nodelay(true).map_err(lost)?;
        stream.write_all(target.request(document).as_bytes()).await.map_err(lost)?;
        let mut answer = Vec::new();
        loop {
            poll_fn(|cx| poll_read(&mut stream, cx, |bytes| answer.extend_from_slice(bytes))).await?;
            match read_answer(&answer) {
                Some(Answer::Upgraded { head }) => {
                    let early = answer.split_off(head);
                    return Ok(Self { stream, cutter: FrameCutter::default(), early, outgoing: Vec::new() });
                }
                Some(Answer::Refused { status }) => return Err(Failure::Http(status)),
                None if answer.len() <= HEAD_BYTES_MAX => {}
                None | Some(Answer::Malformed) => return Err(Failure::Unreadable("upgrade".to_owned())),
            }
        }
    }

    /// Asks for the whole document and waits for it. The moment and `on_step_2` are of the message's arrival.
    ///
    /// # Errors
    /// Why the connection is no more.
    pub(crate) async fn sync(&mut self, mut on_step_2: impl FnMut(&[u8])) -> Result<Instant, Failure> {
        self.queue(&binary(STEP_1_OF_NOTHING));
        let synced = async {
            let mut synced = None;
            loop {
                self.receive(|message, at| {
                    if let Message::Step2(update) = message {
                        on_step_2(update);
                        synced = Some(at);
                    }
                })
                .await?;
                if let Some(at) = synced {
                    return Ok(at);
                }
            }
        };
        timeout(DEADLINE, synced).await.unwrap_or(Err(Failure::Deadline))
    }

    /// Puts whole frames behind what waits to be sent; [`Self::flush`] or the next receive sends them.
    pub(crate) fn queue(&mut self, frames: &[u8]) {
        self.outgoing.extend_from_slice(frames);
    }

    /// Sends what waits. May be dropped at any await: what was not sent still waits.
    ///
    /// # Errors
    /// The connection is no more.
    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        while !self.outgoing.is_empty() {
            let sent = self.stream.write(&self.outgoing).await.map_err(|e| Failure::Lost(e.kind()))?;
            self.outgoing.drain(..sent);
        }
        Ok(())
    }

    /// Sends what waits, then reads once and hands on the messages that are whole, with the moment of the
    /// read. May be dropped at any await: nothing is lost.
    ///
    /// # Errors
    /// The connection is no more; a close frame is [`Failure::Closed`].
    pub(crate) async fn receive(
        &mut self,
        mut on_message: impl FnMut(Message<'_>, Instant),
    ) -> Result<(), Failure> {
        self.flush().await?;
        let Self { stream, cutter, early, outgoing } = self;
        let mut arrived = |bytes: &[u8]| take_in(cutter, outgoing, bytes, &mut on_message);
        if !early.is_empty() {
            return arrived(&std::mem::take(early));
        }
        let mut taken = Ok(());
        poll_fn(|cx| poll_read(stream, cx, |bytes| taken = arrived(bytes))).await?;
        taken
    }

    /// Says goodbye and waits for the server's goodbye or the end of the stream.
    ///
    /// # Errors
    /// [`Failure::Deadline`] where the server gives neither.
    pub(crate) async fn close(mut self) -> Result<(), Failure> {
        put_frame(&mut self.outgoing, Opcode::Close, &1000u16.to_be_bytes());
        let closed = async { while self.receive(|_, _| {}).await.is_ok() {} };
        timeout(DEADLINE, closed).await.map_err(|_| Failure::Deadline)
    }
}

async fn connect(address: SocketAddr, index: usize) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    let source = index / CONNECTIONS_AN_ADDRESS;
    if source > 0 && address.ip() == Ipv4Addr::LOCALHOST {
        let last = u8::try_from(source + 1).map_err(|_| io::ErrorKind::AddrNotAvailable)?;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
    }
    socket.connect(address).await
}

/// Reads once into the shared buffer. Going through `poll_read` rather than `try_read` spares the second
/// system call that would only find the socket empty.
fn poll_read(
    stream: &mut TcpStream,
    cx: &mut Context<'_>,
    on_bytes: impl FnOnce(&[u8]),
) -> Poll<Result<(), Failure>> {
    READ_BUFFER.with_borrow_mut(|buffer| {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(stream).poll_read(cx, &mut buffer)).map_err(|e| Failure::Lost(e.kind()))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Err(Failure::Lost(io::ErrorKind::UnexpectedEof)));
        }
        on_bytes(buffer.filled());
        Poll::Ready(Ok(()))
    })
}

fn take_in(
    cutter: &mut FrameCutter,
    outgoing: &mut Vec<u8>,
    bytes: &[u8],
    on_message: &mut impl FnMut(Message<'_>, Instant),
) -> Result<(), Failure> {
    let at = Instant::now();
    let mut failure = None;
    cutter.cut(bytes, |opcode, payload| match opcode {
        Opcode::Binary => match Message::read(payload) {
            Some(message) => {
                if message == Message::Step1 {
                    put_frame(outgoing, Opcode::Binary, STEP_2_OF_NOTHING);
                }
                on_message(message, at);
            }
            None => failure = Some(Failure::Unreadable("message".to_owned())),
        },
        Opcode::Ping => put_frame(outgoing, Opcode::Pong, payload),
        Opcode::Close => failure = Some(closed(payload)),
        Opcode::Text | Opcode::Pong => {}
    })?;
    failure.map_or(Ok(()), Err)
}

/// A close frame's code and reason; 1005 stands for a frame without code (RFC 6455 section 7.4.1).
fn closed(payload: &[u8]) -> Failure {
    match payload {
        [a, b, reason @ ..] => {
            Failure::Closed(u16::from_be_bytes([*a, *b]), String::from_utf8_lossy(reason).into_owned())
        }
        _ => Failure::Closed(1005, String::new()),
    }
}
