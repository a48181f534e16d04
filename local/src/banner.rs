//! What is printed for people and scripts.

use crate::dev_books::DevKeys;
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use stores::usage::UsageAt;

/// What there is to paste.
pub(crate) struct Pasted<'a> {
    /// Where the service listens.
    pub(crate) address: SocketAddr,
    /// A token that it accepts.
    pub(crate) token: &'a str,
    /// Keys that see what it counts.
    pub(crate) keys: &'a DevKeys,
    /// Where its usage is, where that is a table, which `wiresocket admin` is to be told.
    pub(crate) usage: Option<&'a UsageAt>,
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
pub(crate) fn listening(Pasted { address, token, keys, usage, nodes }: &Pasted<'_>) -> io::Result<()> {
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
    let (account, platform) = (keys.account.reveal(), keys.platform.reveal());
    writeln!(out, "reports     curl -H 'Authorization: Bearer {account}' http://{address}/v1/usage")?;
    writeln!(out, "platform    curl -H 'IM-API-KEY: {platform}' http://{address}/admin/connection-count")?;
    if let Some(usage) = usage {
        writeln!(out, "webhooks    wiresocket admin webhooks parked --usage {usage}")?;
    }
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
