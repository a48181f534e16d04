use crate::author::Author;
use crate::city::{City, Phase, name};
use crate::doors::Door;
use crate::seen::Place;
use house_tests::raw_client::{Ending, RawClient};
use house_tests::{Fleet, Token, tokens_in, wire};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long a client waits for an answer before it asks elsewhere.
const ANSWER_WAIT: Duration = Duration::from_secs(15);

/// One client of one app, over all its connections.
pub(crate) struct Client {
    city: Arc<City>,
    app: &'static str,
    documents: usize,
    token: Arc<str>,
    chance: StdRng,
    /// Whether what it typed is still there when it connects again, as in a page that stays open.
    keeps: bool,
    kept: Option<(usize, Author)>,
    /// The region that a node has sent it to.
    region: Option<String>,
}

/// An open connection and what it knows.
struct Session {
    socket: RawClient,
    author: Author,
    place: Place,
}

impl Client {
    /// All clients of all apps, each in a task of its own.
    pub(crate) fn crowd(city: &Arc<City>, fleet: &Fleet, seed: u64) -> Vec<JoinHandle<()>> {
        let nodes = fleet.nodes().count() as u64;
        let apps = city.apps.iter().flat_map(|(app, token)| (0..app.clients).map(move |_| (app, token)));
        let clients = apps.enumerate().map(|(index, (app, token))| Self {
            city: Arc::clone(city),
            app: app.plan.app,
            documents: app.documents,
            token: Arc::clone(token),
            chance: StdRng::seed_from_u64(seed ^ (index as u64 + nodes) << 32),
            keeps: index % 4 == 0,
            kept: None,
            region: None,
        });
        clients.map(|client| tokio::spawn(client.live())).collect()
    }

    async fn live(mut self) {
        let mut phase = self.city.phase();
        while *phase.borrow() == Phase::Busy {
            self.pause(&mut phase, 50..1_500).await;
            let Some(door) = self.choose_door() else { continue };
            let city = Arc::clone(&self.city);
            let knocking = city.knocks();
            if *phase.borrow() != Phase::Busy {
                return;
            }
            match self.knock(door).await {
                Ok(session) => {
                    city.count("joined");
                    let _connected = city.connects(session.place, door.node);
                    drop(knocking);
                    self.stay(session, &mut phase).await;
                }
                Err(ending) => self.note(door, &ending),
            }
        }
    }

    async fn pause(&mut self, phase: &mut watch::Receiver<Phase>, milliseconds: std::ops::Range<u64>) {
        let pause = Duration::from_millis(self.chance.random_range(milliseconds));
        // Nobody waits into another phase.
        let _ = timeout(pause, phase.wait_for(|phase| *phase != Phase::Busy)).await;
    }

    fn choose_door(&mut self) -> Option<Door> {
        let doors = self.city.doors.open(self.region.take().as_deref());
        (!doors.is_empty()).then(|| doors[self.chance.random_range(0..doors.len())])
    }

    /// Asks for a document, and checks that it has all that anybody had seen of it before.
    async fn knock(&mut self, door: Door) -> Result<Session, Ending> {
        let document = match &self.kept {
            Some((document, _)) => *document,
            None => self.chance.random_range(0..self.documents),
        };
        let place = (self.app, document);
        let author = match self.kept.take() {
            Some((_, author)) => author,
            None => Author::new(self.city.new_author()),
        };
        if self.keeps {
            self.kept = Some((document, author.clone()));
        }
        let seen_before = self.city.seen.count(place);
        let path = format!("/{}", name(document));
        let opening = open(door, &path, &self.token, &author);
        let (socket, text) = timeout(ANSWER_WAIT, opening)
            .await
            .unwrap_or_else(|_| Err(Ending::Broken("no answer in time".into())))?;
        let lacking = self.city.seen.lacking(place, seen_before, &text);
        if !lacking.is_empty() {
            self.city.fail(format!(
                "{place:?} at node-{} lacks {} of {seen_before} marks that had been seen: {:?}",
                door.node,
                lacking.len(),
                &lacking[..lacking.len().min(10)]
            ));
        }
        let mut session = Session { socket, author, place };
        for token in text {
            session.sees(&self.city, token);
        }
        Ok(session)
    }

    /// Types and reads, until it leaves, is closed, or everybody goes.
    async fn stay(&mut self, mut session: Session, phase: &mut watch::Receiver<Phase>) {
        let leaves_at = Instant::now() + Duration::from_millis(self.chance.random_range(3_000..40_000));
        let mut types_at = self.next_edit();
        loop {
            let now_phase = *phase.borrow_and_update();
            let is_busy = now_phase == Phase::Busy;
            tokio::select! {
                message = session.socket.receive() => match message {
                    Ok(message) => session.reads(&self.city, &message).await,
                    Err(ending) => return self.closed(&ending),
                },
                () = sleep_until(types_at), if is_busy => {
                    types_at = self.next_edit();
                    let (_, message) = session.author.types();
                    if self.keeps {
                        self.kept = Some((session.place.1, session.author.clone()));
                    }
                    session.socket.send(message).await;
                }
                () = sleep_until(leaves_at), if is_busy => return self.leave(session).await,
                changed = phase.changed() => if changed.is_err() || *phase.borrow() == Phase::Over {
                    return session.socket.leave().await;
                },
            }
        }
    }

    fn next_edit(&mut self) -> Instant {
        Instant::now() + Duration::from_millis(self.chance.random_range(500..4_000))
    }

    /// Half say goodbye, the others are just gone.
    async fn leave(&mut self, session: Session) {
        if self.chance.random_bool(0.5) {
            let _ = timeout(ANSWER_WAIT, session.socket.leave()).await;
        }
    }

    fn note(&mut self, door: Door, ending: &Ending) {
        self.city.count(told("refused", ending));
        match ending {
            Ending::Closed(4009, reason) => {
                let host = reason.strip_prefix("REDIRECT:wss://").unwrap_or_default();
                self.region = host.split('.').next().map(str::to_owned);
            }
            Ending::Closed(4004 | 4005 | 4008 | 1012 | 1013, _) | Ending::Refused(429 | 503) => {}
            Ending::Broken(_) => {}
            other => self.city.fail(format!("node-{} refused {} with {other:?}", door.node, self.app)),
        }
    }

    fn closed(&self, ending: &Ending) {
        self.city.count(told("closed", ending));
        match ending {
            Ending::Closed(1012 | 1013, _) | Ending::Broken(_) => {}
            other => self.city.fail(format!("a client of {} was closed with {other:?}", self.app)),
        }
    }
}

fn told(what: &str, ending: &Ending) -> String {
    match ending {
        Ending::Closed(code, _) => format!("{what} {code}"),
        Ending::Refused(status) => format!("{what} HTTP {status}"),
        Ending::Broken(_) => format!("{what} without a word"),
    }
}

impl Session {
    async fn reads(&mut self, city: &City, message: &[u8]) {
        for token in tokens_in(message) {
            self.sees(city, token);
        }
        if let Some(answer) = self.author.answers(message) {
            self.socket.send(answer).await;
        }
    }

    fn sees(&mut self, city: &City, token: Token) {
        if token.author != self.author.id() {
            city.seen.add(self.place, token);
        }
    }
}

/// Joins a document. Returns the marks in it as well.
async fn open(
    door: Door,
    path: &str,
    token: &str,
    author: &Author,
) -> Result<(RawClient, HashSet<Token>), Ending> {
    let mut socket = RawClient::connect(door.address, path, token).await?;
    socket.send(wire::sync_step_1()).await;
    loop {
        let message = socket.receive().await?;
        if let Some(answer) = author.answers(&message) {
            socket.send(answer).await;
        }
        if wire::is_sync_step_2(&message) {
            return Ok((socket, tokens_in(&message).collect()));
        }
    }
}

/// Reads a document as somebody who has never seen it, at any open door.
pub(crate) async fn read_fresh(city: &City, place: Place, token: &str) -> Result<HashSet<Token>, String> {
    let mut endings = Vec::new();
    let reader = Author::new(city.new_author());
    for _ in 0..60 {
        for door in city.doors.open(None) {
            let path = format!("/{}", name(place.1));
            match timeout(ANSWER_WAIT, open(door, &path, token, &reader)).await {
                Ok(Ok((socket, text))) => {
                    socket.leave().await;
                    return Ok(text);
                }
                Ok(Err(ending)) => endings.push(format!("{ending:?}")),
                Err(_) => endings.push("no answer".into()),
            }
        }
        sleep(Duration::from_millis(500)).await;
    }
    endings.dedup();
    Err(format!("{place:?} can't be read: {endings:?}"))
}
