//! The byte stream under a WebSocket: reads come from the socket, writes go through the link's queue, so that
//! frames of the library and frames of documents never mix.

use crate::link::Link;
use bytes::{Buf, Bytes};
use std::io::{self, Read, Write};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Wire {
    link: Arc<Link>,
    /// Bytes that arrived behind the request's head.
    early: Bytes,
    /// How often the socket may still be read before others get their turn. A write of the library's counts too:
    /// it answers a ping, and one read may hold many.
    reads_left: u32,
    /// Whether anything was read since that was last asked.
    heard: bool,
}

impl Wire {
    pub(crate) fn new(link: Arc<Link>, early: &[u8]) -> Self {
        // Copied, so that the buffer that the request was read into does not live as long as the connection.
        Self { link, early: Bytes::copy_from_slice(early), reads_left: 0, heard: false }
    }

    /// Allows `reads` reads of the socket; what would need more is told that it would block.
    pub(crate) fn allow(&mut self, reads: u32) {
        self.reads_left = reads;
    }

    /// Whether it was the allowance, and not the socket, that had no more.
    pub(crate) fn is_spent(&self) -> bool {
        self.reads_left == 0
    }

    /// Whether anything was read since this was last asked.
    pub(crate) fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.reads_left == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.reads_left -= 1;
        if self.early.is_empty() {
            let read = self.link.tcp().try_read(buffer)?;
            self.heard |= read > 0;
            return Ok(read);
        }
        let taken = self.early.len().min(buffer.len());
        self.early.copy_to_slice(&mut buffer[..taken]);
        if self.early.is_empty() {
            self.early = Bytes::new();
        }
        Ok(taken)
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.reads_left = self.reads_left.saturating_sub(1);
        self.link.send_control(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
