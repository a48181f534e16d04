//! The embedded DynamoDB that the nodes share: the home table in memory, as its nodes end with this process, and usage in a
//! file, as reports of it outlive them.

use super::loopback;
use crate::error::LocalError;
use dynoxide::Database;
use std::fs::{self, File, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use stores::dynamo::{Access, TableAt};
use tokio::task::JoinSet;

/// The name of the home table.
pub(super) const NAME: &str = "wiresocket";
const USAGE: &str = "wiresocket-usage";
pub(crate) const USAGE_FILE: &str = "usage.sqlite";

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
    let file = folder.join(USAGE_FILE);
    make_private(folder, &file).map_err(|error| refused(format!("{}: {error}", file.display())))?;
    let path = file.to_str().ok_or_else(|| refused(format!("{} is no UTF-8", file.display())))?;
    let database = Database::new(path).map_err(|error| refused(format!("{path}: {error}")))?;
    let (_, table) = serve_on(database, USAGE, servants).await?;
    Access::from_environment().await.usage(&table)?.create_table().await?;
    Ok(table)
}

/// Makes the folder and the file for their owner's eyes only. What SQLite puts beside the file has the file's mode.
fn make_private(folder: &Path, file: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = File::options().create(true).append(true).mode(0o600).open(file)?;
    file.set_permissions(Permissions::from_mode(0o600))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_else_reads_what_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("usage");
        let mut servants = JoinSet::new();
        serve_usage(&folder, &mut servants).await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}
