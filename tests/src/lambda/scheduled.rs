use super::emulator::{Emulator, Timings};
use super::function::Function;
use crate::control_plane::StoresAt;
use serde_json::{Value, json};

/// A function under the emulator, run as a scheduler would.
#[derive(Debug)]
pub struct Scheduled(Emulator);

impl Scheduled {
    /// A function over these stores.
    pub async fn over(function: Function, stores: &StoresAt) -> Self {
        Self(Emulator::start(function, &function.variables(stores)).await)
    }

    /// A sweep over these home tables, as `WIRESOCKET_HOME` names them.
    pub async fn over_homes(homes: &str) -> Self {
        let variables =
            [("WIRESOCKET_HOME", homes.to_owned()), ("WIRESOCKET_REGION", "us-east-1".to_owned())];
        Self(Emulator::start(Function::Sweep, &variables).await)
    }

    /// Runs it once, to its end, and returns what it answers.
    pub async fn run(&self) -> Value {
        self.0.invoke(&scheduled_event()).await
    }

    /// What the emulator has reported of its runs.
    #[must_use]
    pub fn timings(&self) -> Timings {
        self.0.timings()
    }

    /// What it and the emulator have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.0.log()
    }
}

/// The event that a schedule sends.
#[must_use]
pub fn scheduled_event() -> Value {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-03-10T05:16:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/each-minute"],
        "detail": {},
    })
}
