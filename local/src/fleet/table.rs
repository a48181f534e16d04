//! The embedded DynamoDB that the nodes share: the home table in memory, as its nodes end with this process, and usage in a
//! file, as reports of it outlive them.

use super::loopback;
use crate::error::LocalError;
use dynoxide::Database;
use std::net::SocketAddr;
use std::path::Path;
use stores::dynamo::{Access, TableAt};
use tokio::task::JoinSet;

/// The name of the home table.
pub(super) const NAME: &str = "wiresocket";
const USAGE: &str = "wiresocket-usage";
const USAGE_FILE: &str = "usage.sqlite";

/// Starts an embedded DynamoDB, in memory, with the home table. Returns where it is.
pub(super) async fn serve(servants: &mut JoinSet<()>) -> Result<SocketAddr, LocalError> {
    let database = Database::memory().map_err(|error| LocalError::EmbeddedTable(error.to_string()))?;
    let (address, table) = serve_on(database, NAME, servants).await?;
    Access::from_environment().await.home(&table)?.create_table().await?;
    Ok(address)
}

/// Starts another one, in a file of this folder, with the usage table. Returns the table.
pub(super) async fn serve_usage(folder: &Path, servants: &mut JoinSet<()>) -> Result<TableAt, LocalError> {
    let refused = |cause: String| LocalError::EmbeddedTable(cause);
    std::fs::create_dir_all(folder).map_err(|error| refused(format!("{}: {error}", folder.display())))?;
    let file = folder.join(USAGE_FILE);
    let path = file.to_str().ok_or_else(|| refused(format!("{} is no UTF-8", file.display())))?;
    let database = Database::new(path).map_err(|error| refused(format!("{path}: {error}")))?;
    let (_, table) = serve_on(database, USAGE, servants).await?;
    Access::from_environment().await.usage(&table)?.create_table().await?;
    Ok(table)
}

async fn serve_on(
    database: Database,
    name: &str,
    servants: &mut JoinSet<()>,
) -> Result<(SocketAddr, TableAt), LocalError> {
    let (listener, address) = loopback().await?;
    servants.spawn(dynoxide::server::serve_on(listener, database));
    let table = format!("{name},endpoint=http://{address}").parse();
    Ok((address, table.expect("a name and an address are a table")))
}
