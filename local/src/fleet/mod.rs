//! `wiresocket serve --nodes N`: several nodes on one machine, each a process of its own.
//!
//! This process holds what they share: an embedded DynamoDB with the table of the one home, another with that of usage,
//! and the documents, which it lends. It listens where the service is reached and hands each connection to a node, in turn. A node that dies is
//! not started again, so that its documents can be seen to move to the others.

mod forward;
mod loan;
mod process;
mod roster;
mod table;

pub(crate) use table::USAGE_FILE;

use crate::alerting::{self, Receivers, Told};
use crate::args::Serve;
use crate::banner::{self, NodeLine, Pasted};
use crate::data_folder::DataFolder;
use crate::error::LocalError;
use crate::serve::{dev_keys, dev_token, node_options};
use domain::alerts::Hosts;
use domain::clock::{Clock, Entropy};
use process::{Orders, Shared};
use roster::{Member, Roster};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use stores::disk::DiskUsage;
use stores::dynamo::Access;
use stores::system::{SystemClock, SystemEntropy};
use stores::usage::{UsageAt, UsagePorts};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Serves until the process is asked to end, or no node is left.
pub(crate) async fn serve(options: &Serve) -> Result<(), LocalError> {
    let folder = DataFolder::exclusive(&options.data)?;
    let key = folder.signing_key()?;
    let keys = folder.key_set(&key)?;
    // What one node would refuse, each of several would: it is said once, before any is started.
    node_options(options, &folder, keys.clone()).check()?;
    let failed = |source| LocalError::Listen { address: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    folder.mention_usage_in(DiskUsage::FILE);
    let receivers = Receivers::of(&options.webhooks, Hosts::Any)?;
    let books = folder.books().await?;
    // Made here, so that every node finds it.
    let vault = folder.vault(&*books.registry).await?;
    let mut servants = JoinSet::new();
    let shared = Shared {
        table: table::serve(&mut servants).await?,
        usage: table::serve_usage(&folder.usage(), &mut servants).await?,
        loan: loan::documents(options, &folder, &mut servants).await?,
        public_address: address,
        keys,
        registry: folder.registry(),
        vault_key: folder.vault_key(),
        cluster_secret: secret(),
    };
    let roster = Arc::new(start(options, &shared).await?);
    let now_unix_s = SystemClock::new().unix_ms() / 1000;
    let token = dev_token(options, &key, now_unix_s)?;
    let keys = dev_keys(&folder, &books, &vault, now_unix_s).await?;
    // Here and in no node: one that looks is enough, and this process lives as long as the table.
    let usage = UsagePorts::in_table(&Access::from_environment().await.usage(&shared.usage)?);
    let (registry, every) = (books.registry, alerting::LOCALLY_EVERY);
    let told = Some(Told { receivers, registry, usage, vault, every });
    let signalled = syncd::process::signalled().map_err(LocalError::Signals)?;
    let (usage_at, nodes) = (UsageAt::Table(shared.usage), lines(&roster));
    let pasted = Pasted { address, token: &token, keys: &keys, usage: Some(&usage_at), nodes: &nodes };
    banner::listening(&pasted)?;
    let served = async {
        let outcome = tokio::select! {
            () = signalled => Ok(()),
            () = roster.until_all_ended() => Err(LocalError::NoNodeLeft),
            () = forward::forward(listener, Arc::clone(&roster)) => Ok(()),
        };
        roster.end_in_turn().await;
        outcome
    };
    let outcome = alerting::beside(told, served).await;
    servants.shutdown().await;
    outcome
}

/// 256 random bits in hex.
fn secret() -> String {
    (0..4).map(|_| format!("{:016x}", SystemEntropy.next_u64())).collect()
}

/// A port that only this machine reaches.
async fn loopback() -> Result<(TcpListener, SocketAddr), LocalError> {
    let bound = async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok::<_, io::Error>((listener, address))
    };
    bound.await.map_err(LocalError::Loopback)
}

/// Starts all nodes at once, and waits until each listens.
async fn start(options: &Serve, shared: &Shared) -> Result<Roster, LocalError> {
    let starting = (1..=options.nodes).map(|n| process::start(n, options, shared));
    let started = starting.collect::<Result<Vec<_>, _>>()?;
    let mut members = Vec::new();
    for node in started {
        members.push(node.listening().await?);
    }
    Ok(Roster::new(members))
}

fn lines(roster: &Roster) -> Vec<NodeLine> {
    let line = |node: &Member| NodeLine { name: node.name.to_string(), address: node.address, pid: node.pid };
    roster.members().iter().map(line).collect()
}
