//! The courier of webhooks, at receivers that take what it brings, and at such as want to do harm.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use domain::alerts::{Hosts, WebhookUrl};
use domain::ports::{Courier, Undelivered};
use servers::receiver::{Manner, Receiver};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;
use stores::webhooks::HttpsCourier;

const SECRET: &[u8] = b"a secret of receivers";
const NOW: u64 = 1_700_000_000;
/// Long enough for what is to happen, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a courier waits here for what never comes.
const DEADLINE: Duration = Duration::from_millis(200);

fn says(head: &str) -> Manner {
    Manner::Says(format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n"))
}

fn courier(hosts: Hosts, receiver: &Receiver) -> HttpsCourier {
    HttpsCourier::new(hosts, Some(&receiver.ca_pem())).unwrap().with_deadline(PATIENCE)
}

fn url(host: &str, receiver: &Receiver) -> WebhookUrl {
    WebhookUrl::parse(&format!("https://{host}:{}/hook?a=b", receiver.address().port())).unwrap()
}

async fn deliver(courier: &HttpsCourier, url: &WebhookUrl) -> Result<(), Undelivered> {
    courier.deliver(url, SECRET, "evt_1", "{\"\u{fc}\":1}", NOW).await
}

/// What came of a delivery to a receiver of this manner.
async fn delivered_to(manner: Manner) -> Result<(), Undelivered> {
    let receiver = Receiver::start(manner).await;
    deliver(&courier(Hosts::Any, &receiver), &url("127.0.0.1", &receiver)).await
}

fn failure(delivered: Result<(), Undelivered>) -> String {
    let Undelivered(failure) = delivered.unwrap_err();
    assert!(!failure.contains("hook") && !failure.contains("secret"), "{failure}");
    failure
}

#[tokio::test]
async fn one_signed_request_is_posted() {
    let receiver = Receiver::start(says("204 No Content")).await;
    let url = url("localhost", &receiver);
    assert_eq!(deliver(&courier(Hosts::Any, &receiver), &url).await, Ok(()));
    let heard = receiver.heard();
    let (head, body) = heard[0].split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some("POST /hook?a=b HTTP/1.1"));
    let mut headers: Vec<_> = lines.collect();
    headers.sort_unstable();
    let host = format!("host: localhost:{}", receiver.address().port());
    let expected = [
        "content-length: 8",
        "content-type: application/json",
        &host,
        "user-agent: wiresocket",
        "webhook-id: evt_1",
        "webhook-signature: v1,7jn2DCxWi7ehcvghZbdPfT4FEW9HoBM7LYbRvkafatE=",
        "webhook-timestamp: 1700000000",
    ];
    assert_eq!(headers, expected);
    assert_eq!((body, heard.len()), ("{\"\u{fc}\":1}", 1));
}

#[tokio::test]
async fn only_an_answer_of_success_is_a_delivery() {
    for good in ["200 OK", "202 Accepted", "299 Whatever"] {
        assert_eq!(delivered_to(says(good)).await, Ok(()), "{good}");
    }
    for bad in ["404 Not Found", "410 Gone", "429 Too Many Requests", "500 Internal Server Error"] {
        assert_eq!(failure(delivered_to(says(bad)).await), format!("the answer is {bad}"));
    }
    let early = failure(delivered_to(Manner::HangsUp).await);
    assert!(early.starts_with("no answer: "), "{early}");
    let other = failure(delivered_to(Manner::Says("SSH-2.0-x\r\n\r\n".to_owned())).await);
    assert!(other.starts_with("no answer: invalid HTTP"), "{other}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let location = target.local_addr().unwrap();
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let redirect = says(&format!("{status}\r\nlocation: http://{location}/"));
        let failure = failure(delivered_to(redirect).await);
        assert_eq!(failure, format!("the answer is {status}, and redirects are not followed"));
    }
    assert_eq!(target.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nobody came");
}

#[tokio::test]
async fn a_receiver_that_hangs_is_given_up_at_the_deadline() {
    for manner in [Manner::IsDeaf, Manner::IsDumb, Manner::SaysOn("HTTP/1.1 200 OK\r\nx: ".to_owned())] {
        let receiver = Receiver::start(manner.clone()).await;
        let courier = courier(Hosts::Any, &receiver).with_deadline(DEADLINE);
        let failure = failure(deliver(&courier, &url("127.0.0.1", &receiver)).await);
        assert!(failure.starts_with("no answer"), "{manner:?}: {failure}");
    }
}

#[tokio::test]
async fn a_body_without_end_changes_nothing_and_holds_nobody() {
    let endless = "\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n";
    let huge = format!("\r\ncontent-length: 99999999\r\n\r\n{}", "x".repeat(1 << 20));
    for rest in [endless, &huge] {
        let delivered = |status: &'static str| async move {
            let receiver = Receiver::start(Manner::Says(format!("HTTP/1.1 {status}{rest}"))).await;
            let courier = courier(Hosts::Any, &receiver).with_deadline(PATIENCE);
            deliver(&courier, &url("127.0.0.1", &receiver)).await
        };
        assert_eq!(delivered("200 OK").await, Ok(()));
        assert_eq!(failure(delivered("400 Bad Request").await), "the answer is 400 Bad Request");
    }
}

#[tokio::test]
async fn no_more_than_a_little_of_an_answer_is_read() {
    let huge = format!("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{}", "x".repeat(64 * 1024));
    assert_eq!(delivered_to(Manner::SaysOn(huge)).await, Ok(()));
    let long_head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    let failure = failure(delivered_to(Manner::Says(long_head)).await);
    assert!(failure.contains("head"), "{failure}");
}

#[tokio::test]
async fn a_certificate_must_be_the_hosts_and_signed_by_who_is_believed() {
    let receiver = Receiver::start(says("200 OK")).await;
    let stranger = Receiver::start(says("200 OK")).await;
    let believes = |whom: &Receiver| courier(Hosts::Any, whom);
    let unknown = failure(deliver(&believes(&stranger), &url("127.0.0.1", &receiver)).await);
    assert!(unknown.starts_with("no TLS with 127.0.0.1: invalid peer certificate"), "{unknown}");
    let machine = HttpsCourier::new(Hosts::Any, None).unwrap();
    let unknown = failure(deliver(&machine, &url("127.0.0.1", &receiver)).await);
    assert!(unknown.starts_with("no TLS with 127.0.0.1: invalid peer certificate"), "{unknown}");
    let elsewhere = Receiver::start_at("127.0.0.2:0", says("200 OK")).await;
    let misnamed = failure(deliver(&believes(&elsewhere), &url("127.0.0.2", &elsewhere)).await);
    assert!(misnamed.contains("certificate") && misnamed.contains("127.0.0.2"), "{misnamed}");
    assert!([receiver, stranger, elsewhere].iter().all(|receiver| receiver.heard().is_empty()));
}

/// Names, addresses, and spellings that resolvers take for addresses.
#[tokio::test]
async fn what_resolves_to_this_machine_is_refused_before_anybody_connects() {
    let receiver = Receiver::start(Manner::IsDeaf).await;
    for host in ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0x7f.1", "2130706433"] {
        let failure = failure(deliver(&courier(Hosts::Public, &receiver), &url(host, &receiver)).await);
        assert!(failure.ends_with("which is not public"), "{host}: {failure}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let at =
        WebhookUrl::parse(&format!("https://localhost:{}", listener.local_addr().unwrap().port())).unwrap();
    failure(deliver(&courier(Hosts::Public, &receiver), &at).await);
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nobody came");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_named() {
    let receiver = Receiver::start(Manner::IsDeaf).await;
    let courier = courier(Hosts::Any, &receiver);
    // A name that no resolver may know (RFC 6761 section 6.4).
    let nowhere = "nowhere.invalid";
    let unresolved = WebhookUrl::parse(&format!("https://{nowhere}/hook")).unwrap();
    let unresolved = failure(deliver(&courier, &unresolved).await);
    assert!(unresolved.starts_with(&format!("cannot resolve {nowhere}: ")), "{unresolved}");
    let closed = url("127.0.0.1", &receiver);
    drop(receiver);
    let closed = failure(deliver(&courier, &closed).await);
    assert!(closed.starts_with("cannot connect to 127.0.0.1 at 127.0.0.1:"), "{closed}");
}

#[tokio::test]
async fn nothing_slips_into_the_head_of_a_request() {
    let receiver = Receiver::start(says("200 OK")).await;
    let (courier, url) = (courier(Hosts::Any, &receiver), url("127.0.0.1", &receiver));
    for message in ["evt_1\r\nx: y", "evt_1\n", "evt\0"] {
        let delivered = courier.deliver(&url, SECRET, message, "{}\r\n\r\n", NOW).await;
        assert!(failure(delivered).starts_with("it can't be put into HTTP"), "{message:?}");
    }
    assert_eq!(receiver.heard(), [""; 0]);
}
