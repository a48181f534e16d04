//! Key sets behind a URL.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::ports::Tokens;
use domain::token::TokenRefusal;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stores::jwt::{Jwks, JwksError, JwksUrl, SigningKey, Verifier};
use stores::system::TurnedClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const NOW_S: u64 = 1_700_000_000;

/// Answers its first requests with these texts, one a connection, and all later ones with the last of them.
async fn server(answers: Vec<String>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let answer = &answers[counter.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
            let mut head = [0; 4096];
            let _ = tcp.read(&mut head).await.unwrap();
            // Whoever is told too much hangs up.
            let _ = tcp.write_all(answer.as_bytes()).await;
        }
    });
    (address, asked)
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nLocation: http://127.0.0.1/\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn at(address: SocketAddr) -> JwksUrl {
    JwksUrl::new(&format!("http://{address}/jwks")).unwrap()
}

async fn cause(answers: Vec<String>) -> String {
    let (address, _) = server(answers).await;
    at(address).fetch().await.unwrap_err().to_string()
}

fn token(key: &SigningKey) -> String {
    key.sign(&json!({
        "exp": NOW_S + 3600, "aud": "WireSocket.API", "scope": "WireSocket.API", "tenantid": "t", "appId": "a",
        "limits": {"maxConnections": 1, "maxDocuments": 2, "maxUsersPerDoc": 3, "opsPerMinute": 4}
    }))
}

async fn verdict(set: &Verifier, token: &str) -> Result<(), TokenRefusal> {
    set.verify(token, NOW_S * 1000).await.map(drop)
}

#[tokio::test]
async fn a_key_set_is_what_the_url_answers() {
    let keys = SigningKey::generate().unwrap().public_jwks();
    let (address, _) = server(vec![answer("200 OK", &keys.to_string())]).await;
    assert_eq!(at(address).fetch().await, Ok(keys));
}

#[tokio::test]
async fn whatever_is_no_key_set_says_what_is_wrong_with_it() {
    let cases = [
        (answer("404 Not Found", "{}"), "404"),
        (answer("302 Found", "{}"), "302"),
        (answer("200 OK", "<html>"), "no JSON Web Key Set"),
        (answer("200 OK", &" ".repeat(1024 * 1024 + 1)), "length limit exceeded"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{".to_owned(), "cannot read"),
    ];
    for (answer, expected) in cases {
        let cause = cause(vec![answer]).await;
        assert!(cause.contains(expected) && cause.contains("/jwks"), "{cause}");
    }
    let largest = format!("{{}}{}", " ".repeat(1024 * 1024 - 2));
    let (address, _) = server(vec![answer("200 OK", &largest)]).await;
    assert_eq!(at(address).fetch().await, Ok(json!({})));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_waited_for_no_longer_than_its_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let began = tokio::time::Instant::now();
    let fetched = at(address).fetch().await;
    assert!(matches!(fetched, Err(JwksError::Unreadable { .. })));
    assert!(began.elapsed() <= Duration::from_secs(5));
}

#[tokio::test]
async fn keys_that_could_not_be_had_at_the_start_are_had_soon_after() {
    let key = SigningKey::generate().unwrap();
    let working = answer("200 OK", &key.public_jwks().to_string());
    let (address, asked) = server(vec![answer("503 Service Unavailable", ""), working]).await;
    let clock = Arc::new(TurnedClock::default());
    let set = Verifier::new(at(address), clock.clone(), Vec::new());
    assert!(set.load().await.is_err());
    let token = token(&key);
    assert_eq!(verdict(&set, &token).await, Err(TokenRefusal::Unverifiable), "not known to be bad");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "not asked again at once");
    clock.advance(Duration::from_secs(5));
    assert_eq!(verdict(&set, &token).await, Ok(()));
}

#[tokio::test]
async fn a_url_that_fails_leaves_the_keys_as_they_were() {
    let (key, stranger) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let working = answer("200 OK", &key.public_jwks().to_string());
    let broken = answer("200 OK", &Value::Null.to_string());
    let (address, asked) = server(vec![working, broken]).await;
    let clock = Arc::new(TurnedClock::default());
    let set = Verifier::new(at(address), clock.clone(), Vec::new());
    assert_eq!(set.load().await, Ok(1));
    clock.advance(Duration::from_secs(60));
    let refused = verdict(&set, &token(&stranger)).await;
    assert_eq!(refused, Err(TokenRefusal::Unverifiable), "the next key may have signed it");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(verdict(&set, &token(&key)).await, Ok(()));
}
