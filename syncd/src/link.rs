//! One socket as everybody who sends on it sees it.
//!
//! A document hands whole WebSocket frames to [`Link::send`]. As long as the socket takes them they are written
//! there and then, by whoever sends: no task is woken and nothing is copied. What the socket does not take
//! waits in a queue with a bound in bytes, which the connection's own task empties.

use crate::caps::{
    BACKLOG_BYTES_MAX, QUEUED_CONTROLS_MAX, SILENT_BEFORE_DROP_S, SILENT_BEFORE_PING_S, WRITE_PIECES_MAX,
};
use crate::frames::PING;
use bytes::{Buf, Bytes};
use domain::close::CloseReason;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::net::TcpStream;

/// The sending half of a connection, and its way of being told to close.
#[derive(Debug)]
pub struct Link {
    tcp: TcpStream,
    out: Mutex<Out>,
    /// Seconds of the node's monotonic clock when something was last received.
    heard_at: AtomicU32,
}

#[derive(Debug, Default)]
struct Out {
    queue: VecDeque<Bytes>,
    bytes: usize,
    state: State,
    /// Frames of the WebSocket library in the queue since it was last empty.
    controls: usize,
    /// The backlog was over its bound when there was more to send.
    overrun: bool,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Open,
    /// Somebody wants it closed; the connection's task has not seen that yet.
    CloseAsked(CloseReason),
    /// The close frame is queued; nothing may follow it.
    Closing,
    /// Nothing can be sent any more.
    Dead,
}

/// What the connection's task must do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Demand {
    /// Go on.
    None,
    /// Send this close frame after what is queued.
    Close(CloseReason),
    /// Give up: the socket is broken or was declared dead.
    Die,
}

impl Link {
    /// A link on a socket, heard of at `now_s`.
    #[must_use]
    pub fn new(tcp: TcpStream, now_s: u32) -> Self {
        Self { tcp, out: Mutex::new(Out::default()), heard_at: AtomicU32::new(now_s) }
    }

    /// Sends whole frames, in order. A reader that is too far behind is closed with 1013 instead.
    pub fn send(&self, frames: &[Bytes]) {
        let mut out = self.out.lock();
        if !matches!(out.state, State::Open) {
            return;
        }
        if out.bytes > BACKLOG_BYTES_MAX {
            out.overrun = true;
            out.ask_close(CloseReason::TryAgainLater);
            return;
        }
        if !out.queue.is_empty() {
            return out.push(frames);
        }
        match frames {
            // What goes to everyone is one piece, and mostly goes out whole: it need not pass the queue.
            [frame] => self.write_frame(&mut out, frame),
            frames => {
                out.push(frames);
                self.write_queue(&mut out);
            }
        }
        if !out.queue.is_empty() {
            out.wake();
        }
    }

    /// Asks for a close frame after all that was sent before. The first reason counts.
    pub fn close(&self, reason: CloseReason) {
        self.out.lock().ask_close(reason);
    }

    /// Whether the reader was too far behind. Of such a session nothing more need be answered; what one sent that
    /// has merely hung up is still worth storing.
    #[must_use]
    pub fn is_overrun(&self) -> bool {
        self.out.lock().overrun
    }

    /// Ends the connection without a word.
    pub fn kill(&self) {
        self.out.lock().die();
    }

    /// Notes that something was received at `now_s`.
    pub fn heard(&self, now_s: u32) {
        self.heard_at.store(now_s, Ordering::Relaxed);
    }

    /// Seconds since something was received.
    #[must_use]
    pub fn silent_for(&self, now_s: u32) -> u32 {
        now_s.saturating_sub(self.heard_at.load(Ordering::Relaxed))
    }

    /// Pings a client that has said nothing for a while, and ends one that has not answered for longer.
    pub(crate) fn look_after_silent(&self, now_s: u32) {
        match self.silent_for(now_s) {
            silent if silent >= SILENT_BEFORE_DROP_S => self.kill(),
            silent if silent >= SILENT_BEFORE_PING_S => self.send(&[PING]),
            _ => {}
        }
    }

    /// Bytes that wait for the socket.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.out.lock().bytes
    }

    /// The socket, for reading.
    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Queues bytes of the WebSocket library (a pong, a close frame) behind all that was sent.
    pub(crate) fn send_control(&self, frame: &[u8]) {
        let mut out = self.out.lock();
        match out.state {
            State::Dead => {}
            _ if out.controls >= QUEUED_CONTROLS_MAX => out.die(),
            _ => {
                out.controls += 1;
                let was_idle = out.queue.is_empty();
                out.push(&[Bytes::copy_from_slice(frame)]);
                if was_idle {
                    self.write_queue(&mut out);
                }
            }
        }
    }

    /// Notes that the close frame is queued.
    pub(crate) fn closing(&self) {
        let mut out = self.out.lock();
        if !matches!(out.state, State::Dead) {
            out.state = State::Closing;
        }
    }

    /// Writes what waits, as far as the socket takes it, and says what the task must do. Its waker is kept for
    /// both.
    pub(crate) fn poll_demand(&self, cx: &mut Context<'_>) -> Demand {
        let mut out = self.out.lock();
        out.remember(cx.waker());
        while !out.queue.is_empty() {
            match self.tcp.poll_write_ready(cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) => self.write_queue(&mut out),
                Poll::Ready(Err(_)) => out.die(),
            }
        }
        match &out.state {
            State::CloseAsked(reason) => Demand::Close(reason.clone()),
            State::Dead => Demand::Die,
            State::Open | State::Closing => Demand::None,
        }
    }

    /// Whether all that was sent has left this process.
    pub(crate) fn is_drained(&self) -> bool {
        self.out.lock().queue.is_empty()
    }

    fn write_frame(&self, out: &mut Out, frame: &Bytes) {
        match self.tcp.try_write(frame) {
            Ok(written) if written == frame.len() => {}
            Ok(written) => out.push(&[frame.slice(written..)]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => out.push(std::slice::from_ref(frame)),
            Err(_) => out.die(),
        }
    }

    fn write_queue(&self, out: &mut Out) {
        while !out.queue.is_empty() {
            match self.write_pieces(&out.queue) {
                Ok(written) => out.pop(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return out.die(),
            }
        }
    }

    fn write_pieces(&self, queue: &VecDeque<Bytes>) -> io::Result<usize> {
        let mut pieces = [IoSlice::new(&[]); WRITE_PIECES_MAX];
        let count = queue.len().min(WRITE_PIECES_MAX);
        for (slot, piece) in pieces.iter_mut().zip(queue) {
            *slot = IoSlice::new(piece);
        }
        self.tcp.try_write_vectored(&pieces[..count])
    }
}

impl Out {
    fn push(&mut self, frames: &[Bytes]) {
        for frame in frames.iter().filter(|frame| !frame.is_empty()) {
            self.bytes += frame.len();
            self.queue.push_back(frame.clone());
        }
    }

    fn pop(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(front) = self.queue.front_mut() {
            if front.len() > written {
                front.advance(written);
                return;
            }
            written -= front.len();
            self.queue.pop_front();
        }
        // An idle connection keeps no queue.
        self.queue = VecDeque::new();
        self.controls = 0;
    }

    fn ask_close(&mut self, reason: CloseReason) {
        if matches!(self.state, State::Open) {
            self.state = State::CloseAsked(reason);
            self.wake();
        }
    }

    fn die(&mut self) {
        self.state = State::Dead;
        self.queue = VecDeque::new();
        self.bytes = 0;
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn remember(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }
}
