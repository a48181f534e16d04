//! A server for tests: relays updates among all its sessions, with one fault of choice.

use crate::options::Options;
use crate::server::{Plan, Server};
use crate::wire::frames::Opcode;
use crate::wire::lib0::put_bytes;
use crate::wire::protocol::{Message, STEP_2_OF_NOTHING, awareness_entries};
use clap::Parser;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};

/// What is wrong with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It sends two updates in one message.
    Merges,
    /// It never sends the fifth update to anybody.
    Drops,
    /// It answers every handshake with this status.
    Status(u16),
    /// It accepts every handshake and closes with this code.
    Closes(u16),
}

/// Sessions' outboxes, and the updates so far.
#[derive(Default)]
struct Room {
    outboxes: Vec<mpsc::UnboundedSender<Vec<u8>>>,
    updates: Vec<Vec<u8>>,
}

/// Runs `test` against a server with a fault.
pub(crate) fn with_fake<T>(fault: Fault, test: impl AsyncFnOnce(Server) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/{{doc}}", listener.local_addr().unwrap());
        spawn_local(accept(listener, fault));
        let pid = std::process::id().to_string();
        let options = Options::parse_from(["bench", "fanout", "--pid", &pid, "--url", &url]);
        test(Server::start(&options.server, Plan::Ample, "test").unwrap()).await
    })
}

async fn accept(listener: TcpListener, fault: Fault) {
    let room = Rc::new(RefCell::new(Room::default()));
    while let Ok((stream, _)) = listener.accept().await {
        spawn_local(serve(stream, fault, Rc::clone(&room)));
    }
}

async fn serve(mut stream: TcpStream, fault: Fault, room: Rc<RefCell<Room>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let status = if let Fault::Status(status) = fault { status } else { 101 };
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    let head = format!("HTTP/1.1 {status} x\r\n{accept}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (outbox, mut waiting) = mpsc::unbounded_channel();
    match fault {
        Fault::Status(_) => return,
        Fault::Closes(code) => outbox.send([&[0x88, 2], &code.to_be_bytes()[..]].concat()).unwrap(),
        _ => room.borrow_mut().outboxes.push(outbox.clone()),
    }
    let (mut incoming, mut outgoing) = stream.into_split();
    spawn_local(async move {
        while let Some(frame) = waiting.recv().await {
            let _ = outgoing.write_all(&frame).await;
        }
    });
    let mut bytes = Vec::new();
    while incoming.read_buf(&mut bytes).await.is_ok_and(|n| n > 0) {
        while let Some((opcode, message)) = take_masked(&mut bytes) {
            match opcode {
                Opcode::Close => outbox.send(vec![0x88, 0]).unwrap(),
                _ => room.borrow_mut().take(&message, &outbox, fault),
            }
        }
    }
}

impl Room {
    fn take(&mut self, message: &[u8], from: &mpsc::UnboundedSender<Vec<u8>>, fault: Fault) {
        match Message::read(message) {
            Some(Message::Step1) => from.send(frame(STEP_2_OF_NOTHING)).unwrap(),
            Some(Message::Update(update)) => {
                self.updates.push(update.to_vec());
                match (fault, self.updates.len()) {
                    (Fault::Drops, 5) => {}
                    (Fault::Merges, n) if n % 2 == 1 => {}
                    (Fault::Merges, n) => self.relay(&merged(&self.updates[n - 2], &self.updates[n - 1])),
                    _ => self.relay(message),
                }
            }
            Some(Message::Awareness(states)) => {
                assert!(awareness_entries(states, |_, _| {}).is_some());
                self.relay(message);
            }
            _ => {}
        }
    }

    fn relay(&self, message: &[u8]) {
        for outbox in &self.outboxes {
            let _ = outbox.send(frame(message));
        }
    }
}

/// Two updates of one struct each, neighbours in time, as one update of two structs. Their heads are two
/// counts of one byte, a client of five, and a clock of one or two; the second's is cut off.
fn merged(first: &[u8], second: &[u8]) -> Vec<u8> {
    let clock_bytes = if second[7] < 0x80 { 1 } else { 2 };
    let update = [&[1, 2], &first[2..first.len() - 1], &second[7 + clock_bytes..]].concat();
    let mut message = vec![0, 2];
    put_bytes(&mut message, &update);
    message
}

/// A server's frame of a short message.
fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82];
    match message.len() {
        n @ 0..=125 => frame.push(n as u8),
        n => frame.extend_from_slice(&[126, (n >> 8) as u8, n as u8]),
    }
    [frame, message.to_vec()].concat()
}

/// Takes a client's frame off the front, unmasked.
fn take_masked(bytes: &mut Vec<u8>) -> Option<(Opcode, Vec<u8>)> {
    let opcode = if bytes.first()? & 0x0f == 8 { Opcode::Close } else { Opcode::Binary };
    let head = match bytes.get(1)? & 0x7f {
        126 => 4,
        _ => 2,
    };
    let length = match head {
        4 => usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        _ => usize::from(bytes[1] & 0x7f),
    };
    let mask: [u8; 4] = bytes.get(head..head + 4)?.try_into().ok()?;
    let payload = bytes.get(head + 4..head + 4 + length)?;
    let message: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m).collect();
    bytes.drain(..head + 4 + length);
    Some((opcode, message))
}
