//! The one URL of several nodes: connections are handed on as they are, so a node sees this process as its client.

use super::roster::Roster;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use syncd::machine::{self, Sockets};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections that are handed on at once, as far as the limit on open files allows; more wait to be accepted.
const CONNECTIONS_MAX: u64 = 50_000;
/// How long a node may take to accept; on loopback it does so at once or never.
const CONNECT_DEADLINE: Duration = Duration::from_secs(1);
/// How long the accepting waits where the machine refuses a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Hands each connection to the next living node, for as long as it is polled.
pub(super) async fn forward(listener: TcpListener, roster: Arc<Roster>) {
    // A connection takes two files here.
    let connections = machine::connections_max(2 * CONNECTIONS_MAX, Sockets::Own) / 2;
    let room = Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(usize::MAX).max(1)));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((client, _)) => {
                let roster = Arc::clone(&roster);
                tokio::spawn(async move {
                    hand_on(client, &roster).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Mostly out of file descriptors; those come back when connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Until one side breaks off, and both have ended. Without a node that accepts, the client is hung up on.
async fn hand_on(mut client: TcpStream, roster: &Roster) {
    let Some(mut node) = accepted_by_any(roster).await else { return };
    if client.set_nodelay(true).is_ok() && node.set_nodelay(true).is_ok() {
        // Whatever breaks off is seen by both sides, and concerns nobody else.
        let _ = copy_bidirectional(&mut client, &mut node).await;
    }
}

async fn accepted_by_any(roster: &Roster) -> Option<TcpStream> {
    for address in roster.in_turn() {
        if let Some(node) = accepted_by(address).await {
            return Some(node);
        }
    }
    None
}

async fn accepted_by(address: SocketAddr) -> Option<TcpStream> {
    match tokio::time::timeout(CONNECT_DEADLINE, TcpStream::connect(address)).await {
        Ok(Ok(node)) => Some(node),
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "a node refuses a connection; the next one is asked");
            None
        }
        Err(_) => None,
    }
}
