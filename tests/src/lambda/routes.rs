use super::emulator::{Emulator, Timings};
use super::event::{answer_of, event_of};
use super::function::Function;
use crate::control_plane::{Ask, StoresAt};
use crate::http::Answer;
use tokio::sync::OnceCell;

/// An HTTP API's routes: the function behind each is started when it is first asked.
#[derive(Debug)]
pub(super) struct Routes(Vec<Behind>);

#[derive(Debug)]
struct Behind {
    function: Function,
    /// The stores as the function is told of them.
    stores: StoresAt,
    emulator: OnceCell<Emulator>,
}

impl Routes {
    /// Routes to functions which find their stores where `stores` says.
    pub(super) fn new(stores: impl Fn(Function) -> StoresAt) -> Self {
        let behind = |function| Behind { function, stores: stores(function), emulator: OnceCell::new() };
        Self(Function::OF_ROUTES.map(behind).into())
    }

    /// Sends a request to the function behind its path.
    pub(super) async fn ask(&self, ask: &Ask) -> Answer {
        let emulator = self.function(Function::behind(ask.path())).await;
        let mut answer = answer_of(&emulator.invoke(&event_of(ask, &format!("ANY {}", ask.path()))).await);
        // A gateway sends nothing after the headers of an answer to `HEAD`.
        if ask.method == "HEAD" {
            answer.body.clear();
        }
        answer
    }

    /// A function, started.
    pub(super) async fn function(&self, function: Function) -> &Emulator {
        let behind = self.0.iter().find(|behind| behind.function == function);
        let Behind { stores, emulator, .. } = behind.expect("a route leads there");
        emulator.get_or_init(async || Emulator::start(function, &function.variables(stores)).await).await
    }

    /// What the emulators have reported so far.
    pub(super) fn timings(&self) -> Vec<(Function, Timings)> {
        let of = |behind: &Behind| Some((behind.function, behind.emulator.get()?.timings()));
        self.0.iter().filter_map(of).collect()
    }
}
