use super::function::Function;
use super::ministack::Ministack;
use super::recorder::{Call, Recorder};
use super::routes::Routes;
use super::scheduled::Scheduled;
use crate::control_plane::{Ask, StoresAt, Target, VaultKey, World};
use crate::http::Answer;
use std::collections::{BTreeMap, BTreeSet};

/// The functions over DynamoDB and KMS, with a recorder before them for each function.
pub struct RecordedFunctions {
    routes: Routes,
    recorders: BTreeMap<Function, Recorder>,
    stores: StoresAt,
    world: World,
    _ministack: Ministack,
}

impl RecordedFunctions {
    /// Functions over fresh tables, whose private keys are sealed by KMS.
    ///
    /// # Panics
    /// Where ministack can't be started.
    pub async fn start() -> Self {
        let ministack = Ministack::start().await;
        let vault = VaultKey::Kms(ministack.make_key().await);
        let stores = StoresAt { endpoint: ministack.endpoint(), vault };
        stores.make().await;
        let world = World::open(&stores).await;
        let recorder = |function| (function, Recorder::before(ministack.address()));
        let recorders: BTreeMap<Function, Recorder> = Function::ALL.map(recorder).into();
        let routes = Routes::new(|function| seen(&stores, &recorders[&function]));
        Self { routes, recorders, stores, world, _ministack: ministack }
    }

    /// A function that a schedule runs, over the same tables.
    pub async fn scheduled(&self, function: Function) -> Scheduled {
        Scheduled::over(function, &seen(&self.stores, &self.recorders[&function])).await
    }

    /// Where the stores are, past the recorders.
    #[must_use]
    pub fn stores(&self) -> &StoresAt {
        &self.stores
    }

    /// Each kind of call that a function has made.
    #[must_use]
    pub fn calls(&self, function: Function) -> BTreeSet<Call> {
        self.recorders[&function].calls()
    }
}

fn seen(stores: &StoresAt, recorder: &Recorder) -> StoresAt {
    StoresAt { endpoint: recorder.endpoint(), ..stores.clone() }
}

impl Target for RecordedFunctions {
    async fn ask(&self, ask: &Ask) -> Answer {
        self.routes.ask(ask).await
    }

    fn world(&self) -> &World {
        &self.world
    }
}
