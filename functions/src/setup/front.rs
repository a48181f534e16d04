use super::environment::{Reader, Settings};
use super::mistakes::{Mistake, Mistakes};
use super::variables::{RATE_LIMITS, REDIS, REDIS_CA, REDIS_PASSWORD, TRUSTED_PROXY};
use crate::gate::GateFailures;
use crate::plane::Front;
use domain::clock::Clock;
use domain::policy::RatePolicies;
use domain::ports::RateGate;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;
use stores::memory::MemoryRateGate;
use stores::redis::{Redis, RedisRateGate, RedisUrl};
use stores::system::SystemEntropy;

/// What every function is told that answers requests.
pub(super) struct FrontSettings {
    /// Where rates are counted; without it, in this process alone.
    redis: Option<RedisAt>,
    rate_policies: RatePolicies,
    trusted_proxies: Vec<IpNet>,
}

/// Where the region's Redis is, and how it is known.
struct RedisAt {
    url: RedisUrl,
    ca_pem: Option<Vec<u8>>,
}

impl Settings for FrontSettings {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let redis = redis(from);
        let rate_policies = from.optional(RATE_LIMITS, rate_policies);
        let trusted_proxies = from.optional(TRUSTED_PROXY, |text| text.split(',').map(proxy).collect());
        Some(Self {
            redis: redis?,
            rate_policies: rate_policies?.unwrap_or_default(),
            trusted_proxies: trusted_proxies?.unwrap_or_default(),
        })
    }
}

impl FrontSettings {
    /// Redis is first connected to when it is first asked.
    pub(super) fn front(self, clock: &Arc<dyn Clock>) -> Result<Front, Mistakes> {
        let rate_gate: Arc<dyn RateGate> = match self.redis {
            None => Arc::new(MemoryRateGate::new(Arc::clone(clock))),
            Some(RedisAt { url, ca_pem }) => {
                let redis =
                    Redis::new(&url, ca_pem).map_err(|wrong| Mistake::combination(REDIS_CA, wrong))?;
                Arc::new(RedisRateGate::new(redis))
            }
        };
        Ok(Front {
            rate_gate,
            rate_policies: self.rate_policies,
            gate_failures: Arc::new(GateFailures::default()),
            trusted_proxies: self.trusted_proxies,
            clock: Arc::clone(clock),
            entropy: Arc::new(SystemEntropy),
        })
    }
}

fn redis(from: &mut Reader<'_>) -> Option<Option<RedisAt>> {
    let url = from.optional(REDIS, str::parse::<RedisUrl>);
    let ca_pem = from.optional(REDIS_CA, |path| {
        std::fs::read(path).map_err(|error| format!("it can't be read ({error})"))
    });
    let password = from.text(REDIS_PASSWORD).map(str::to_owned);
    let (url, ca_pem) = (url?, ca_pem?);
    match url {
        Some(url) => Some(Some(RedisAt { url: known_by(from, url, password)?, ca_pem })),
        None if ca_pem.is_some() => from.note(Mistake::of_no_use(REDIS_CA, REDIS)),
        None if password.is_some() => from.note(Mistake::of_no_use(REDIS_PASSWORD, REDIS)),
        None => Some(None),
    }
}

fn known_by(from: &mut Reader<'_>, url: RedisUrl, password: Option<String>) -> Option<RedisUrl> {
    let Some(password) = password else { return Some(url) };
    match url.with_password(&password) {
        Ok(url) => Some(url),
        Err(wrong) => from.note(Mistake::value(REDIS_PASSWORD, &password, wrong)),
    }
}

fn rate_policies(text: &str) -> Result<RatePolicies, String> {
    match text {
        "on" => Ok(RatePolicies::Enforced),
        "off" => Ok(RatePolicies::Off),
        _ => Err(format!("expected {}", RATE_LIMITS.expected)),
    }
}

/// A range, or one address.
fn proxy(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let range = text.parse().ok().or_else(one);
    range.ok_or_else(|| format!("`{text}` is no address range: expected {}", TRUSTED_PROXY.expected))
}
