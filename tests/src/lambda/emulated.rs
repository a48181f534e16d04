use super::emulator::{Emulator, Timings};
use super::function::Function;
use super::routes::Routes;
use crate::control_plane::outages::Breakable;
use crate::control_plane::{Ask, StoresAt, Target, VaultKey, World};
use crate::dynamo::Dynamo;
use crate::fault_proxy::{FaultProxy, Faults, Tally};
use crate::http::Answer;
use std::sync::Arc;
use tempfile::TempDir;

/// The functions behind the routes of an HTTP API, over an embedded DynamoDB that can fail.
pub struct EmulatedFunctions {
    routes: Routes,
    seen: StoresAt,
    world: World,
    proxy: FaultProxy,
    _dynamo: Dynamo,
    _folder: TempDir,
}

impl EmulatedFunctions {
    /// Functions over fresh tables.
    ///
    /// # Panics
    /// Where the tables can't be made.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("wiresocket-plane-").expect("the temporary folder can be written");
        let dynamo = Dynamo::start();
        let vault = VaultKey::File(folder.path().join("vault.key"));
        let direct = StoresAt { endpoint: dynamo.endpoint(), vault };
        direct.make().await;
        let world = World::open(&direct).await;
        let proxy = FaultProxy::before(dynamo.address(), 1, Arc::new(Tally::default()));
        let seen = StoresAt { endpoint: proxy.endpoint(), ..direct };
        let routes = Routes::new(|_| seen.clone());
        Self { routes, seen, world, proxy, _dynamo: dynamo, _folder: folder }
    }

    /// A function, started.
    pub async fn function(&self, function: Function) -> &Emulator {
        self.routes.function(function).await
    }

    /// What a function is told of its stores and its place.
    #[must_use]
    pub fn variables(&self, function: Function) -> Vec<(&'static str, String)> {
        function.variables(&self.seen)
    }

    /// What the emulators have reported so far.
    #[must_use]
    pub fn timings(&self) -> Vec<(Function, Timings)> {
        self.routes.timings()
    }
}

impl Target for EmulatedFunctions {
    async fn ask(&self, ask: &Ask) -> Answer {
        self.routes.ask(ask).await
    }

    fn world(&self) -> &World {
        &self.world
    }
}

impl Breakable for EmulatedFunctions {
    fn fail(&self, faults: Faults) {
        self.proxy.set(faults);
    }
}
