//! Edges and owners over real sockets of the loopback.

use super::*;
use crate::link::Link;
use crate::socket::{Received, Socket};
use bytes::Bytes;
use domain::close::CloseReason;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, HomeRegion, NodeId, NodeName, TenantId};
use domain::limits::PlanLimits;
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stores::system::SeededEntropy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(super) fn secret(of: char) -> ClusterSecret {
    ClusterSecret::parse(&of.to_string().repeat(32)).unwrap()
}

pub(super) fn pass() -> Pass {
    Pass {
        to: NodeId { name: NodeName::parse("owner").unwrap(), epoch: 1_772_030_400_000 },
        home: HomeRegion::parse("aws-us-east-1").unwrap(),
        document: DocumentKey { app: app(), name: DocumentName::parse("grüße/ü").unwrap() },
        limits: PlanLimits {
            connections_max: 1,
            documents_max: 2,
            users_per_document_max: 3,
            ops_per_minute_max: 4,
        },
        from: NodeName::parse("edge").unwrap(),
    }
}

pub(super) fn plea() -> GiveUp {
    let Pass { to, home, from, .. } = pass();
    GiveUp { to, home, app: app(), from }
}

fn app() -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() }
}

/// How an owner behaves.
#[derive(Clone, Copy)]
enum Manner {
    /// Sends every message back, and closes with 4006 when it is asked to.
    Echoes,
    Refuses(RelayRefusal),
    /// Does not say that it lets a session in until told.
    IsSlow,
    /// Takes a session and never reads from it until told.
    ReadsLate,
}

struct Owner {
    manner: Manner,
    passes: Mutex<Vec<Pass>>,
    pleas: Mutex<Vec<GiveUp>>,
    places: Arc<AtomicUsize>,
    place_left: Arc<Notify>,
    /// Ends its slowness.
    read: Notify,
    /// Bytes of the messages that came.
    received: AtomicUsize,
}

struct Place(Arc<AtomicUsize>, Arc<Notify>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
        self.1.notify_one();
    }
}

impl Reception for Owner {
    type Place = Place;

    async fn admit(&self, pass: &Pass) -> Result<Place, RelayRefusal> {
        self.passes.lock().push(pass.clone());
        self.places.fetch_add(1, Ordering::SeqCst);
        let place = Place(Arc::clone(&self.places), Arc::clone(&self.place_left));
        match self.manner {
            Manner::Refuses(refusal) => Err(refusal),
            Manner::IsSlow => {
                self.read.notified().await;
                Ok(place)
            }
            Manner::Echoes | Manner::ReadsLate => Ok(place),
        }
    }

    async fn serve(&self, _place: Place, _pass: Pass, tcp: TcpStream, early: Bytes) {
        let mut socket = Socket::new(Arc::new(Link::new(tcp, 0)), &early, MESSAGE_BYTES_MAX);
        if matches!(self.manner, Manner::ReadsLate) {
            self.read.notified().await;
        }
        let end = loop {
            match socket.receive(|| 0).await {
                Received::End(reason) => break reason,
                Received::Messages(messages) => {
                    self.received.fetch_add(messages.iter().map(Bytes::len).sum(), Ordering::SeqCst);
                    answer(socket.link(), &messages);
                }
            }
        };
        if let Some(reason) = end {
            socket.close(&reason, Duration::from_secs(5)).await;
        }
    }

    async fn give_up(&self, plea: &GiveUp) -> Result<bool, RelayRefusal> {
        self.pleas.lock().push(plea.clone());
        match self.manner {
            Manner::Refuses(refusal) => Err(refusal),
            _ => Ok(self.pleas.lock().len() == 1),
        }
    }
}

/// Sends messages back; `close` and `ping` are asked for by name.
fn answer(link: &Link, messages: &[Bytes]) {
    for message in messages {
        match &message[..] {
            b"close" => link.close(CloseReason::OpsExceeded { limit: 600 }),
            b"ping" => link.send(&[crate::frames::PING]),
            _ => link.send(&crate::frames::pieces(message)),
        }
    }
}

async fn owner(manner: Manner) -> (Arc<Owner>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let owner = Arc::new(Owner {
        manner,
        passes: Mutex::default(),
        pleas: Mutex::default(),
        places: Arc::default(),
        place_left: Arc::default(),
        read: Notify::new(),
        received: AtomicUsize::new(0),
    });
    tokio::spawn(listen(listener, secret('s'), Arc::clone(&owner)));
    (owner, address)
}

fn dialer(of: char) -> Dialer {
    Dialer::new(secret(of), Arc::new(SeededEntropy::new(7)))
}

async fn session(address: &str) -> RelaySocket {
    dialer('s').open_session(address, &pass()).await.unwrap()
}

async fn refusal(address: &str, of: char) -> Option<RelayRefusal> {
    match dialer(of).open_session(address, &pass()).await {
        Err(DialError::Answered(refusal)) => Some(refusal),
        _ => None,
    }
}

/// Reads until `bytes` bytes of messages have come.
async fn receive(socket: &mut RelaySocket, bytes: usize) -> Vec<Bytes> {
    let mut all: Vec<Bytes> = Vec::new();
    while all.iter().map(Bytes::len).sum::<usize>() < bytes {
        match socket.next().await {
            FromOwner::Messages(messages) => all.extend(messages),
            FromOwner::Pinged => {}
            FromOwner::Ended(ended) => panic!("{ended:?} after {} messages", all.len()),
        }
    }
    all
}

#[tokio::test]
async fn messages_pass_in_order_and_whole_whatever_their_size() {
    let (owner, address) = owner(Manner::Echoes).await;
    let mut socket = session(&address).await;
    let sizes = [0, 1, 125, 126, 4096, 4097, 65_535, 65_536, 1_000_000, 3];
    let messages: Vec<Bytes> =
        sizes.iter().enumerate().map(|(i, size)| Bytes::from(vec![i as u8; *size])).collect();
    socket.send(&messages);
    assert_eq!(receive(&mut socket, sizes.iter().sum()).await, messages);
    assert_eq!(*owner.passes.lock(), [pass()]);
}

#[tokio::test]
async fn an_owners_close_code_and_reason_come_behind_all_that_it_sent() {
    let (_owner, address) = owner(Manner::Echoes).await;
    let mut socket = session(&address).await;
    socket.send(&[Bytes::from_static(b"last"), Bytes::from_static(b"close")]);
    assert_eq!(receive(&mut socket, 4).await, ["last"]);
    let closed = Ended::Closed(CloseReason::OpsExceeded { limit: 600 });
    assert_eq!(socket.next().await, FromOwner::Ended(closed));
}

#[tokio::test]
async fn a_ping_is_answered_and_told() {
    let (_owner, address) = owner(Manner::Echoes).await;
    let mut socket = session(&address).await;
    socket.send(&[Bytes::from_static(b"ping")]);
    assert_eq!(socket.next().await, FromOwner::Pinged);
    socket.send(&[Bytes::from_static(b"after")]);
    assert_eq!(receive(&mut socket, 5).await, ["after"]);
}

#[tokio::test]
async fn a_wait_for_messages_that_is_dropped_loses_none() {
    let (_owner, address) = owner(Manner::Echoes).await;
    let mut socket = session(&address).await;
    let messages: Vec<Bytes> = (0..2000u32).map(|i| Bytes::from(i.to_be_bytes().to_vec())).collect();
    let mut received = Vec::new();
    for batch in messages.chunks(50) {
        socket.send(batch);
        for _ in 0..5 {
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => {}
                from = socket.next() => match from {
                    FromOwner::Messages(messages) => received.extend(messages),
                    other => panic!("{other:?}"),
                },
            }
        }
    }
    let left = messages.len() * 4 - received.iter().map(Bytes::len).sum::<usize>();
    received.extend(receive(&mut socket, left).await);
    assert_eq!(received, messages);
}

#[tokio::test]
async fn an_owner_that_does_not_keep_up_is_told_by_the_room_that_is_left() {
    let (owner, address) = owner(Manner::ReadsLate).await;
    let mut socket = session(&address).await;
    let message = Bytes::from(vec![1; 64 * 1024]);
    let mut sent = 0;
    while socket.has_room() {
        socket.send(std::slice::from_ref(&message));
        sent += message.len();
    }
    owner.read.notify_one();
    receive(&mut socket, sent).await;
    assert!(socket.has_room());
}

#[tokio::test]
async fn what_was_sent_just_before_hanging_up_arrives() {
    let (owner, address) = owner(Manner::ReadsLate).await;
    let mut socket = session(&address).await;
    socket.send(&vec![Bytes::from(vec![1; 1024]); 1024]);
    let hanging_up = tokio::spawn(socket.hang_up(Duration::from_secs(5)));
    owner.read.notify_one();
    owner.place_left.notified().await;
    hanging_up.await.unwrap();
    assert_eq!(owner.received.load(Ordering::SeqCst), 1024 * 1024);
    assert_eq!(owner.places.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn every_refusal_arrives_as_it_was_meant() {
    use RelayRefusal::*;
    let all = [Malformed, BadSeal, NotHere, UsersFull, OtherLife, Quarantined, Unavailable, Draining];
    for meant in all {
        let (owner, address) = owner(Manner::Refuses(meant)).await;
        assert_eq!(refusal(&address, 's').await, Some(meant));
        assert_eq!(owner.places.load(Ordering::SeqCst), 0);
        let answer = dialer('s').ask_to_give_up(&address, &plea()).await;
        assert!(matches!(answer, Err(DialError::Answered(refusal)) if refusal == meant));
    }
}

#[tokio::test]
async fn an_edge_with_another_secret_gets_nowhere() {
    let (owner, address) = owner(Manner::Echoes).await;
    assert_eq!(refusal(&address, 'x').await, Some(RelayRefusal::BadSeal));
    let answer = dialer('x').ask_to_give_up(&address, &plea()).await;
    assert!(matches!(answer, Err(DialError::Answered(RelayRefusal::BadSeal))));
    assert!(owner.passes.lock().is_empty() && owner.pleas.lock().is_empty());
}

#[tokio::test]
async fn a_node_says_whether_it_gave_a_document_up() {
    let (owner, address) = owner(Manner::Echoes).await;
    assert!(dialer('s').ask_to_give_up(&address, &plea()).await.unwrap());
    assert!(!dialer('s').ask_to_give_up(&address, &plea()).await.unwrap());
    assert_eq!(*owner.pleas.lock(), [plea(), plea()]);
}

#[tokio::test]
async fn an_owner_that_nobody_listens_for_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    assert!(matches!(dialer('s').open_session(&address, &pass()).await, Err(DialError::Refused)));
    for nonsense in ["", "no port", "127.0.0.1:99999", "127.0.0.1:0\r\nx: y"] {
        let dialled = dialer('s').open_session(nonsense, &pass()).await;
        assert!(matches!(dialled, Err(DialError::Broken(_))), "{nonsense:?}");
    }
}

#[tokio::test]
async fn an_owner_that_says_nothing_is_silent_after_two_seconds() {
    let (owner, address) = owner(Manner::IsSlow).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stopped = listener.local_addr().unwrap().to_string();
    let (a, b) = tokio::join!(async { dialer('s').open_session(&address, &pass()).await.err() }, async {
        dialer('s').open_session(&stopped, &pass()).await.err()
    },);
    assert!(matches!(a, Some(DialError::Silent)), "{a:?}");
    assert!(matches!(b, Some(DialError::Silent)), "{b:?}");
    assert_eq!(owner.places.load(Ordering::SeqCst), 1, "an admission runs to its end");
    owner.read.notify_one();
    owner.place_left.notified().await;
    assert_eq!(owner.places.load(Ordering::SeqCst), 0, "the edge that gave up has left no place taken");
}

#[tokio::test]
async fn an_owner_that_speaks_something_else_is_broken() {
    let answers = [
        "",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    ];
    for answer in answers {
        let address = speaking(answer.as_bytes().to_vec()).await;
        let dialled = dialer('s').open_session(&address.to_string(), &pass()).await;
        assert!(matches!(dialled, Err(DialError::Broken(_))), "{answer}");
    }
}

#[tokio::test]
async fn garbage_on_the_relay_port_is_turned_away_and_leaves_it_working() {
    let (owner, address) = owner(Manner::Echoes).await;
    let upgrade = "GET /session HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    let cases = [
        ("\u{0}\u{1}\u{2}\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "400"),
        ("GET /session HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "400"),
        ("POST /give-up HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".to_owned(), "400"),
        (format!("{upgrade}\r\n"), "400"),
        (format!("{upgrade}x-wiresocket-pass: nonsense\r\n\r\n"), "400"),
        (format!("{upgrade}x-wiresocket-pass: e30.e30\r\n\r\n"), "403"),
        (format!("{upgrade}x-wiresocket-pass: {}\r\n\r\n", "a".repeat(64 * 1024)), "431"),
    ];
    for (request, status) in cases {
        let answer = said_to(&address, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {answer}");
    }
    assert!(owner.passes.lock().is_empty());
    let mut socket = session(&address).await;
    socket.send(&[Bytes::from_static(b"still")]);
    assert_eq!(receive(&mut socket, 5).await, ["still"]);
}

#[tokio::test]
async fn a_session_whose_owner_breaks_off_is_broken() {
    let (_owner, address) = owner(Manner::Echoes).await;
    let mut socket = session(&address).await;
    // A client may not send unmasked frames; the owner closes with 1002.
    socket.send_raw(&[0x82, 0x01, b'x']);
    assert_eq!(socket.next().await, FromOwner::Ended(Ended::Closed(CloseReason::ProtocolError)));
    let mut early = session(&address).await;
    early.send_raw(&[0x88, 0x80, 0, 0, 0, 0]);
    assert_eq!(early.next().await, FromOwner::Ended(Ended::Broken));
}

/// The address of a server that reads one piece, says `answer` and hangs up.
async fn speaking(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let _ = tcp.read(&mut [0; 4096]).await;
        let _ = tcp.write_all(&answer).await;
    });
    address
}

/// What the server at `address` answers before it hangs up.
async fn said_to(address: &str, request: &[u8]) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    let _ = tcp.write_all(request).await;
    let _ = tcp.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
