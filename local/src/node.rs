//! `wiresocket node`: one of the nodes that `wiresocket serve --nodes` starts: `syncd`, with the control plane on
//! the same port.

use crate::args::Node;
use crate::error::LocalError;
use crate::serve::USAGE_EVERY;
use crate::{control_plane, vault};
use domain::alerts::Hosts;
use std::io::{self, Read};
use std::thread;
use syncd::{process, setup};

/// Serves until the process that started it sends SIGTERM, or is gone.
pub(crate) fn serve(node: Node) -> Result<(), LocalError> {
    process::log(node.options.log);
    thread::spawn(end_with_stdin);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(LocalError::Runtime)?.block_on(Box::pin(async {
        let vault = vault::opened(node.vault.as_ref(), node.options.registry.as_ref()).await?;
        let mut setup = setup::prepare(node.options).await?;
        setup.config.usage_every = USAGE_EVERY;
        let besides = control_plane::besides(&setup, vault, node.webhooks.hosts_or(Hosts::Any));
        let terminated = process::terminated().map_err(LocalError::Signals)?;
        setup.announce(&mut io::stdout().lock())?;
        syncd::run(setup.listeners, setup.ports, setup.config, besides, terminated).await?;
        Ok(())
    }))
}

/// Ends this process when its standard input ends. That is a pipe whose other end only the starting process has: it
/// ends when that process does, however it does, and with it go the stores, so there is nothing to end in order.
fn end_with_stdin() {
    let mut ignored = [0; 64];
    while matches!(io::stdin().lock().read(&mut ignored), Ok(bytes) if bytes > 0) {}
    std::process::exit(1);
}
