//! The byte stream under an edge's WebSocket: reads come from the socket, writes wait in one buffer until the
//! socket takes them.

use super::caps::RELAY_BACKLOG_KEPT_BYTES;
use bytes::{Buf, Bytes, BytesMut};
use std::io::{self, Read, Write};
use std::task::{Context, Poll, ready};
use tokio::net::TcpStream;

pub(super) struct Pipe {
    tcp: TcpStream,
    /// Bytes that arrived behind the answer's head.
    early: Bytes,
    backlog: BytesMut,
    /// How often the socket may still be read before others get their turn.
    reads_left: u32,
}

impl Pipe {
    pub(super) fn new(tcp: TcpStream, early: &[u8]) -> Self {
        // Copied, so that the buffer that the answer was read into does not live as long as the connection.
        Self { tcp, early: Bytes::copy_from_slice(early), backlog: BytesMut::new(), reads_left: 0 }
    }

    /// Allows `reads` reads of the socket; what would need more is told that it would block.
    pub(super) fn allow(&mut self, reads: u32) {
        self.reads_left = reads;
    }

    /// Bytes that wait for the socket.
    pub(super) fn backlog(&self) -> usize {
        self.backlog.len()
    }

    /// Where to put whole frames.
    pub(super) fn backlog_mut(&mut self) -> &mut BytesMut {
        &mut self.backlog
    }

    /// Waits until there may be something to read; where only the allowance is spent, others get their turn first.
    pub(super) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reads_left == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.tcp.poll_read_ready(cx)
    }

    /// Writes what the socket takes at once.
    pub(super) fn write_backlog(&mut self) -> io::Result<()> {
        while !self.backlog.is_empty() {
            match self.tcp.try_write(&self.backlog) {
                Ok(written) => self.backlog.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        if self.backlog.capacity() > RELAY_BACKLOG_KEPT_BYTES {
            self.backlog = BytesMut::new();
        }
        Ok(())
    }

    /// Writes until nothing waits.
    pub(super) fn poll_write_backlog(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.backlog.is_empty() {
            ready!(self.tcp.poll_write_ready(cx))?;
            self.write_backlog()?;
        }
        Poll::Ready(Ok(()))
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.early.is_empty() {
            let taken = self.early.len().min(buffer.len());
            self.early.copy_to_slice(&mut buffer[..taken]);
            return Ok(taken);
        }
        if self.reads_left == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.reads_left -= 1;
        self.tcp.try_read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        // A flood of pings costs reads, so that its answers stay as bounded as those.
        self.reads_left = self.reads_left.saturating_sub(1);
        self.backlog.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
