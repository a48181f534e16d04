//! An app's purse as the sync node drives it, on paused time, before a gate that answers, is slow, or is silent.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::clock::Clock;
use domain::ids::{AppId, AppKey, TenantId};
use domain::ops::Token;
use domain::policy::{GATE_DEADLINE, Window};
use domain::ports::{Grant, Mark, RateBucket, RateGate, Unavailable, Want};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stores::memory::MemoryRateGate;
use stores::system::SystemEntropy;
use syncd::gate::Gate;
use syncd::metrics::Metrics;
use syncd::ops::{AppPurse, Purses, Taken};
use tokio::time::{Instant, sleep};

const LIMIT: u64 = 600;
const NODES: u64 = 4;
const WINDOW: Window = Window::per_minute(LIMIT);
const SECOND: Duration = Duration::from_secs(1);

/// Tells tokio's time, which stands still while there is work to do.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).expect("a test ends")
    }
}

/// How the gate is.
#[derive(Debug, Clone, Copy)]
enum Weather {
    AnswersAfter(Duration),
    Fails,
    Silent,
}

struct Region {
    gate: MemoryRateGate,
    weather: Mutex<Weather>,
}

impl Region {
    fn is(&self, weather: Weather) {
        *self.weather.lock().unwrap() = weather;
    }

    async fn answer(&self) -> Result<(), Unavailable> {
        let weather = *self.weather.lock().unwrap();
        match weather {
            Weather::AnswersAfter(wait) => sleep(wait).await,
            Weather::Fails => return Err(Unavailable::new("rate gate", "it is away")),
            Weather::Silent => std::future::pending().await,
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl RateGate for Region {
    async fn take(
        &self,
        bucket: &RateBucket,
        want: Want,
        window: Window,
        within: Duration,
    ) -> Result<Grant, Unavailable> {
        let granted = self.gate.take(bucket, want, window, within).await?;
        if let Err(error) = self.answer().await {
            self.gate.give_back(bucket, granted.mark, granted.count, window).await?;
            return Err(error);
        }
        Ok(granted)
    }

    async fn give_back(
        &self,
        bucket: &RateBucket,
        mark: Mark,
        count: u64,
        window: Window,
    ) -> Result<(), Unavailable> {
        self.answer().await?;
        self.gate.give_back(bucket, mark, count, window).await
    }
}

struct House {
    region: Arc<Region>,
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
    purses: Purses,
    purse: Arc<AppPurse>,
    clock: Arc<PausedClock>,
}

fn house(weather: Weather) -> House {
    let clock = Arc::new(PausedClock(Instant::now()));
    let region = Arc::new(Region { gate: MemoryRateGate::new(clock.clone()), weather: Mutex::new(weather) });
    let metrics = Arc::new(Metrics::new(Vec::new()).unwrap());
    let gate = Arc::new(Gate::new(region.clone(), clock.clone(), Arc::clone(&metrics)));
    let purses = Purses::new(Arc::clone(&gate), Arc::new(SystemEntropy));
    let purse = purses.of(&app("a"));
    House { region, gate, metrics, purses, purse, clock }
}

fn app(name: &str) -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse(name).unwrap() }
}

/// What a document does for an op.
async fn op(purse: &Arc<AppPurse>, clock: &PausedClock) -> Option<Token> {
    match purse.take(LIMIT, clock.monotonic(), || NODES) {
        Taken::Token(token) => Some(token),
        Taken::Empty => purse.wait(1, LIMIT, || NODES).await,
        Taken::Full => None,
    }
}

impl House {
    /// How many of so many ops, one after the other, pass on bought tokens, and on the own share.
    async fn ops(&self, count: usize) -> (u64, u64) {
        let (mut bought, mut shared_out) = (0, 0);
        for _ in 0..count {
            match op(&self.purse, &self.clock).await {
                Some(token) if token.is_of_own_share() => shared_out += 1,
                Some(_) => bought += 1,
                None => {}
            }
        }
        (bought, shared_out)
    }

    fn metric(&self, line: &str) -> u64 {
        let text = self.metrics.text();
        let value = text.lines().find_map(|l| l.strip_prefix(line));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_thousand_documents_exactly_the_limit_passes_in_a_few_purchases() {
    let house = house(Weather::AnswersAfter(Duration::from_millis(1)));
    let documents: Vec<_> = (0..1_000)
        .map(|_| {
            let (purse, clock) = (house.purses.of(&app("a")), Arc::clone(&house.clock));
            tokio::spawn(async move { op(&purse, &clock).await.is_some() })
        })
        .collect();
    let mut passed = 0;
    for document in documents {
        passed += u64::from(document.await.unwrap());
    }
    assert_eq!(passed, LIMIT);
    let bought = house.metric("wiresocket_ops_purchases_total{result=\"granted\"}");
    let short = house.metric("wiresocket_ops_purchases_total{result=\"short\"}");
    assert!(bought + short <= 4, "{bought} + {short}");
    assert_eq!(house.metric("wiresocket_rate_limit_fail_opens_total{bucket=\"ops\"}"), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_gate_is_silent_one_op_waits_and_the_own_share_bounds() {
    let house = house(Weather::Silent);
    let began = Instant::now();
    assert_eq!(house.ops(1_000).await, (0, LIMIT / NODES));
    assert_eq!(began.elapsed(), GATE_DEADLINE);
    assert!(house.gate.answers(), "one late answer is no outage");
    assert_eq!(house.metric("wiresocket_rate_limit_fail_opens_total{bucket=\"ops\"}"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_fails_at_once_is_waited_for_by_nobody() {
    let house = house(Weather::Fails);
    let began = Instant::now();
    assert_eq!(house.ops(1_000).await, (0, LIMIT / NODES));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_is_away_is_probed_once_a_second_in_the_background() {
    let house = house(Weather::Fails);
    for _ in 0..60_000 {
        // Nobody waits: a refused op is one at once.
        let _ = op(&house.purse, &house.clock).await;
        sleep(Duration::from_millis(1)).await;
    }
    let probes = house.metric("wiresocket_rate_limit_fail_opens_total{bucket=\"ops\"}");
    assert!((55..=130).contains(&probes), "{probes} in a minute");
    assert!(!house.gate.answers());
    house.region.is(Weather::AnswersAfter(Duration::ZERO));
    sleep(SECOND).await;
    let _ = op(&house.purse, &house.clock).await;
    sleep(SECOND).await;
    assert!(house.gate.answers(), "one answer is enough");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_is_back_is_bought_from_again_and_told_what_has_passed() {
    let house = house(Weather::Fails);
    assert_eq!(house.ops(100).await, (0, 100));
    house.region.is(Weather::AnswersAfter(Duration::ZERO));
    sleep(SECOND).await;
    // It makes the probe due, if none was on its way.
    let _ = op(&house.purse, &house.clock).await;
    sleep(SECOND).await;
    let (bought, shared_out) = house.ops(1_000).await;
    assert_eq!(shared_out, 0);
    assert_eq!(bought, LIMIT - 101);
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_comes_late_is_given_back() {
    let house = house(Weather::AnswersAfter(GATE_DEADLINE * 4));
    assert_eq!(house.ops(1).await, (0, 1));
    sleep(SECOND).await;
    house.region.is(Weather::AnswersAfter(Duration::ZERO));
    assert_eq!(house.ops(1).await, (0, 1), "and makes the probe due");
    sleep(SECOND).await;
    let bucket = RateBucket::Ops(app("a"));
    let room = house.region.gate.take(&bucket, Want::only(LIMIT), WINDOW, Duration::ZERO);
    assert_eq!(room.await.unwrap().count, LIMIT - 2);
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_leaves_its_token_to_others() {
    let house = house(Weather::AnswersAfter(Duration::from_millis(10)));
    for _ in 0..20 {
        let waiting = house.purse.wait(1, LIMIT, || NODES);
        if let Ok(Some(token)) = tokio::time::timeout(Duration::from_millis(5), waiting).await {
            house.purse.put_back(token);
        }
    }
    sleep(SECOND).await;
    assert_eq!(house.ops(1_000).await.0, LIMIT);
}
