//! `wiresocket serve`: one node and the control plane over the same embedded stores, on one port; or several nodes.

use crate::admin::AdminError;
use crate::alerting::{self, Receivers, Told};
use crate::args::{Arguments, Command, Serve};
use crate::banner::{self, Pasted};
use crate::data_folder::{DataFolder, DataFolderError};
use crate::dev_books::{self, DevKeys};
use crate::error::LocalError;
use crate::token::claims;
use crate::{control_plane, fleet};
use clap::Parser;
use domain::alerts::Hosts;
use domain::ids::NodeName;
use domain::ports::Vault;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stores::jwt::SigningKey;
use stores::system::SystemEntropy;
use stores::usage::UsageAt;
use syncd::options::{DocumentStore, LeaseLoss};
use syncd::process;
use syncd::setup::{self, DocumentsAt, KeysAt, Options, RegistryPorts};

/// Connections that a node of a machine like this is built for, as far as its limit on open files allows.
pub(crate) const CAPACITY: u64 = 100_000;
/// A drain spreads the end of its sessions over this time.
pub(crate) const DRAIN_FOR: Duration = Duration::from_secs(1);
/// What is counted is written down so often: whoever tries the service out wants to see it soon.
pub(crate) const USAGE_EVERY: Duration = Duration::from_secs(2);

/// Serves until the process is asked to end.
pub(crate) fn serve(options: &Serve) -> Result<(), LocalError> {
    process::log(options.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(LocalError::Runtime)?.block_on(async {
        match options.nodes {
            1 => Box::pin(serve_alone(options)).await,
            _ => Box::pin(fleet::serve(options)).await,
        }
    })
}

async fn serve_alone(options: &Serve) -> Result<(), LocalError> {
    let folder = DataFolder::exclusive(&options.data)?;
    let key = folder.signing_key()?;
    folder.mention_usage_in(fleet::USAGE_FILE);
    let receivers = Receivers::of(&options.webhooks, Hosts::Any)?;
    let books = folder.books().await?;
    let vault = folder.vault(&*books.registry).await?;
    let mut setup = setup::prepare(node_options(options, &folder, folder.key_set(&key)?)).await?;
    setup.config.usage_every = USAGE_EVERY;
    let besides = control_plane::besides(&setup, Some(Arc::clone(&vault)), receivers.hosts());
    let now_unix_s = setup.ports.clock.unix_ms() / 1000;
    let token = dev_token(options, &key, now_unix_s)?;
    let keys = dev_keys(&folder, &books, &vault, now_unix_s).await?;
    let (registry, every) = (books.registry, alerting::LOCALLY_EVERY);
    let told = setup.usage.clone().map(|usage| Told { receivers, registry, usage, vault, every });
    // Before anybody is told that it listens, so that whoever ends it then ends it in order.
    let signalled = process::signalled().map_err(LocalError::Signals)?;
    banner::listening(&Pasted {
        address: setup.address,
        token: &token,
        keys: &keys,
        usage: None,
        nodes: &[],
    })?;
    let run = syncd::run(setup.listeners, setup.ports, setup.config, besides, signalled);
    Box::pin(alerting::beside(told, run)).await?;
    Ok(())
}

/// What the one node of this process is told.
pub(crate) fn node_options(options: &Serve, folder: &DataFolder, keys: PathBuf) -> Options {
    let (documents, data) = match options.documents_at() {
        DocumentStore::Disk => (DocumentsAt::Disk, Some(folder.documents())),
        DocumentStore::Memory => (DocumentsAt::Memory, None),
        DocumentStore::Redis => (DocumentsAt::Redis, None),
    };
    Options {
        listen: options.listen,
        relay_listen: None,
        relay_address: None,
        cluster_secret: None,
        node: Some(NodeName::parse("local").expect("five letters are a node name")),
        region: options.region.clone(),
        public_url: None,
        home: Vec::new(),
        dynamodb_endpoint: None,
        jwks: Some(KeysAt::File(keys)),
        registry: Some(folder.registry()),
        usage: Some(UsageAt::Folder(folder.usage())),
        documents: Some(documents),
        documents_secret: None,
        redis: options.rates.redis.clone(),
        redis_password: options.rates.redis_password.clone(),
        redis_ca: options.rates.redis_ca.clone(),
        retain_documents: Some(options.retain_documents),
        archive: options.archive.clone(),
        archive_every: options.archive_every,
        data,
        capacity: CAPACITY,
        rate_limits: options.rates.rate_limits,
        trusted_proxy: options.rates.trusted_proxy.clone(),
        drain_for: DRAIN_FOR,
        on_lease_loss: LeaseLoss::Keep,
        log: options.log,
    }
}

/// The keys that the banner shows, once the app that they tell of is on the books.
pub(crate) async fn dev_keys(
    folder: &DataFolder,
    books: &RegistryPorts,
    vault: &Arc<dyn Vault>,
    now_unix_s: u64,
) -> Result<DevKeys, LocalError> {
    dev_books::keep_app(books).await.map_err(DataFolderError::Unread)?;
    let made = dev_books::keep_signing_key(books, Arc::clone(vault), now_unix_s).await;
    made.map_err(AdminError::from)?;
    Ok(dev_books::keys(folder, books, now_unix_s, &SystemEntropy).await?)
}

/// What `wiresocket token` prints when it is given no options but the data folder.
pub(crate) fn dev_token(options: &Serve, key: &SigningKey, now_unix_s: u64) -> Result<String, LocalError> {
    let data = options.data.as_os_str();
    let arguments = ["wiresocket".as_ref(), "token".as_ref(), "--data".as_ref(), data];
    Ok(match Arguments::try_parse_from(arguments)?.command {
        Some(Command::Token(token)) => key.sign(&claims(&token, now_unix_s)),
        _ => String::new(),
    })
}
