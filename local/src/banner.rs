//! What is printed for people and scripts.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;

/// What there is to paste.
pub(crate) struct Pasted<'a> {
    /// Where the service listens.
    pub(crate) address: SocketAddr,
    /// A token that it accepts.
    pub(crate) token: &'a str,
    /// Its nodes, where there are several.
    pub(crate) nodes: &'a [NodeLine],
}

/// One node of several.
pub(crate) struct NodeLine {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
}

/// Prints where the service listens, its nodes, and lines to paste.
pub(crate) fn listening(Pasted { address, token, nodes }: &Pasted<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening http://{address}")?;
    for NodeLine { name, address, pid } in *nodes {
        writeln!(out, "{name}  http://{address}  pid {pid}")?;
    }
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
