//! What is printed for people and scripts.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;

/// Prints where the service listens, and lines to paste.
pub(crate) fn listening(address: SocketAddr, token: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening http://{address}")?;
    writeln!(out)?;
    writeln!(out, "WebSocket   ws://{address}/my-document?token={token}")?;
    writeln!(
        out,
        "y-websocket new WebsocketProvider('ws://{address}', 'my-document', doc, {{ params: {{ token }} }})"
    )?;
    writeln!(out, "usage       curl -H 'Authorization: Bearer {token}' http://{address}/usage")?;
    writeln!(out, "token       {token}")?;
    out.flush()
}

/// Prints a token, alone.
pub(crate) fn token(token: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{token}")
}

/// Says on stderr why the process ends.
pub(crate) fn complain(error: &dyn Error) {
    // With stderr closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "error: {error}");
}
