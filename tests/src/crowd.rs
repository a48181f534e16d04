use crate::raw_client::{Ending, RawClient};
use futures_util::future::join_all;
use std::net::SocketAddr;

/// One client that wants a place.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The node that it asks.
    pub address: SocketAddr,
    /// The document's path.
    pub path: String,
    /// Its token.
    pub token: String,
}

/// What came of a race.
#[derive(Debug)]
pub struct Raced {
    /// Those who got in.
    pub admitted: Vec<RawClient>,
    /// How the others ended.
    pub refused: Vec<Ending>,
}

/// Lets all attempts race, each in a task of its own.
pub async fn race(attempts: impl IntoIterator<Item = Attempt>) -> Raced {
    let attempts = attempts.into_iter().map(|Attempt { address, path, token }| {
        tokio::spawn(async move { RawClient::join(address, &path, &token).await })
    });
    let mut raced = Raced { admitted: Vec::new(), refused: Vec::new() };
    for outcome in join_all(attempts).await {
        match outcome.expect("joining does not fail") {
            Ok(client) => raced.admitted.push(client),
            Err(ending) => raced.refused.push(ending),
        }
    }
    raced
}
