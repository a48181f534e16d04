//! Connections of this node to documents that another node of the region holds.

use crate::admission::Asker;
use crate::caps::{CLOSE_WAIT, EDGE_BACKLOG_BYTES_MAX, EDGE_STALL, ROOM_ASKED_MAX};
use crate::frames;
use crate::home::{Home, Places};
use crate::link::Link;
use crate::node::{Node, Peer};
use crate::relay::{DialError, Ended, FromOwner, GiveUp, Pass, RelayRefusal, RelaySocket};
use crate::socket::{Received, Socket};
use bytes::Bytes;
use domain::close::CloseReason;
use domain::ids::{AppKey, NodeId};
use domain::ports::{NodeRecord, Owner};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A session on another node, and the place of the connection that it is for.
pub(crate) struct Relayed {
    app: AppKey,
    owner: NodeId,
    home: Arc<Home>,
    session: RelaySocket,
    connection: Places,
}

/// What came of asking the owner of a document for a session.
pub(crate) enum Dialled {
    /// It let the session in.
    Session(Box<Relayed>),
    /// It does not hold the document any more.
    Moved,
    /// The connection broke off, as of a process that is just ending.
    Broken,
    /// That life of it is over: its documents may be taken over.
    Dead,
}

/// Opens a session on the owner of the document.
///
/// # Errors
/// The reason to close the connection with.
pub(crate) async fn reach(asker: &mut Asker<'_>, owner: &Owner) -> Result<Dialled, CloseReason> {
    let Some(dialer) = asker.node.dialer().filter(|_| !owner.relay.is_empty()) else {
        tracing::warn!(document = %asker.key, owner = %owner.node, "held by another node, and there is no relay");
        return Err(CloseReason::TryAgainLater);
    };
    if asker.home.is_dead(&owner.node) {
        return Ok(Dialled::Dead);
    }
    asker.ask_for_connection().await?;
    let pass = Pass {
        to: owner.node.clone(),
        home: asker.home.name().clone(),
        document: asker.key.clone(),
        limits: asker.limits,
        from: asker.node.config.name.clone(),
    };
    match dialer.open_session(&owner.relay, &pass).await {
        Ok(session) => {
            let Some(connection) = asker.connection.take() else { return Err(CloseReason::TryAgainLater) };
            let (app, home, owner) = (asker.key.app.clone(), Arc::clone(asker.home), owner.node.clone());
            Ok(Dialled::Session(Box::new(Relayed { app, owner, home, session, connection })))
        }
        Err(DialError::Refused | DialError::Answered(RelayRefusal::OtherLife)) => {
            let declared = asker.home.declare_dead(owner, &asker.key.app).await;
            declared.map(|()| Dialled::Dead).map_err(|error| asker.failed(&error))
        }
        Err(DialError::Answered(RelayRefusal::NotHere)) => Ok(Dialled::Moved),
        // As of a process that is just ending: the next look shows what has become of it.
        Err(DialError::Broken(error)) => {
            tracing::debug!(document = %asker.key, owner = %owner.node, %error, "the owner hung up");
            Ok(Dialled::Broken)
        }
        Err(DialError::Answered(RelayRefusal::UsersFull)) => {
            Err(CloseReason::UsersFull { limit: asker.limits.users_per_document_max })
        }
        Err(DialError::Answered(RelayRefusal::Quarantined)) => Err(CloseReason::DocumentUnavailable),
        Err(DialError::Answered(RelayRefusal::Draining)) => Err(CloseReason::NodeRestarting),
        Err(error) => {
            asker.node.metrics.store_error("relay");
            tracing::warn!(document = %asker.key, owner = %owner.node, %error, "the owner of a document can't be asked");
            Err(CloseReason::TryAgainLater)
        }
    }
}

/// Asks the other nodes of the region to give up a document of the app that is in grace. Returns whether one did.
pub(crate) async fn ask_for_room(asker: &Asker<'_>) -> bool {
    let (node, home) = (asker.node, asker.home);
    let Some(dialer) = node.dialer() else { return false };
    let Ok(record) = home.desk().record(&asker.key.app).await else { return false };
    let holds = |node: &NodeRecord| record.shares.get(&node.node).is_some_and(|share| share.documents > 0);
    let Ok(neighbours) = home.neighbours().await else { return false };
    for neighbour in neighbours.into_iter().filter(holds).take(ROOM_ASKED_MAX) {
        let plea = GiveUp {
            to: neighbour.node,
            home: home.name().clone(),
            app: asker.key.app.clone(),
            from: node.config.name.clone(),
        };
        if let Ok(true) = dialer.ask_to_give_up(&neighbour.relay, &plea).await {
            return true;
        }
    }
    false
}

/// What happens on a relayed connection.
enum Event {
    Client(Received),
    Owner(FromOwner),
}

impl Relayed {
    /// Whose document it is.
    pub(crate) fn app(&self) -> &AppKey {
        &self.app
    }

    /// Hands messages through until one side ends. Returns the reason to close the client with, if it is still there
    /// to read it.
    pub(crate) async fn run(self, node: &Arc<Node>, socket: &mut Socket) -> Option<CloseReason> {
        let Self { app, owner, home, mut session, connection } = self;
        let kept = KeptLink::new(node, (&home, &app), socket.link());
        let link = Arc::clone(socket.link());
        let lost = Arc::clone(&link);
        connection.on_lost(Box::new(move || lost.close(CloseReason::NodeRestarting)));
        let died = died(&home, &owner);
        tokio::pin!(died);
        let ended = loop {
            let event = tokio::select! {
                event = poll_fn(|cx| poll_event(node, socket, &mut session, cx)) => event,
                () = &mut died => break Some(CloseReason::NodeRestarting),
                () = stalls(&link) => match keeps_up(&link) {
                    true => continue,
                    false => break Some(CloseReason::TryAgainLater),
                },
            };
            match event {
                Event::Client(Received::Messages(messages)) => {
                    node.metrics.relayed_bytes.inc_by(bytes(&messages));
                    session.send(&messages);
                }
                Event::Client(Received::End(reason)) => break reason,
                Event::Owner(FromOwner::Messages(messages)) => {
                    node.metrics.relayed_bytes.inc_by(bytes(&messages));
                    hand_to_client(socket.link(), &messages);
                }
                Event::Owner(FromOwner::Pinged) => socket.link().look_after_silent(node.now_s()),
                Event::Owner(FromOwner::Ended(Ended::Closed(reason))) => return Some(reason),
                Event::Owner(FromOwner::Ended(Ended::Broken)) => return Some(CloseReason::NodeRestarting),
            }
        };
        // The place is given back by then: whoever reads the close frame may come back.
        drop((connection, kept));
        tokio::spawn(session.hang_up(CLOSE_WAIT));
        ended
    }
}

/// Each side is read only while the other keeps up: it is the owner that decides when a client is too slow.
fn poll_event(
    node: &Node,
    socket: &mut Socket,
    session: &mut RelaySocket,
    cx: &mut Context<'_>,
) -> Poll<Event> {
    loop {
        let (reads_owner, reads_client) = (keeps_up(socket.link()), session.has_room());
        if reads_owner && let Poll::Ready(event) = session.poll_next(cx) {
            return Poll::Ready(Event::Owner(event));
        }
        let received =
            if reads_client { socket.poll_receive(cx, &|| node.now_s()) } else { socket.poll_end(cx) };
        if let Poll::Ready(received) = received {
            return Poll::Ready(Event::Client(received));
        }
        // Each side's poll has emptied its backlog as far as it goes. Whoever was not read for its sake has nobody
        // waiting for it yet.
        let has_changed = reads_owner != keeps_up(socket.link()) || reads_client != session.has_room();
        if !has_changed {
            return Poll::Pending;
        }
    }
}

/// Whether the client reads what it is sent.
fn keeps_up(link: &Link) -> bool {
    link.backlog() < EDGE_BACKLOG_BYTES_MAX
}

/// Resolves when a client that did not keep up when this was called has been given its time.
async fn stalls(link: &Link) {
    if keeps_up(link) {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(EDGE_STALL).await;
}

fn hand_to_client(link: &Link, messages: &[Bytes]) {
    for message in messages {
        link.send(&frames::pieces(message));
    }
}

fn bytes(messages: &[Bytes]) -> u64 {
    messages.iter().map(|message| message.len() as u64).sum()
}

/// Waits until the owner's life is known to be over.
async fn died(home: &Home, owner: &NodeId) {
    let mut deaths = home.deaths();
    while !home.is_dead(owner) {
        if deaths.changed().await.is_err() {
            // The home is gone, and this process with it.
            std::future::pending::<()>().await;
        }
    }
}

/// A client's link among those that a drain closes, for as long as its connection is relayed.
struct KeptLink<'a> {
    node: &'a Node,
    id: u64,
}

impl<'a> KeptLink<'a> {
    fn new(node: &'a Node, of: (&Arc<Home>, &AppKey), link: &Arc<Link>) -> Self {
        let id = node.next_id();
        node.keep_link(id, link, Peer::Client, of);
        node.metrics.relayed.inc();
        if node.is_draining() {
            link.close(CloseReason::NodeRestarting);
        }
        Self { node, id }
    }
}

impl Drop for KeptLink<'_> {
    fn drop(&mut self) {
        self.node.drop_link(self.id);
        self.node.metrics.relayed.dec();
    }
}
