//! Clauses of [`RateGate`].

use super::ids::app;
use crate::system::TurnedClock;
use domain::client_ip::ClientIp;
use domain::policy::{Policy, Window};
use domain::ports::{Grant, Mark, RateBucket, RateGate, Want};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// What lets time pass on the clock of the store that is tested: a turned clock, or waiting.
#[async_trait::async_trait]
pub trait Passage: Send + Sync + 'static {
    /// Lets at least this much pass.
    async fn pass(&self, time: Duration);
}

#[async_trait::async_trait]
impl Passage for TurnedClock {
    async fn pass(&self, time: Duration) {
        self.advance(time);
    }
}

/// A gate, and what lets time pass on its clock.
pub type Timed = (Arc<dyn RateGate>, Arc<dyn Passage>);

const SECOND: Duration = Duration::from_secs(1);

fn window(limit: u64) -> Window {
    Window { limit, length: SECOND }
}

fn ops() -> RateBucket {
    RateBucket::Ops(app("a"))
}

async fn grant(gate: &dyn RateGate, want: Want, limit: u64, within: Duration) -> Grant {
    gate.take(&ops(), want, window(limit), within).await.unwrap()
}

/// What is granted of a need that is used at once.
async fn take(gate: &dyn RateGate, need: u64, limit: u64) -> u64 {
    grant(gate, Want::only(need), limit, Duration::ZERO).await.count
}

/// As many are granted as fit, which may be some of what is needed, or none.
pub async fn as_many_are_granted_as_fit((gate, _): Timed) {
    for limit in [10, 2_000] {
        let bucket = RateBucket::Ops(app(&format!("limit-{limit}")));
        let granted = async |need| {
            gate.take(&bucket, Want::only(need), window(limit), Duration::ZERO).await.unwrap().count
        };
        assert_eq!(granted(limit - 3).await, limit - 3);
        assert_eq!(granted(5).await, 3);
        assert_eq!(granted(1).await, 0);
        assert_eq!(granted(u64::MAX).await, 0);
    }
}

/// A limit may be as large as 2^53, and all of it be taken.
pub async fn the_largest_limit_is_exact((gate, _): Timed) {
    let limit = domain::bounds::LIMIT_MAX;
    assert_eq!(take(&*gate, limit - 1, limit).await, limit - 1);
    assert_eq!(take(&*gate, 2, limit).await, 1);
    assert_eq!(take(&*gate, 1, limit).await, 0);
}

/// Blocks are granted beyond the need, and shrink as the window empties.
pub async fn blocks_shrink_as_the_window_empties((gate, _): Timed) {
    let mut room = 100;
    for _ in 0..40 {
        let want = Want { need: 1, block: 10 };
        let count = grant(&*gate, want, 100, Duration::ZERO).await.count;
        assert_eq!(count, want.granted(room), "of {room}");
        room -= count;
    }
    assert_eq!(room, 0);
}

/// A grant counts until the window's length has passed, and no longer.
pub async fn a_grant_counts_for_the_length_of_the_window((gate, time): Timed) {
    assert_eq!(take(&*gate, 6, 10).await, 6);
    time.pass(SECOND / 2).await;
    assert_eq!(take(&*gate, 9, 10).await, 4);
    time.pass(SECOND / 2).await;
    assert_eq!(take(&*gate, 9, 10).await, 6);
    time.pass(SECOND).await;
    assert_eq!(take(&*gate, 99, 10).await, 10);
}

/// What may be used later counts from the last moment at which it may be.
pub async fn what_may_be_used_later_counts_longer((gate, time): Timed) {
    assert_eq!(grant(&*gate, Want::only(6), 10, SECOND / 2).await.count, 6);
    assert_eq!(take(&*gate, 3, 10).await, 3);
    time.pass(SECOND).await;
    assert_eq!(take(&*gate, 9, 10).await, 4);
    time.pass(SECOND / 2).await;
    assert_eq!(take(&*gate, 9, 10).await, 6);
}

/// A client that keeps asking gets in again as soon as its window has room.
pub async fn what_is_refused_is_not_counted((gate, time): Timed) {
    assert_eq!(take(&*gate, 2, 2).await, 2);
    for _ in 0..6 {
        time.pass(SECOND / 10).await;
        assert_eq!(take(&*gate, 1, 2).await, 0);
    }
    time.pass(2 * SECOND / 5).await;
    assert_eq!(take(&*gate, 2, 2).await, 2);
}

/// Grants that were not used can be taken by others.
pub async fn what_is_given_back_can_be_taken_again((gate, _): Timed) {
    let all = grant(&*gate, Want::only(10), 10, SECOND / 4).await;
    assert_eq!(all.count, 10);
    gate.give_back(&ops(), all.mark, 4, window(10)).await.unwrap();
    assert_eq!(take(&*gate, 10, 10).await, 4);
}

/// What one take gives back leaves the grants of others as they were: they expire when they would have.
pub async fn each_take_gives_back_its_own((gate, time): Timed) {
    let early = grant(&*gate, Want::only(4), 10, Duration::ZERO).await;
    time.pass(SECOND / 2).await;
    assert_eq!(take(&*gate, 6, 10).await, 6);
    gate.give_back(&ops(), early.mark, 3, window(10)).await.unwrap();
    assert_eq!(take(&*gate, 9, 10).await, 3);
    time.pass(SECOND / 2).await;
    assert_eq!(take(&*gate, 9, 10).await, 1);
    time.pass(SECOND / 2).await;
    assert_eq!(take(&*gate, 99, 10).await, 9);
}

/// What no longer counts is given back to nobody's gain.
pub async fn giving_back_what_no_longer_counts_changes_nothing((gate, time): Timed) {
    let all = grant(&*gate, Want::only(10), 10, Duration::ZERO).await;
    time.pass(SECOND).await;
    assert_eq!(take(&*gate, 3, 10).await, 3);
    gate.give_back(&ops(), all.mark, 10, window(10)).await.unwrap();
    assert_eq!(take(&*gate, 99, 10).await, 7);
}

/// A bucket of which nothing was ever taken has nothing to give back to.
pub async fn giving_back_to_an_unknown_bucket_changes_nothing((gate, _): Timed) {
    gate.give_back(&ops(), Mark(1), 5, window(10)).await.unwrap();
    assert_eq!(take(&*gate, 99, 10).await, 10);
}

/// However many take at once, the limit is granted in total and not more.
pub async fn racing_takers_never_pass_the_limit((gate, _): Timed) {
    let takers = (0..16).map(|n| {
        let gate = gate.clone();
        tokio::spawn(async move {
            let mut granted = 0;
            for want in 0..10 {
                granted += take(&*gate, 1 + (want + n) % 5, 100).await;
                tokio::task::yield_now().await;
            }
            granted
        })
    });
    let mut granted = 0;
    for taker in takers.collect::<Vec<_>>() {
        granted += taker.await.unwrap();
    }
    assert_eq!(granted, 100);
}

/// A plan may allow no ops at all.
pub async fn a_limit_of_zero_grants_nothing((gate, _): Timed) {
    assert_eq!(take(&*gate, 1, 0).await, 0);
    assert_eq!(take(&*gate, 1, 1).await, 1);
}

/// Old and new tokens may carry different limits: each is held to its own, over the same grants.
pub async fn a_lower_limit_holds_for_whoever_asks_by_it((gate, _): Timed) {
    assert_eq!(take(&*gate, 8, 10).await, 8);
    assert_eq!(take(&*gate, 1, 5).await, 0);
    assert_eq!(take(&*gate, 9, 12).await, 4);
}

/// Each client, each policy and each app has a window of its own.
pub async fn buckets_are_apart((gate, _): Timed) {
    let client = |last| ClientIp::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
    let buckets = [
        ops(),
        RateBucket::Ops(app("b")),
        RateBucket::Client(Policy::Connect, client(1)),
        RateBucket::Client(Policy::Connect, client(2)),
        RateBucket::Client(Policy::Discovery, client(1)),
    ];
    for bucket in &buckets {
        assert_eq!(
            gate.take(bucket, Want::only(3), window(2), Duration::ZERO).await.unwrap().count,
            2,
            "{bucket:?}"
        );
    }
    let taken = gate.take(&ops(), Want::only(1), window(3), Duration::ZERO).await.unwrap();
    gate.give_back(&ops(), taken.mark, 1, window(3)).await.unwrap();
    assert_eq!(gate.take(&buckets[3], Want::only(1), window(2), Duration::ZERO).await.unwrap().count, 0);
}
