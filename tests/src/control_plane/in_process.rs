use super::ask::Ask;
use super::outages::Breakable;
use super::target::Target;
use super::world::{EMPTY_HOME, HOME, REGION, StoresAt, VaultKey, World};
use crate::dynamo::Dynamo;
use crate::fault_proxy::{FaultProxy, Faults, Tally};
use crate::http::Answer;
use crate::signer::unix_seconds;
use axum::Router;
use bytes::Bytes;
use domain::alerts::Hosts;
use domain::clock::Clock;
use domain::ids::{HomeRegion, Region};
use domain::metering::Recorder;
use domain::policy::RatePolicies;
use domain::ports::{Homes, Writer};
use functions::{ControlPlane, Front, GateFailures, Issuer, Operators, PeerAddr, WebhookDesk, router};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use std::sync::Arc;
use stores::jwt::{KeySources, RegistryJwks, Verifier};
use stores::memory::MemoryRateGate;
use stores::system::{SystemClock, SystemEntropy};
use stores::usage::UsagePorts;
use tempfile::TempDir;
use tower::ServiceExt;

/// The router itself, over an embedded DynamoDB that can fail.
pub struct InProcess {
    router: Router,
    recorder: Arc<Recorder>,
    world: World,
    proxy: FaultProxy,
    _dynamo: Dynamo,
    _folder: TempDir,
}

impl InProcess {
    /// A router over fresh tables.
    ///
    /// # Panics
    /// Where they can't be made.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("wiresocket-plane-").expect("the temporary folder can be written");
        let dynamo = Dynamo::start();
        let direct =
            StoresAt { endpoint: dynamo.endpoint(), vault: VaultKey::File(folder.path().join("vault.key")) };
        direct.make().await;
        let world = World::open(&direct).await;
        let proxy = FaultProxy::before(dynamo.address(), 1, Arc::new(Tally::default()));
        let seen = World::open(&StoresAt { endpoint: proxy.endpoint(), ..direct }).await;
        let recorder = Arc::new(Recorder::new(Writer(1), seen.usage.log.clone()));
        let router = router(plane(seen, recorder.clone()));
        Self { router, recorder, world, proxy, _dynamo: dynamo, _folder: folder }
    }
}

impl Target for InProcess {
    async fn ask(&self, ask: &Ask) -> Answer {
        let answer = ask_router(&self.router, ask).await;
        // As a function does behind each of its answers.
        self.recorder.flush(unix_seconds() * 1000).await;
        answer
    }

    fn world(&self) -> &World {
        &self.world
    }
}

impl Breakable for InProcess {
    fn fail(&self, faults: Faults) {
        self.proxy.set(faults);
    }
}

/// What a router answers within this process.
///
/// # Panics
/// Where the request is none.
pub async fn ask_router(router: &Router, ask: &Ask) -> Answer {
    let mut request = Request::builder().method(&*ask.method).uri(&*ask.uri);
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    let request = request.extension(PeerAddr(ask.from)).body(Full::new(Bytes::from(ask.body.clone())));
    let answer = router.clone().oneshot(request.expect("it is a request")).await;
    let (parts, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let body = body.collect().await.expect("the body is whole").to_bytes();
    Answer::new(parts.status.as_u16(), headers.collect(), String::from_utf8_lossy(&body).into_owned())
}

fn plane(world: World, recorder: Arc<Recorder>) -> ControlPlane {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let home = |name| HomeRegion::parse(name).expect("it is a home region's name");
    let known = vec![home(HOME), home(EMPTY_HOME)];
    let tenants = Arc::new(RegistryJwks::new(world.registry.clone(), clock.clone()));
    let keys = KeySources { operator: None, tenants: Some(tenants) };
    let operators = operators(&world);
    ControlPlane {
        homes: Homes::new(home(HOME), world.home).with(home(EMPTY_HOME), world.empty_home),
        tokens: Arc::new(Verifier::of(keys, clock.clone(), known)),
        region: Region::parse(REGION).expect("it is a region"),
        front: Front {
            rate_gate: Arc::new(MemoryRateGate::new(clock.clone())),
            rate_policies: RatePolicies::Enforced,
            gate_failures: Arc::new(GateFailures::default()),
            trusted_proxies: Vec::new(),
            clock,
            entropy: Arc::new(SystemEntropy),
        },
        issuer: Some(Issuer {
            registry: world.registry,
            families: world.families,
            secrets: world.hashes,
            signer: world.keys,
        }),
        metering: Some(recorder),
        operators: Some(operators),
    }
}

fn operators(world: &World) -> Operators {
    let UsagePorts { log, platform, alerts } = world.usage.clone();
    Operators {
        registry: world.registry.clone(),
        api_keys: world.api_keys.clone(),
        usage: log,
        platform,
        webhooks: Some(WebhookDesk { alerts, vault: world.vault.clone(), hosts: Hosts::Public }),
    }
}
