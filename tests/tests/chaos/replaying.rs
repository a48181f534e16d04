use crate::city::City;
use crate::doors::balance;
use house_tests::{Agent, Fleet, Opening, Plan, Recording, Typing, eventually};
use std::net::SocketAddr;
use std::sync::Arc;

/// Stock clients that replay a recorded session through their region's load balancer: one types, one reads along.
pub(crate) struct Replay {
    agent: Agent,
    recording: Recording,
    token: String,
    balancer: SocketAddr,
}

const ROOM: &str = "recorded";
const REGION: &str = "r1";
/// Transactions of the recording at each step of the disorder.
const STEP: usize = 40;

impl Replay {
    pub(crate) async fn start(city: &Arc<City>, fleet: &Fleet) -> Self {
        let typing = Typing { seed: 20_260_301, writers: 1, rounds: 100 };
        let recording = Recording::named_or_typed("rustcode.json.gz", typing);
        let token = fleet.token(&Plan { app: "recorded", ..Plan::roomy() });
        let balancer = balance(Arc::clone(&city.doors), REGION).await;
        let replay = Self { agent: Agent::start(), recording, token, balancer };
        for name in ["writer", "witness"] {
            replay.agent.open(name, &replay.opening()).await.synced().await;
        }
        replay
    }

    fn opening(&self) -> Opening {
        Opening {
            flavour: "y-websocket 3",
            url: format!("ws://{}", self.balancer),
            room: ROOM.into(),
            token: self.token.clone(),
        }
    }

    /// The writer makes its next transactions, connected or not.
    pub(crate) async fn go_on(&self) {
        self.agent.client("writer").replay(&self.recording, STEP).await;
    }

    /// Waits until the writer, who was there all the time, the witness and a newcomer have the same text.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let text = self.agent.client("writer").read().await;
        let newcomer = self.agent.open("newcomer", &self.opening()).await;
        newcomer.synced().await;
        for reader in ["witness", "newcomer"] {
            let reader = self.agent.client(reader);
            eventually("a reader has all that was recorded", async || {
                (reader.read().await == text).then_some(())
            })
            .await;
        }
        for name in ["writer", "witness", "newcomer"] {
            self.agent.client(name).leave().await;
        }
        if text.is_empty() { Err("nothing was replayed".into()) } else { Ok(()) }
    }
}
