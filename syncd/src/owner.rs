//! Sessions of documents that this node holds, for connections of other nodes of the region.

use crate::admission::{Admitted, Asker, Counted};
use crate::caps::{OPENING_TRIES_MAX, RELAY_OPENING_WAIT};
use crate::document;
use crate::home::Home;
use crate::link::Link;
use crate::node::Node;
use crate::registry::{Busy, Look, Seat, Unused};
use crate::relay::{GiveUp, Pass, Reception, RelayRefusal};
use crate::session;
use crate::socket::Socket;
use bytes::Bytes;
use domain::ids::{HomeRegion, NodeId};
use domain::ledger::Verdict;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// The node, as the others of its region see it.
pub(crate) struct Owner(pub(crate) Arc<Node>);

impl Reception for Owner {
    type Place = Seat;

    async fn admit(&self, pass: &Pass) -> Result<Seat, RelayRefusal> {
        let home = self.home(&pass.home, &pass.to)?;
        if self.0.has_no_room_for_relay() {
            return Err(RelayRefusal::Unavailable);
        }
        for _ in 0..OPENING_TRIES_MAX {
            let users_max = pass.limits.users_per_document_max;
            match self.0.registry.look(&pass.document, users_max, self.0.now()) {
                Look::Seat(seat) => return Ok(seat),
                Look::Full => return Err(RelayRefusal::UsersFull),
                Look::Quarantined => return Err(RelayRefusal::Quarantined),
                Look::Wait(outcome) => wait(outcome).await?,
                Look::Open(busy) => return self.open(home, busy, pass).await,
            }
        }
        Err(RelayRefusal::Unavailable)
    }

    async fn serve(&self, seat: Seat, pass: Pass, tcp: TcpStream, early: Bytes) {
        let link = Arc::new(Link::new(tcp, self.0.now_s()));
        let mut socket = Socket::new(link, &early, self.0.config.message_bytes_max);
        let admitted = Admitted { seat, connection: None };
        session::serve_relayed(&self.0, &mut socket, admitted, pass.limits.ops_per_minute_max).await;
    }

    async fn give_up(&self, plea: &GiveUp) -> Result<bool, RelayRefusal> {
        let home = self.home(&plea.home, &plea.to)?;
        match self.0.registry.unused(&plea.app) {
            Some(Unused::InGrace(handle)) => handle.give_up().await,
            Some(Unused::Ending(end)) => wait(end).await?,
            None => return Ok(false),
        }
        home.desk().given_back(&plea.app, RELAY_OPENING_WAIT).await;
        Ok(true)
    }
}

impl Owner {
    /// The home region in which this node lives the life that the others speak to.
    fn home(&self, named: &HomeRegion, life: &NodeId) -> Result<&Arc<Home>, RelayRefusal> {
        let home = self.0.home(Some(named)).ok_or(RelayRefusal::NotHere)?;
        if home.lease().life() == *life { Ok(home) } else { Err(RelayRefusal::OtherLife) }
    }

    /// Opens a document that this node has pinned and does not have open: its release was not written down.
    async fn open(&self, home: &Arc<Home>, busy: Busy, pass: &Pass) -> Result<Seat, RelayRefusal> {
        let pin = home.pin_of(&pass.document).await.map_err(|_| RelayRefusal::Unavailable)?;
        let Some(pin) = pin.filter(|pin| home.is_ours(pin)) else { return Err(RelayRefusal::NotHere) };
        if self.0.is_draining() {
            return Err(RelayRefusal::Draining);
        }
        let asker = Asker {
            node: &self.0,
            home,
            key: &pass.document,
            limits: pass.limits,
            connection: None,
            is_counted: Counted::AtItsEdge,
        };
        let place = match asker.ask(1).await {
            Ok(place) => place,
            Err(Verdict::DocumentsFull { .. } | Verdict::ConnectionsFull { .. }) => {
                // The edge opens it itself then, and tells its client what the ledger says.
                document::unpin(&self.0, home, &pass.document, &pin).await;
                return Err(RelayRefusal::NotHere);
            }
            Err(_) => return Err(RelayRefusal::Unavailable),
        };
        // The pin stands, and is given again.
        let pin = document::pin(&self.0, home, &pass.document, None).await;
        let pin = pin.map_err(|_| RelayRefusal::Unavailable)?;
        document::open(&self.0, home, busy, place, pin).await.map_err(|_| RelayRefusal::Unavailable)
    }
}

/// Waits until whoever opens or releases the document is done.
async fn wait<T>(mut outcome: watch::Receiver<Option<T>>) -> Result<(), RelayRefusal> {
    // Its sender's end counts like its word.
    match tokio::time::timeout(RELAY_OPENING_WAIT, outcome.changed()).await {
        Ok(_) => Ok(()),
        Err(_) => Err(RelayRefusal::Unavailable),
    }
}
