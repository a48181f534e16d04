//! A control plane over memory stores, and how tests ask it.

use crate::logs::be_of_interest;
use crate::schema::assert_described;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use domain::claims::{API, Claims};
use domain::ids::{
    AppId, AppKey, DocumentKey, DocumentName, Generation, HomeRegion, NodeId, NodeName, Region, TenantId,
};
use domain::ledger::{Bounds, Share, ShareWrite};
use domain::policy::RatePolicies;
use domain::ports::{Cluster, HomePorts, Homes, Ledger, NodeRecord, NodeState, Owner, Pins, Tokens};
use domain::token::{InvalidToken, TokenRefusal};
use functions::{ControlPlane, Front, GateFailures, PeerAddr, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use stores::memory::{MemoryCluster, MemoryLedger, MemoryPins, MemoryRateGate};
use stores::system::{SeededEntropy, TurnedClock};
use tower::ServiceExt;

/// The moment of SPEC's example of a usage report.
pub(crate) const NOW_UNIX_MS: u64 = 1_772_030_400_000;
/// A genuine token of the app `t::a`.
pub(crate) const TOKEN: &str = "genuine";
/// Another one, of the same app, whose home is [`FAR_HOME`].
pub(crate) const FAR_TOKEN: &str = "at-home-far-away";
/// The home region of tokens that name none.
pub(crate) const NEAR_HOME: &str = "aws-eu-central-1";
/// The other home region.
pub(crate) const FAR_HOME: &str = "aws-us-east-1";
/// Where requests come from unless a test says otherwise.
pub(crate) const PEER: &str = "192.0.2.1";

pub(crate) struct House {
    /// Home of the apps whose tokens name none.
    pub(crate) home: Home,
    /// Home of the apps whose tokens name [`FAR_HOME`].
    pub(crate) far_home: Home,
    pub(crate) clock: Arc<TurnedClock>,
    pub(crate) gate_failures: Arc<GateFailures>,
    router: Router,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A house whose plane was changed before its routes were made.
    pub(crate) fn with(change: impl FnOnce(&mut ControlPlane)) -> Self {
        be_of_interest();
        let (home, far_home) = (Home::new(), Home::new());
        let clock = Arc::new(TurnedClock::new(NOW_UNIX_MS));
        let gate_failures = Arc::new(GateFailures::default());
        let mut plane = ControlPlane {
            front: Front {
                rate_gate: Arc::new(MemoryRateGate::new(clock.clone())),
                rate_policies: RatePolicies::Enforced,
                gate_failures: gate_failures.clone(),
                trusted_proxies: Vec::new(),
                clock: clock.clone(),
                entropy: Arc::new(SeededEntropy::new(1)),
            },
            homes: Homes::new(home_region(NEAR_HOME), home.ports())
                .with(home_region(FAR_HOME), far_home.ports()),
            tokens: Arc::new(KnownTokens::new()),
            region: region("eu-central-1"),
            issuer: None,
            metering: None,
            operators: None,
        };
        change(&mut plane);
        Self { home, far_home, clock, gate_failures, router: router(plane) }
    }

    /// A house whose default home was changed before its routes were made.
    pub(crate) fn with_home(change: impl FnOnce(&mut HomePorts)) -> Self {
        Self::with(|plane| {
            let near = home_region(NEAR_HOME);
            let mut ports = plane.homes.of(Some(&near)).unwrap().1.clone();
            change(&mut ports);
            plane.homes = plane.homes.clone().with(near, ports);
        })
    }

    /// `GET` with a genuine token, from [`PEER`].
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Ask::get(path).header("authorization", &format!("Bearer {TOKEN}"))).await
    }

    /// Every answer is held to what the OpenAPI document promises.
    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        let (method, path) = (ask.0.method().clone(), ask.0.uri().path().to_owned());
        let response = self.router.clone().oneshot(ask.0).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, text };
        let content_type = answer.header("content-type");
        assert_described(method.as_str(), &path, answer.status.as_u16(), content_type, &answer.text);
        answer
    }
}

/// The stores of one home region.
pub(crate) struct Home {
    ledger: Arc<MemoryLedger>,
    pins: Arc<MemoryPins>,
    pub(crate) cluster: Arc<MemoryCluster>,
}

impl Home {
    fn new() -> Self {
        Self {
            ledger: Arc::new(MemoryLedger::new()),
            pins: Arc::new(MemoryPins::new(Generation(1))),
            cluster: Arc::new(MemoryCluster::new()),
        }
    }

    fn ports(&self) -> HomePorts {
        HomePorts { ledger: self.ledger.clone(), cluster: self.cluster.clone(), pins: self.pins.clone() }
    }

    /// Makes a node known, in this state, which tells `wss://REGION.example.net` as its region's URL.
    pub(crate) async fn announce(&self, name: &str, in_region: &str, state: NodeState) {
        self.announce_at(name, in_region, state, &format!("wss://{in_region}.example.net")).await;
    }

    /// Makes a node known that tells this URL.
    pub(crate) async fn announce_at(&self, name: &str, in_region: &str, state: NodeState, url: &str) {
        let record = NodeRecord {
            node: node(name),
            region: region(in_region),
            beat: 1,
            state,
            url: url.to_owned(),
            relay: String::new(),
            connections: 0,
            capacity: 100,
            documents: 0,
            beaten_unix_ms: 0,
        };
        self.cluster.announce(&record).await.unwrap();
    }

    /// Pins a document of the app `t::a` to some node of a region.
    pub(crate) async fn pin(&self, name: &str, in_region: &str) {
        let owner = Owner { region: region(in_region), node: node("owner"), relay: String::new() };
        let document = DocumentKey { app: app(), name: DocumentName::parse(name).unwrap() };
        self.pins.pin(&document, &owner).await.unwrap();
    }

    /// Has a node account for these counts of the app `t::a`.
    pub(crate) async fn count(&self, by: &str, connections: u64, documents: u64) {
        let new = Share { connections, documents, sequence: 1, sealed: false };
        let write = ShareWrite { node: node(by), old: None, new, bounds: Bounds::default() };
        self.ledger.write(&app(), &write).await.unwrap();
    }
}

/// A request under construction.
pub(crate) struct Ask(Request<Body>);

impl Ask {
    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    /// A request from [`PEER`] without a token.
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self::without_peer(method, path).from(PEER)
    }

    pub(crate) fn without_peer(method: Method, path: &str) -> Self {
        Self(Request::builder().method(method).uri(path).body(Body::empty()).unwrap())
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub(crate) fn body(mut self, body: Vec<u8>) -> Self {
        *self.0.body_mut() = Body::from(body);
        self
    }

    pub(crate) fn from(self, peer: &str) -> Self {
        self.extension(PeerAddr(peer.parse().unwrap()))
    }

    pub(crate) fn extension<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.0.extensions_mut().insert(extension);
        self
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and code of a refusal, whose envelope agrees with its status line and its id.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let error = self.json()["error"].clone();
        assert_eq!(error["status"], self.status.as_u16());
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"));
        assert!(!error["message"].as_str().unwrap().is_empty());
        (self.status.as_u16(), error["code"].as_str().unwrap().to_owned())
    }

    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }
}

/// Takes a few words for tokens: what makes a JWT genuine is tested where JWTs are read.
struct KnownTokens(HashMap<&'static str, Value>);

impl KnownTokens {
    fn new() -> Self {
        let payload = |change: Value| {
            let mut payload = json!({
                "exp": NOW_UNIX_MS / 1000 + 86_400, "aud": API, "scope": API, "tenantid": "t", "appId": "a",
                "limits": {"maxConnections": 100, "maxDocuments": 20, "maxUsersPerDoc": 3, "opsPerMinute": 4}
            });
            payload.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            payload
        };
        let no_limits =
            json!({"maxConnections": 0, "maxDocuments": 0, "maxUsersPerDoc": 0, "opsPerMinute": 0});
        Self(HashMap::from([
            (TOKEN, payload(json!({}))),
            (FAR_TOKEN, payload(json!({"dbCode": FAR_HOME}))),
            ("at-home-nowhere", payload(json!({"dbCode": "aws-sa-east-1"}))),
            ("of-another-app", payload(json!({"appId": "b"}))),
            ("without-limits", payload(json!({"limits": no_limits}))),
            ("for-one-domain", payload(json!({"allowed_domain_1": "app.example.com"}))),
            ("expired", payload(json!({"exp": 1}))),
            ("out-of-scope", payload(json!({"scope": "openid"}))),
        ]))
    }
}

#[async_trait::async_trait]
impl Tokens for KnownTokens {
    async fn verify(&self, jwt: &str, now_unix_ms: u64) -> Result<Arc<Claims>, TokenRefusal> {
        let payload = self.0.get(jwt).ok_or(InvalidToken::Signature)?;
        Claims::from_payload(payload.as_object().unwrap(), now_unix_ms / 1000).map(Arc::new)
    }
}

pub(crate) fn home_region(name: &str) -> HomeRegion {
    HomeRegion::parse(name).unwrap()
}

pub(crate) fn region(name: &str) -> Region {
    Region::parse(name).unwrap()
}

pub(crate) fn node(name: &str) -> NodeId {
    NodeId { name: NodeName::parse(name).unwrap(), epoch: 1 }
}

fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
}
