//! How long it takes to refuse a wrong secret and an unknown client, side by side: `cargo run -p stores
//! --example measure_secrets`. The hash itself is optimised in every profile.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and fails by panicking")]

use domain::ports::SecretHashes;
use domain::registry::SecretHash;
use std::time::{Duration, Instant};
use stores::secrets::Argon2Hashes;

const ROUNDS: usize = 200;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let hashes = Argon2Hashes::new();
    let hash = hashes.hash("the client's secret").await.unwrap();
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        wrong.push(refusal(&hashes, Some(&hash)).await);
        unknown.push(refusal(&hashes, None).await);
    }
    for (what, times) in [("a wrong secret", &mut wrong), ("an unknown client", &mut unknown)] {
        times.sort_unstable();
        let (median, p95) = (times[ROUNDS / 2], times[ROUNDS * 95 / 100]);
        println!("{what:<18} median {median:>10.1?}  p95 {p95:>10.1?}  of {ROUNDS}");
    }
}

async fn refusal(hashes: &Argon2Hashes, hash: Option<&SecretHash>) -> Duration {
    let begun = Instant::now();
    assert_eq!(hashes.fits("another secret", hash).await, Ok(false));
    begun.elapsed()
}
