//! Many sessions, opened a bounded number at a time.

use crate::latency::Latencies;
use crate::report::Refusals;
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

/// Handshakes under way at once.
const OPENING_MAX: usize = 64;

/// What came of opening sessions.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// How long each took from `connect` to the whole of step 2.
    pub(crate) latency: Latencies,
    /// Those that did not come to be.
    pub(crate) refusals: Refusals,
}

/// Opens a session and syncs it. `index` spreads source addresses.
///
/// # Errors
/// Why there is no session.
pub(crate) async fn open_synced(
    server: &Server,
    document: &str,
    index: usize,
) -> Result<Connection, Failure> {
    let mut connection = Connection::open(&server.target, document, index).await?;
    connection.sync(|_| {}).await?;
    Ok(connection)
}

/// Keeps a session as a silent client does, and tells why it ended.
pub(crate) async fn hold(connection: &mut Connection) -> Failure {
    loop {
        if let Err(failure) = connection.receive(|_, _| {}).await {
            return failure;
        }
    }
}

/// Opens `count` sessions, the `n`th on `document(n)`, and hands each on once it is synced.
pub(crate) async fn open_each(
    server: &Server,
    count: usize,
    document: impl Fn(usize) -> String,
    mut on_open: impl FnMut(Connection),
) -> Opened {
    let opening = (0..count).map(|n| {
        let name = document(n);
        async move {
            let begun = Instant::now();
            open_synced(server, &name, n).await.map(|connection| (connection, begun.elapsed()))
        }
    });
    let mut opened = Opened::default();
    let mut results = stream::iter(opening).buffer_unordered(OPENING_MAX);
    while let Some(result) = results.next().await {
        match result {
            Ok((connection, taken)) => {
                opened.latency.add(taken);
                on_open(connection);
            }
            Err(failure) => opened.refusals.add(failure),
        }
    }
    opened
}
