use super::{loopback, secret};
use crate::args::Serve;
use crate::data_folder::DataFolder;
use crate::error::LocalError;
use domain::ports::Documents;
use std::net::SocketAddr;
use std::sync::Arc;
use stores::disk::DiskDocuments;
use stores::lent::{LoanSecret, lend};
use stores::memory::MemoryDocuments;
use syncd::options::DocumentStore;
use syncd::setup::at_release;
use tokio::task::JoinSet;

/// Where this process lends documents, and what borrows them.
pub(super) struct Loan {
    pub(super) address: SocketAddr,
    pub(super) secret: LoanSecret,
}

/// Lends the documents that the options name. Those on Redis the nodes reach by themselves.
pub(super) async fn documents(
    options: &Serve,
    folder: &DataFolder,
    servants: &mut JoinSet<()>,
) -> Result<Option<Loan>, LocalError> {
    let documents: Arc<dyn Documents> = match options.documents_at() {
        DocumentStore::Redis => return Ok(None),
        DocumentStore::Disk => {
            let at_release = at_release(options.retain_documents)?;
            Arc::new(DiskDocuments::open_with_retention(&folder.documents(), at_release)?)
        }
        DocumentStore::Memory => {
            Arc::new(MemoryDocuments::with_retention(at_release(options.retain_documents)?))
        }
    };
    let secret = LoanSecret::parse(&secret()).expect("64 hex digits are a secret");
    let (listener, address) = loopback().await?;
    servants.spawn(lend(listener, documents, secret.clone()));
    Ok(Some(Loan { address, secret }))
}
