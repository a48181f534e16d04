//! The tokens port over key sets of every kind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use aws_lc_rs::{hmac, rsa::KeySize};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::bounds::TOKEN_BYTES_MAX;
use domain::clock::Clock;
use domain::ids::HomeRegion;
use domain::ports::Tokens;
use domain::token::{Forbidden, InvalidToken, TokenRefusal};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use stores::jwt::{Jwks, JwksError, JwksFile, SigningKey, StaticKeys, Verifier};
use stores::system::TurnedClock;

const NOW_S: u64 = 1_700_000_000;

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn claims() -> Value {
    json!({
        "exp": NOW_S + 60, "aud": "WireSocket.API", "scope": "WireSocket.API", "tenantid": "t", "appId": "a",
        "limits": {"maxConnections": 1, "maxDocuments": 2, "maxUsersPerDoc": 3, "opsPerMinute": 4}
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// A token as anyone could write it, with whatever signature `sign` gives.
fn token(header: &Value, payload: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(payload.to_string()));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", b64(signature))
}

fn hs256(header: &Value, secret: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    token(header, &claims(), |message| hmac::sign(&key, message).as_ref().to_vec())
}

fn keys(keys: &[Value]) -> Value {
    json!({ "keys": keys })
}

fn oct(secret: &[u8]) -> Value {
    json!({"kty": "oct", "k": b64(secret), "kid": "secret"})
}

fn verifier(document: Value) -> Verifier {
    let homes = vec![HomeRegion::parse("aws-us-east-1").unwrap()];
    Verifier::new(StaticKeys::new(document), Arc::new(TurnedClock::default()), homes)
}

async fn refusal(verifier: &Verifier, jwt: &str) -> TokenRefusal {
    verifier.verify(jwt, NOW_S * 1000).await.unwrap_err()
}

async fn is_genuine(verifier: &Verifier, jwt: &str) -> bool {
    verifier.verify(jwt, NOW_S * 1000).await.is_ok_and(|claims| claims.app.to_string() == "t::a")
}

/// One key pair of a kind: its JWK and a token that it signed.
struct Signed {
    jwk: Value,
    token: String,
    public: Vec<u8>,
}

fn rs256() -> Signed {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let sign = |message: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    };
    Signed {
        jwk: json!({"kty": "RSA", "n": b64(&public.n), "e": b64(&public.e)}),
        token: token(&json!({"alg": "RS256"}), &claims(), sign),
        public: pair.public_key().as_ref().to_vec(),
    }
}

fn es256() -> Signed {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
    Signed {
        jwk: json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])}),
        token: token(&json!({"alg": "ES256"}), &claims(), sign),
        public: point,
    }
}

fn ed_dsa() -> Signed {
    let key = SigningKey::generate().unwrap();
    let jwk = key.public_jwks()["keys"][0].clone();
    let public = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
    Signed { jwk, token: key.sign(&claims()), public }
}

#[tokio::test]
async fn each_of_the_four_algorithms_is_taken_with_a_key_of_its_kind() {
    let secret =
        Signed { jwk: oct(&[7; 32]), token: hs256(&json!({"alg": "HS256"}), &[7; 32]), public: Vec::new() };
    let all = [rs256(), es256(), ed_dsa(), secret];
    let set = verifier(keys(&all.iter().map(|signed| signed.jwk.clone()).collect::<Vec<_>>()));
    assert_eq!(set.load().await, Ok(4));
    for signed in &all {
        assert!(is_genuine(&set, &signed.token).await, "{}", signed.jwk);
    }
}

#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    for signed in [rs256(), es256(), ed_dsa()] {
        let set = verifier(keys(std::slice::from_ref(&signed.jwk)));
        let texts = [signed.public.clone(), signed.jwk["n"].to_string().into_bytes(), Vec::new()];
        for secret in texts {
            let forged = hs256(&json!({"alg": "HS256"}), &secret);
            assert_eq!(refusal(&set, &forged).await, InvalidToken::UnknownKey.into(), "{}", signed.jwk);
        }
    }
}

#[tokio::test]
async fn none_and_every_other_algorithm_is_malformed() {
    let set = verifier(keys(&[oct(&[7; 64])]));
    for alg in ["none", "None", "HS384", "HS512", "RS512", "PS256", "ES384", "hs256", ""] {
        let jwt = hs256(&json!({"alg": alg}), &[7; 64]);
        assert_eq!(refusal(&set, &jwt).await, InvalidToken::Malformed.into(), "{alg}");
    }
    let unsigned = token(&json!({"alg": "none"}), &claims(), |_| Vec::new());
    assert_eq!(refusal(&set, &unsigned).await, InvalidToken::Malformed.into());
}

#[tokio::test]
async fn what_is_no_token_is_malformed() {
    let set = verifier(keys(&[oct(&[7; 32])]));
    let good = hs256(&json!({"alg": "HS256"}), &[7; 32]);
    assert!(is_genuine(&set, &good).await);
    let header = b64(r#"{"alg":"HS256"}"#);
    let long = format!("{header}.{}.AA", "A".repeat(TOKEN_BYTES_MAX));
    let cases = ["", ".", "..", "a.b.c", &good[1..], &format!("{good}.x"), &format!("{header}.e30"), &long];
    for jwt in cases {
        assert_eq!(refusal(&set, jwt).await, InvalidToken::Malformed.into(), "{jwt:.60}");
    }
    for payload in ["null", "[]", "7", "{", "\u{1}"] {
        let jwt = format!("{header}.{}.AAAA", b64(payload));
        assert_eq!(refusal(&set, &jwt).await, InvalidToken::Malformed.into(), "{payload}");
    }
    let critical = hs256(&json!({"alg": "HS256", "crit": ["exp"]}), &[7; 32]);
    assert_eq!(refusal(&set, &critical).await, InvalidToken::Malformed.into());
}

#[tokio::test]
async fn a_changed_token_has_a_wrong_signature() {
    let set = verifier(keys(&[oct(&[7; 32])]));
    let good = hs256(&json!({"alg": "HS256"}), &[7; 32]);
    let (message, _) = good.rsplit_once('.').unwrap();
    for signature in ["", "AAAA", &b64([0; 32]), "not base64!"] {
        let jwt = format!("{message}.{signature}");
        assert_eq!(refusal(&set, &jwt).await, InvalidToken::Signature.into(), "{signature}");
    }
    let other = hs256(&json!({"alg": "HS256", "kid": "secret"}), &[8; 32]);
    assert_eq!(refusal(&set, &other).await, InvalidToken::Signature.into());
}

#[tokio::test]
async fn a_kid_is_tried_first_and_then_every_key_of_the_algorithm() {
    let set = verifier(keys(&[oct(&[7; 32]), json!({"kty": "oct", "k": b64([8; 32]), "kid": "second"})]));
    for (kid, secret) in [("secret", 7), ("second", 8), ("secret", 8), ("unheard of", 8)] {
        let jwt = hs256(&json!({"alg": "HS256", "kid": kid}), &[secret; 32]);
        assert!(is_genuine(&set, &jwt).await, "{kid}");
    }
    let nobodys = hs256(&json!({"alg": "HS256", "kid": "unheard of"}), &[9; 32]);
    assert_eq!(refusal(&set, &nobodys).await, InvalidToken::UnknownKey.into());
    assert_eq!(refusal(&set, &es256().token).await, InvalidToken::UnknownKey.into());
}

#[tokio::test]
async fn keys_for_other_purposes_are_not_used() {
    let jwt = hs256(&json!({"alg": "HS256"}), &[7; 32]);
    let members = [
        ("use", json!("enc")),
        ("alg", json!("HS512")),
        ("alg", json!("RS256")),
        ("key_ops", json!(["sign"])),
    ];
    for (name, value) in members {
        let mut jwk = oct(&[7; 32]);
        jwk[name] = value;
        let set = verifier(keys(&[jwk]));
        assert_eq!(refusal(&set, &jwt).await, InvalidToken::UnknownKey.into(), "{name}");
    }
    let short = verifier(keys(&[oct(&[7; 31])]));
    let jwt = hs256(&json!({"alg": "HS256"}), &[7; 31]);
    assert_eq!(refusal(&short, &jwt).await, InvalidToken::UnknownKey.into());
}

#[tokio::test]
async fn times_are_checked_at_every_use() {
    let key = SigningKey::generate().unwrap();
    let set = verifier(key.public_jwks());
    let at = async |jwt: &str, now_s: u64| set.verify(jwt, now_s * 1000).await.map(|_| ());
    let jwt = key.sign(&claims());
    for _ in 0..2 {
        assert_eq!(at(&jwt, NOW_S).await, Ok(()));
        assert_eq!(at(&jwt, NOW_S + 91).await, Err(InvalidToken::Expired.into()));
    }
    let early = key.sign(&with("nbf", json!(NOW_S + 40)));
    for _ in 0..2 {
        assert_eq!(at(&early, NOW_S).await, Err(InvalidToken::NotYetValid.into()));
        assert_eq!(at(&early, NOW_S + 10).await, Ok(()));
    }
}

#[tokio::test]
async fn a_genuine_token_may_still_be_forbidden() {
    let key = SigningKey::generate().unwrap();
    let set = verifier(key.public_jwks());
    for _ in 0..2 {
        let elsewhere = key.sign(&with("dbCode", json!("aws-eu-central-1")));
        assert_eq!(refusal(&set, &elsewhere).await, Forbidden::HomeRegion.into());
        assert_eq!(refusal(&set, &key.sign(&with("aud", json!("x")))).await, Forbidden::Audience.into());
    }
    assert!(is_genuine(&set, &key.sign(&with("dbCode", json!("aws-us-east-1")))).await);
}

/// A key set that a test changes, and that counts how often it is fetched.
#[derive(Clone, Default)]
struct Rotating {
    document: Arc<Mutex<Value>>,
    fetches: Arc<AtomicU64>,
}

#[async_trait::async_trait]
impl Jwks for Rotating {
    async fn fetch(&self) -> Result<Value, JwksError> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(self.document.lock().clone())
    }

    fn place(&self) -> String {
        "the test".to_owned()
    }
}

#[tokio::test]
async fn the_key_set_is_fetched_again_at_most_once_a_minute_where_no_key_fits() {
    let (first, second) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let source = Rotating::default();
    *source.document.lock() = first.public_jwks();
    let clock = Arc::new(TurnedClock::default());
    let set = Verifier::new(source.clone(), clock.clone(), Vec::new());
    let (by_first, by_second) = (first.sign(&claims()), second.sign(&claims()));

    assert!(is_genuine(&set, &by_first).await);
    *source.document.lock() = second.public_jwks();
    for _ in 0..10 {
        assert!(is_genuine(&set, &by_first).await);
        assert_eq!(refusal(&set, &by_second).await, InvalidToken::UnknownKey.into());
    }
    assert_eq!(source.fetches.load(Ordering::SeqCst), 1);

    clock.advance(Duration::from_secs(60));
    assert!(clock.monotonic() >= Duration::from_secs(60));
    let (one, other) = tokio::join!(is_genuine(&set, &by_second), is_genuine(&set, &by_second));
    assert!(one && other, "whoever comes during a fetch waits for it");
    assert_eq!(source.fetches.load(Ordering::SeqCst), 2);
    assert_eq!(refusal(&set, &by_first).await, InvalidToken::UnknownKey.into(), "a revoked key is forgotten");
}

/// A leaked key that the operator took out of the set, whatever else is asked.
#[tokio::test]
async fn a_key_that_was_taken_out_of_the_set_is_refused_after_a_quarter_of_an_hour() {
    let (leaked, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let source = Rotating::default();
    *source.document.lock() = leaked.public_jwks();
    let clock = Arc::new(TurnedClock::default());
    let set = Verifier::new(source.clone(), clock.clone(), Vec::new());
    let by_leaked = leaked.sign(&claims());
    assert!(is_genuine(&set, &by_leaked).await);
    *source.document.lock() = other.public_jwks();
    clock.advance(Duration::from_secs(900));
    assert_eq!(refusal(&set, &by_leaked).await, InvalidToken::UnknownKey.into());
}

#[tokio::test]
async fn a_source_that_fails_leaves_the_keys_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let key = SigningKey::generate().unwrap();
    std::fs::write(&path, key.public_jwks().to_string()).unwrap();
    let clock = Arc::new(TurnedClock::default());
    let set = Verifier::new(JwksFile::new(&path), clock.clone(), Vec::new());
    assert_eq!(set.load().await, Ok(1));

    for broken in ["", "{}", r#"{"keys":7}"#] {
        std::fs::write(&path, broken).unwrap();
        clock.advance(Duration::from_secs(60));
        assert_eq!(refusal(&set, &es256().token).await, TokenRefusal::Unverifiable);
        assert!(is_genuine(&set, &key.sign(&claims())).await);
        let error = set.load().await.unwrap_err().to_string();
        assert!(error.contains("jwks.json"), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(set.load().await, Err(JwksError::Unreadable { .. })));
}
