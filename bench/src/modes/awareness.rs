//! Everybody moves a cursor.

use crate::latency::Latencies;
use crate::modes::crowd::open_each;
use crate::modes::pace::Pace;
use crate::modes::{ModeError, Running, Task};
use crate::report::{Refusals, Run, each, micros_each, rounded};
use crate::server::Server;
use crate::wire::connection::{Connection, Failure};
use crate::wire::frames::binary;
use crate::wire::protocol::{Message, awareness_entries, awareness_message};
use clap::Args;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// Client id of the first session; the others follow. Real ids are as long.
const FIRST_CLIENT: u64 = 3_000_000_000;
/// Between the unmeasured moves and the measured ones, so that none of the former is under way.
const PAUSE: Duration = Duration::from_secs(1);
/// How long states may be outstanding after the last move.
const OUTSTANDING_MAX: Duration = Duration::from_secs(20);

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Awareness {
    /// Sessions of the one document
    #[arg(long, default_value_t = 200, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(2..))]
    pub(crate) sessions: usize,
    /// Moves a second of each session
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rate: u64,
    /// Seconds that are measured
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Seconds of the same beforehand that are not
    #[arg(long, default_value_t = 3)]
    pub(crate) warmup: u64,
}

impl Default for Awareness {
    fn default() -> Self {
        Self { sessions: 200, rate: 1, seconds: 10, warmup: 3 }
    }
}

impl Task for Awareness {
    fn name(&self) -> &'static str {
        "awareness"
    }

    fn parameters(&self) -> Value {
        json!({"sessions": self.sessions, "rate": self.rate, "seconds": self.seconds, "warmup": self.warmup})
    }

    fn run<'a>(&'a self, server: &'a Server) -> Running<'a> {
        Box::pin(self.measure(server))
    }
}

/// What all sessions count together. Clocks up to `warmup_clock` are not counted.
#[derive(Debug)]
struct Board {
    warmup_clock: u64,
    last_clock: u64,
    /// For each session, when it sent each clock, from clock 1 on.
    sent_at: RefCell<Vec<Vec<Instant>>>,
    states: Cell<u64>,
    own: Cell<u64>,
    superseded: Cell<u64>,
    finals: Cell<u64>,
    frames: Cell<u64>,
    latency: RefCell<Latencies>,
    refusals: RefCell<Refusals>,
}

impl Awareness {
    async fn measure(&self, server: &Server) -> Result<Run, ModeError> {
        let mut sessions = Vec::new();
        let opened = open_each(server, self.sessions, |_| server.document(0), |c| sessions.push(c)).await;
        let board = Rc::new(self.board(sessions.len()));
        let begin = Instant::now();
        let measured = begin + Duration::from_secs(self.warmup) + PAUSE;
        let mut running = JoinSet::new();
        for (n, connection) in sessions.into_iter().enumerate() {
            let (first, then) = (self.pace(begin, n), self.pace(measured, n));
            running.spawn_local(Cursor { n, connection, board: Rc::clone(&board) }.live(first, then));
        }
        sleep_until(measured - PAUSE / 10).await;
        let before = server.meter.read()?;
        sleep_until(measured + Duration::from_secs(self.seconds)).await;
        board.settle(running.len() as u64).await;
        let phase = before.until(&server.meter.read()?);

        let mut refusals = board.refusals.borrow().clone();
        refusals.add_all(opened.refusals);
        let moves = self.sessions as u64 * self.rate * self.seconds;
        let (states, superseded) = (board.states.get(), board.superseded.get());
        let missing = (moves * (self.sessions as u64 - 1)).saturating_sub(states + superseded);
        Ok(Run {
            complete: refusals.count() == 0 && missing == 0,
            counts: json!({
                "moves": moves, "states": states, "own_states": board.own.get(), "superseded": superseded,
                "missing": missing, "frames": board.frames.get(),
            }),
            derived: json!({
                "states_per_second": rounded(states as f64 / phase.wall_seconds),
                "states_per_frame": each((states + board.own.get()) as f64, board.frames.get()),
                "cpu_micros_per_state": micros_each(phase.server_cpu_seconds, states),
            }),
            phase,
            latency: board.latency.borrow().clone(),
            refusals,
        })
    }

    /// The sessions' moves are spread evenly over each second.
    fn pace(&self, begin: Instant, n: usize) -> Pace {
        let offset = n as f64 / (self.sessions as f64 * self.rate as f64);
        Pace::new(begin + Duration::from_secs_f64(offset), self.rate as f64)
    }

    fn board(&self, sessions: usize) -> Board {
        Board {
            warmup_clock: self.warmup * self.rate,
            last_clock: (self.warmup + self.seconds) * self.rate,
            sent_at: RefCell::new(vec![Vec::new(); sessions]),
            states: Cell::default(),
            own: Cell::default(),
            superseded: Cell::default(),
            finals: Cell::default(),
            frames: Cell::default(),
            latency: RefCell::default(),
            refusals: RefCell::default(),
        }
    }
}

/// One session with a cursor.
struct Cursor {
    n: usize,
    connection: Connection,
    board: Rc<Board>,
}

impl Cursor {
    /// Moves on two beats, one after the other, and reads what the others do, until the session ends.
    async fn live(mut self, first: Pace, then: Pace) {
        let mut seen = vec![0; self.board.sent_at.borrow().len()];
        let mut clock = 0;
        let due = |clock: u64| match clock.checked_sub(self.board.warmup_clock) {
            None => first.due(clock),
            Some(n) => then.due(n),
        };
        let next = sleep_until(due(0));
        tokio::pin!(next);
        let failure = loop {
            tokio::select! {
                () = &mut next, if clock < self.board.last_clock => {
                    clock += 1;
                    self.board.sent_at.borrow_mut()[self.n].push(Instant::now());
                    self.connection.queue(&binary(&state(self.n, clock)));
                    next.as_mut().reset(due(clock));
                }
                received = self.connection.receive(|message, at| {
                    if let Message::Awareness(update) = message {
                        self.board.count(self.n, &mut seen, update, at);
                    }
                }) => if let Err(failure) = received { break failure },
            }
        };
        self.board.refusals.borrow_mut().add(failure);
    }
}

/// What an editor says of a cursor: a name, a colour, two relative positions.
fn state(n: usize, clock: u64) -> Vec<u8> {
    let client = FIRST_CLIENT + n as u64;
    let position =
        json!({"type": null, "tname": "text", "item": {"client": client, "clock": clock}, "assoc": 0});
    let user = json!({"name": format!("Person {n}"), "color": "#30bced", "colorLight": "#30bced33"});
    let state = json!({"user": user, "cursor": {"anchor": position, "head": position}});
    awareness_message(client, clock, &state.to_string())
}

impl Board {
    /// Counts one frame's states for session `own`; `seen` holds the last clock it had of each session.
    fn count(&self, own: usize, seen: &mut [u64], update: &[u8], at: Instant) {
        let mut measured = false;
        let read = awareness_entries(update, |client, clock| {
            let n = client.wrapping_sub(FIRST_CLIENT) as usize;
            let Some(last) = seen.get_mut(n).filter(|last| clock > **last) else { return };
            let skipped = clock - 1 - (*last).max(self.warmup_clock.min(clock - 1));
            *last = clock;
            if clock > self.warmup_clock {
                measured = true;
                self.count_state(own == n, n, clock, skipped, at);
            }
        });
        self.frames.set(self.frames.get() + u64::from(measured));
        if read.is_none() {
            self.refusals.borrow_mut().add(Failure::Unreadable("awareness".to_owned()));
        }
    }

    fn count_state(&self, is_own: bool, n: usize, clock: u64, skipped: u64, at: Instant) {
        if is_own {
            return self.own.set(self.own.get() + 1);
        }
        self.states.set(self.states.get() + 1);
        self.superseded.set(self.superseded.get() + skipped);
        self.finals.set(self.finals.get() + u64::from(clock == self.last_clock));
        let sent_at = self.sent_at.borrow();
        if let Some(sent) = sent_at.get(n).and_then(|clocks| clocks.get(clock as usize - 1)) {
            self.latency.borrow_mut().add(at - *sent);
        }
    }

    /// Waits until every session has every other's last state, or no longer can.
    async fn settle(&self, sessions: u64) {
        let deadline = Instant::now() + OUTSTANDING_MAX;
        while self.finals.get() < sessions * (sessions - 1) && Instant::now() < deadline {
            sleep(Duration::from_millis(2)).await;
        }
    }
}
