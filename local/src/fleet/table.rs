use super::loopback;
use crate::error::LocalError;
use dynoxide::Database;
use std::net::SocketAddr;
use stores::dynamo::{Access, TableAt};
use tokio::task::JoinSet;

/// The name of the table.
pub(super) const NAME: &str = "wiresocket";

/// Starts an embedded DynamoDB, in memory, with the home table. Returns where it is.
pub(super) async fn serve(servants: &mut JoinSet<()>) -> Result<SocketAddr, LocalError> {
    let (listener, address) = loopback().await?;
    let database = Database::memory().map_err(|error| LocalError::EmbeddedTable(error.to_string()))?;
    servants.spawn(dynoxide::server::serve_on(listener, database));
    let table: TableAt =
        format!("{NAME},endpoint=http://{address}").parse().expect("a name and an address are a table");
    Access::from_environment().await.home(&table)?.create_table().await?;
    Ok(address)
}
