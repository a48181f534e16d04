use super::connection::{Lane, Redis, Script};
use domain::bounds::LIMIT_MAX;
use domain::policy::Window;
use domain::ports::{Grant, Mark, RateBucket, RateGate, Unavailable, Want};
use std::sync::LazyLock;
use std::time::Duration;

/// How long a call may take. Who can't wait for so long drops it.
const DEADLINE: Duration = Duration::from_secs(1);

/// Some 70 years: twice that after the clock's microseconds is still below 2^53, up to which Lua's numbers are exact.
const MICROS_MAX: u64 = 1 << 51;

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("rate_gate.lua")));
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("give_back.lua")));

/// Counts over sliding windows that the nodes and functions of a region share, by the clock of their Redis.
///
/// Grants count by the thousandth of the window's length, each to that thousandth's end. A bucket is one key of at
/// most some 1,000 fields (as many again where grants may be used a whole length later), which expires with its last
/// grant:
///
/// | bucket | key |
/// |---|---|
/// | a client under a policy | `ws:rate:{client:POLICY:IP}:LENGTH`, for IPv6 the /64 |
/// | an app's ops | `ws:rate:{ops:TENANT/APP}:LENGTH` |
///
/// Tenants and apps have no `:`, `/` or `}` in their names, so no key can be made to look like another. The length, in
/// microseconds, keeps windows apart whose slices are.
///
/// A clock that steps back, as another server's may at a failover, grants nothing too much: a bucket's time stands
/// until it is asked again, and goes on from there.
pub struct RedisRateGate {
    redis: Redis,
}

impl RedisRateGate {
    /// The windows on this Redis.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }

    fn key(&self, bucket: &RateBucket, window: Window) -> String {
        let length = length_us(window);
        match bucket {
            RateBucket::Client(policy, ip) => {
                self.redis.key(format_args!("rate:{{client:{}:{ip}}}:{length}", policy.name()))
            }
            RateBucket::Key(policy, key) => {
                self.redis.key(format_args!("rate:{{key:{}:{key}}}:{length}", policy.name()))
            }
            RateBucket::Ops(app) => {
                self.redis.key(format_args!("rate:{{ops:{}/{}}}:{length}", app.tenant, app.app))
            }
        }
    }
}

#[async_trait::async_trait]
impl RateGate for RedisRateGate {
    async fn take(
        &self,
        bucket: &RateBucket,
        want: Want,
        window: Window,
        within: Duration,
    ) -> Result<Grant, Unavailable> {
        let key = self.key(bucket, window);
        let exact = |count: u64| count.min(LIMIT_MAX);
        let args =
            (exact(want.need), exact(want.block), exact(window.limit), length_us(window), micros(within));
        let (count, slice) = self.redis.run(Lane::Rates, DEADLINE, &TAKE, &key, args).await?;
        Ok(Grant { count, mark: Mark(slice) })
    }

    async fn give_back(
        &self,
        bucket: &RateBucket,
        mark: Mark,
        count: u64,
        window: Window,
    ) -> Result<(), Unavailable> {
        let key = self.key(bucket, window);
        let args = (mark.0, count.min(LIMIT_MAX));
        self.redis.run(Lane::Rates, DEADLINE, &GIVE_BACK, &key, args).await
    }
}

fn length_us(window: Window) -> u64 {
    micros(window.length).max(1)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).min(MICROS_MAX)
}
