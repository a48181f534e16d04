//! `wiresocket functions`: the control plane in a process of its own, over the stores that it shares with the nodes.

use crate::alerting::{self, Receivers, Told};
use crate::args::Functions;
use crate::error::LocalError;
use crate::serve::{CAPACITY, DRAIN_FOR};
use crate::{control_plane, http, usage, vault};
use domain::alerts::Hosts;
use std::io;
use syncd::metering::Metering;
use syncd::options::LeaseLoss;
use syncd::process;
use syncd::setup::{self, DocumentsAt, Options};

/// Serves until the process is asked to end.
pub(crate) fn serve(functions: Functions) -> Result<(), LocalError> {
    process::log(functions.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(LocalError::Runtime)?.block_on(Box::pin(async {
        let vault = vault::opened(functions.vault.as_ref(), functions.registry.as_ref()).await?;
        let receivers = Receivers::of(&functions.webhooks, Hosts::Public)?;
        let setup = setup::prepare(functions.into()).await?;
        let routes = control_plane::routes(&setup, vault.clone(), receivers.hosts());
        // Each such process does it: they deliver once either way, and any of them may be the last.
        let told =
            setup.registry.clone().zip(setup.usage.clone()).zip(vault).map(|((books, usage), vault)| {
                let (registry, every) = (books.registry, alerting::SHARED_EVERY);
                Told { receivers, registry, usage, vault, every }
            });
        // Before anybody is told that it listens, so that whoever ends it then ends it in order.
        let signalled = process::signalled().map_err(LocalError::Signals)?;
        setup.announce(&mut io::stdout().lock())?;
        let served = alerting::beside(told, http::serve(setup.listeners.clients, routes, signalled));
        match &setup.ports.usage {
            None => served.await,
            Some(Metering { recorder, .. }) => {
                tokio::select! {
                    () = served => {}
                    () = usage::keep_written(recorder, &*setup.ports.clock) => {}
                }
                usage::write_last(recorder, &*setup.ports.clock).await;
            }
        }
        Ok(())
    }))
}

impl From<Functions> for Options {
    /// The set-up of a node that is never run: its stores are what the control plane works on. It has no documents.
    fn from(functions: Functions) -> Self {
        Self {
            listen: functions.listen,
            relay_listen: None,
            relay_address: None,
            cluster_secret: None,
            node: None,
            region: functions.region,
            public_url: None,
            home: functions.home,
            dynamodb_endpoint: functions.dynamodb_endpoint,
            jwks: functions.jwks,
            registry: functions.registry,
            usage: functions.usage,
            documents: Some(DocumentsAt::Memory),
            documents_secret: None,
            redis: functions.rates.redis,
            redis_password: functions.rates.redis_password,
            redis_ca: functions.rates.redis_ca,
            retain_documents: None,
            archive: None,
            archive_every: None,
            data: None,
            capacity: CAPACITY,
            rate_limits: functions.rates.rate_limits,
            trusted_proxy: functions.rates.trusted_proxy,
            drain_for: DRAIN_FOR,
            on_lease_loss: LeaseLoss::Keep,
            log: functions.log,
        }
    }
}
