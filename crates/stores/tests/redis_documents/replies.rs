//! Replies that get lost after the request took effect.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A way to a server that loses replies, and with each the connection.
struct Lossy {
    url: RedisUrl,
    losses: Arc<AtomicU32>,
}

impl Lossy {
    async fn to(server: &RedisUrl) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}?prefix={}", listener.local_addr().unwrap(), server.prefix());
        let upstream = server.to_string().trim_start_matches("redis://").to_owned();
        let losses = Arc::new(AtomicU32::new(0));
        tokio::spawn(accept(listener, upstream, losses.clone()));
        Self { url: url.parse().unwrap(), losses }
    }

    /// The next reply is lost, on whatever connection it is to come.
    fn lose_one(&self) {
        self.losses.fetch_add(1, Ordering::Relaxed);
    }
}

async fn accept(listener: TcpListener, upstream: String, losses: Arc<AtomicU32>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(&upstream).await.unwrap();
        tokio::spawn(pass(client, server, losses.clone()));
    }
}

async fn pass(client: TcpStream, server: TcpStream, losses: Arc<AtomicU32>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let requests = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut reply = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from_server.read(&mut reply).await {
        let is_lost = losses.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if is_lost.is_ok() || to_client.write_all(&reply[..length]).await.is_err() {
            break;
        }
    }
    requests.abort();
}

#[tokio::test]
async fn an_append_whose_reply_is_lost_is_made_again_without_harm() {
    let server = redis_server();
    let lossy = Lossy::to(&server).await;
    let watched = Watched::with_content(lossy.url.clone(), Retention::Kept).await;
    lossy.lose_one();
    cause(watched.append(3, "4").await);
    assert_eq!(
        documents(&server, Retention::Kept).open(&watched.key, FIRST).await.unwrap().position,
        Position(4)
    );
    assert_eq!(answered(async || watched.append(3, "4").await).await, Ok(Position(5)));
    assert_eq!(watched.append(5, "5").await, Ok(Position(6)));
    assert_eq!(watched.content().await, ["1 2", "3", "4", "4", "5"].map(update));
}

#[tokio::test]
async fn a_compaction_and_a_release_whose_replies_are_lost_are_made_again() {
    let lossy = Lossy::to(&redis_server()).await;
    let watched = Watched::with_content(lossy.url.clone(), Retention::DroppedAtRelease).await;
    lossy.lose_one();
    cause(watched.compact(3, "1 2 3").await);
    assert_eq!(answered(async || watched.compact(3, "1 2 3").await).await, Ok(()));
    assert_eq!(watched.open(FIRST).await.unwrap().updates, ["1 2 3"].map(update));
    lossy.lose_one();
    cause(watched.expire().await);
    assert_eq!(answered(async || watched.expire().await).await, Ok(()));
    assert!(watched.content().await.is_empty());
}
