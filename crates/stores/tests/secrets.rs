//! What clients' secrets are known by.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::bounds::SECRET_BYTES_MAX;
use domain::ports::SecretHashes;
use domain::registry::SecretHash;
use stores::secrets::Argon2Hashes;

#[tokio::test]
async fn a_secret_fits_its_own_hash_and_no_other() {
    let hashes = Argon2Hashes::new();
    let (one, again) = (hashes.hash("secret").await.unwrap(), hashes.hash("secret").await.unwrap());
    assert!(one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.0);
    assert_ne!(one, again, "salted anew");
    for hash in [&one, &again] {
        assert_eq!(hashes.fits("secret", Some(hash)).await, Ok(true));
        assert_eq!(hashes.fits("secre7", Some(hash)).await, Ok(false));
        assert_eq!(hashes.fits("", Some(hash)).await, Ok(false));
    }
    assert_eq!(hashes.fits("secret", None).await, Ok(false));
}

/// So that nobody learns from an answer's time whether a client is known.
#[tokio::test]
async fn an_unknown_client_is_as_much_work_as_a_wrong_secret() {
    let hashes = Argon2Hashes::new();
    let hash = hashes.hash("secret").await.unwrap();
    let mut work = Vec::new();
    for (secret, hash) in [("secret", Some(&hash)), ("wrong", Some(&hash)), ("wrong", None)] {
        let before = hashes.computed();
        hashes.fits(secret, hash).await.unwrap();
        work.push(hashes.computed() - before);
    }
    assert_eq!(work, [1, 1, 1]);
}

#[tokio::test]
async fn a_secret_that_is_longer_than_any_is_no_work_whoever_it_is_for() {
    let hashes = Argon2Hashes::new();
    let longest = "s".repeat(SECRET_BYTES_MAX);
    let hash = hashes.hash(&longest).await.unwrap();
    assert_eq!(hashes.fits(&longest, Some(&hash)).await, Ok(true));
    let before = hashes.computed();
    for hash in [Some(&hash), None] {
        assert_eq!(hashes.fits(&format!("{longest}s"), hash).await, Ok(false));
    }
    assert_eq!(hashes.computed(), before);
}

#[tokio::test]
async fn what_is_no_hash_is_no_answer() {
    let hashes = Argon2Hashes::new();
    for text in ["", "secret", "$argon2id$", "$md5$v=1$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA"] {
        let error = hashes.fits("secret", Some(&SecretHash(text.to_owned()))).await.unwrap_err();
        assert_eq!(error.store, "secrets", "{text}");
        assert!(text.is_empty() || !error.cause.contains(text), "{error}");
    }
}

#[tokio::test]
async fn more_secrets_than_can_wait_are_turned_away() {
    let hashes = Argon2Hashes::new();
    let mut checks = tokio::task::JoinSet::new();
    let hashes = std::sync::Arc::new(hashes);
    for _ in 0..100 {
        let hashes = hashes.clone();
        checks.spawn(async move { hashes.fits("s", None).await });
    }
    let answers = checks.join_all().await;
    let refused = answers.iter().filter(|answer| answer.is_err()).count();
    assert_eq!((answers.len() - refused) as u64, hashes.computed());
    assert!(refused > 0 && answers.len() - refused >= 66, "{refused}");
}
