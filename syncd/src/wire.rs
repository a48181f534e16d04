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
}

impl Wire {
    pub(crate) fn new(link: Arc<Link>, early: &[u8]) -> Self {
        // Copied, so that the buffer that the request was read into does not live as long as the connection.
        Self { link, early: Bytes::copy_from_slice(early) }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.early.is_empty() {
            return self.link.tcp().try_read(buffer);
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
        self.link.send_control(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
