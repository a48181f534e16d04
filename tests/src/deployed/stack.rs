use crate::control_plane::{Ask, StoresAt, Target, VaultKey, World};
use crate::http::Answer;
use crate::lambda::{scheduled_event, send};
use crate::redis::{Reply, ask_redis};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::sync::{Mutex, MutexGuard};

/// `http://HOST:PORT` of the stand-in.
const ENDPOINT: &str = "WIRESOCKET_DEPLOYED_ENDPOINT";
/// `http://HOST:PORT/PREFIX` of the HTTP API.
const API: &str = "WIRESOCKET_DEPLOYED_API";
/// The sweep function's name.
const SWEEP: &str = "WIRESOCKET_DEPLOYED_SWEEP";
/// The name of the function that tells tenants of their usage.
const WEBHOOKS: &str = "WIRESOCKET_DEPLOYED_WEBHOOKS";
/// The ARN of the vault's key.
const VAULT: &str = "WIRESOCKET_DEPLOYED_VAULT";
/// `redis://HOST:PORT` of the region.
const REDIS: &str = "WIRESOCKET_DEPLOYED_REDIS";

/// Whoever asks a stack has it to himself: every request comes from one address, and nodes would reap each other's.
static TURN: Mutex<()> = Mutex::const_new(());

/// Where a deployed stack is.
#[derive(Debug, Clone)]
pub struct Stack {
    stores: StoresAt,
    endpoint: SocketAddr,
    api: SocketAddr,
    api_prefix: String,
    sweep: String,
    webhooks: String,
    redis: String,
}

/// A deployed stack, for as long as a test has it to itself.
pub struct Deployed {
    stack: Stack,
    world: World,
    _turn: MutexGuard<'static, ()>,
}

impl Stack {
    /// The stack that `cargo xtask sam-deploy` has deployed.
    ///
    /// # Panics
    /// Where the variables that name it are not set.
    #[must_use]
    pub fn deployed() -> Self {
        let endpoint = variable(ENDPOINT);
        let (api, api_prefix) = split(&variable(API));
        Self {
            endpoint: split(&endpoint).0,
            stores: StoresAt { endpoint, vault: VaultKey::Kms(variable(VAULT)) },
            api,
            api_prefix,
            sweep: variable(SWEEP),
            webhooks: variable(WEBHOOKS),
            redis: variable(REDIS),
        }
    }

    /// Where its tables and the vault's key are.
    #[must_use]
    pub fn stores(&self) -> &StoresAt {
        &self.stores
    }

    /// The region's Redis, as `--redis` takes it.
    #[must_use]
    pub fn redis(&self) -> &str {
        &self.redis
    }

    /// Runs the sweep to its end, as its schedule does, and returns what it answers.
    pub async fn sweep(&self) -> Value {
        self.run(&self.sweep).await
    }

    /// Runs what tells tenants of their usage to its end, as its schedule does, and returns what it answers.
    pub async fn alert(&self) -> Value {
        self.run(&self.webhooks).await
    }

    async fn run(&self, function: &str) -> Value {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let request = Request::post(path).header("host", self.endpoint.to_string());
        let event = Full::new(Bytes::from(scheduled_event().to_string()));
        let answer = send(self.endpoint, request.body(event).expect("it is a request")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// Forgets how often anybody has asked.
    async fn forget_rates(&self) {
        let (address, _) = split(&self.redis.replace("redis://", "http://"));
        let Some(Reply::List(keys)) = ask_redis(address, &["KEYS", "ws:rate:*"]).await else { return };
        for key in &keys {
            ask_redis(address, &["DEL", &key.text()]).await;
        }
    }
}

impl Deployed {
    /// Waits for the stack, and finds its regions' nodes known and nobody's rates counted.
    ///
    /// # Panics
    /// As [`Stack::deployed`].
    pub async fn start() -> Self {
        let turn = TURN.lock().await;
        let stack = Stack::deployed();
        stack.forget_rates().await;
        let world = World::open(&stack.stores).await;
        Self { stack, world, _turn: turn }
    }

    /// Where it is.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }
}

impl Target for Deployed {
    async fn ask(&self, ask: &Ask) -> Answer {
        let Stack { api, api_prefix, .. } = &self.stack;
        let request = Request::builder().method(&*ask.method).uri(format!("{api_prefix}{}", ask.uri));
        let mut request = request.header("host", api.to_string());
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let body = Full::new(Bytes::from(ask.body.clone()));
        send(*api, request.body(body).expect("it is a request")).await
    }

    fn world(&self) -> &World {
        &self.world
    }
}

/// Address and path of an `http` URL.
fn split(url: &str) -> (SocketAddr, String) {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url} is no http URL"));
    let (address, path) =
        rest.split_once('/').map_or((rest, String::new()), |(address, path)| (address, format!("/{path}")));
    let address = address.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
    (address, path.trim_end_matches('/').to_owned())
}

fn variable(name: &str) -> String {
    let advice = "this test asks a deployed stack: run it by `cargo xtask sam-deploy`, which deploys one";
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: {advice}"))
}
