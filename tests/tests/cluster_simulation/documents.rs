//! Documents of one node: opened, used, pinned again, and given up, as a sync node does it.

use crate::house::House;
use crate::model::{End, Refusal};
use crate::node::{Node, OpenDocument, Order};
use crate::plan::{app, key};
use domain::ids::{DocumentKey, Generation};
use domain::ledger::{Demand, Verdict};
use domain::ports::{DocumentsError, Opened, Pin, Position, Unavailable};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use syncd::caps::{DRAIN_FLUSH, LEAVE_WAIT, OPENING_WAIT, RENEW_RETRY, STORE_DEADLINE};
use syncd::home::{Pinning, Places};
use tokio::time::{sleep, timeout};

/// The place of a client's connection.
pub(crate) enum Connection {
    Wanted,
    Held(Places),
    /// The client's socket is on another node.
    CountedElsewhere,
}

/// What came of looking for a seat at a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seating {
    Seated,
    LookAgain,
}

impl Node {
    /// Makes a client a user of a document, which is opened where it is not. `dead` is the pin of an owner whose life
    /// is over.
    pub(crate) async fn seat(
        self: &Arc<Self>,
        house: &House,
        client: u64,
        document: usize,
        connection: &mut Connection,
        dead: Option<&Pin>,
    ) -> Result<Seating, Refusal> {
        let turn = timeout(OPENING_WAIT, self.turns[document].lock()).await;
        let _turn = turn.map_err(|_| Refusal::TryAgain)?;
        if !self.open().contains_key(&document) {
            if matches!(connection, Connection::CountedElsewhere) && !self.has_pinned(document).await? {
                return Ok(Seating::LookAgain);
            }
            if !self.open_document(house, document, connection, dead).await? {
                return Ok(Seating::LookAgain);
            }
        }
        self.ask_for_connection(house, connection).await?;
        let mut open = self.open();
        let Some(open) = open.get_mut(&document) else { return Ok(Seating::LookAgain) };
        open.users.insert(client);
        Ok(Seating::Seated)
    }

    /// Whether a document that is not open here is pinned here all the same: its release was not written down.
    async fn has_pinned(&self, document: usize) -> Result<bool, Refusal> {
        let pin = self.home.pin_of(&key(document)).await.map_err(|_| Refusal::TryAgain)?;
        Ok(pin.is_some_and(|pin| self.home.is_ours(&pin)))
    }

    pub(crate) async fn ask_for_connection(
        &self,
        house: &House,
        connection: &mut Connection,
    ) -> Result<(), Refusal> {
        if let Connection::Wanted = connection {
            *connection = Connection::Held(self.ask(house, 1, 0).await?);
        }
        Ok(())
    }

    async fn ask_for_document(&self, house: &House, connection: &mut Connection) -> Result<Places, Refusal> {
        if !matches!(connection, Connection::Wanted) {
            return self.ask(house, 0, 1).await;
        }
        let (place, document) = self.ask(house, 1, 1).await?.split_documents();
        *connection = Connection::Held(place);
        Ok(document)
    }

    async fn ask(&self, house: &House, connections: u64, documents: u64) -> Result<Places, Refusal> {
        let limits = house.plan.limits;
        let demand = Demand {
            connections,
            documents,
            connections_max: limits.connections,
            documents_max: limits.documents,
        };
        self.home.desk().ask(&app(), demand).await.map_err(|verdict| match verdict {
            Verdict::ConnectionsFull { .. } | Verdict::DocumentsFull { .. } => Refusal::Full,
            Verdict::Admitted | Verdict::Unavailable | Verdict::Fenced => Refusal::TryAgain,
        })
    }

    /// Pins, counts and loads a document. Returns whether it is this node's.
    async fn open_document(
        &self,
        house: &House,
        document: usize,
        connection: &mut Connection,
        dead: Option<&Pin>,
    ) -> Result<bool, Refusal> {
        let key = key(document);
        let pin = match self.home.pin(&key, dead).await {
            Ok(Pinning::Ours(pin)) => pin,
            Ok(Pinning::Theirs(_)) => return Ok(false),
            Ok(Pinning::NoLease) | Err(_) => return Err(Refusal::TryAgain),
        };
        let place = match self.ask_for_document(house, connection).await {
            Ok(place) if self.load(document, pin.generation).await.is_ok() => place,
            Ok(_) => return self.give_up(&key, &pin, Refusal::TryAgain).await,
            Err(refusal) => return self.give_up(&key, &pin, refusal).await,
        };
        let (orders, lost) = (self.orders.clone(), Arc::clone(self.lost()));
        place.on_lost(Box::new(move || {
            lost.lock().expect("nobody panics with it").insert(document);
            // The receiver lives as long as the process.
            let _ = orders.send(Order::DocumentLost(document));
        }));
        self.open().insert(document, OpenDocument { pin, place, users: BTreeSet::new() });
        let _ = self.orders.send(Order::Renew(document));
        Ok(true)
    }

    async fn give_up(&self, key: &DocumentKey, pin: &Pin, refusal: Refusal) -> Result<bool, Refusal> {
        // What can't be removed is removed later, or goes when the node is reaped.
        let _ = self.home.unpin(key, pin).await;
        Err(refusal)
    }

    async fn load(&self, document: usize, generation: Generation) -> Result<Opened, DocumentsError> {
        let key = key(document);
        let opening = timeout(STORE_DEADLINE, self.documents.open(&key, generation));
        opening.await.unwrap_or_else(|_| Err(Unavailable::new("documents", "no answer in time").into()))
    }

    /// Sees that an open document is pinned in the node's current life.
    pub(crate) async fn renew(&self, house: &House, document: usize) {
        loop {
            let turn = self.turns[document].lock().await;
            let Some(pin) = self.open().get(&document).map(|open| open.pin.clone()) else { return };
            if self.home.is_ours(&pin) {
                return;
            }
            match self.home.pin(&key(document), Some(&pin)).await {
                Ok(Pinning::Ours(renewed)) => match self.load(document, renewed.generation).await {
                    Ok(_) => self.is_pinned_again(document, renewed),
                    Err(DocumentsError::Stale { .. }) => {
                        self.is_pinned_again(document, renewed);
                        drop(turn);
                        return self.close(house, document, End::DocumentLost).await;
                    }
                    Err(DocumentsError::Lost | DocumentsError::Unavailable(_)) => sleep(RENEW_RETRY).await,
                },
                Ok(Pinning::Theirs(_)) => {
                    drop(turn);
                    return self.close(house, document, End::DocumentLost).await;
                }
                Ok(Pinning::NoLease) | Err(_) => {
                    drop(turn);
                    sleep(RENEW_RETRY).await;
                }
            }
        }
    }

    fn is_pinned_again(&self, document: usize, pin: Pin) {
        if let Some(open) = self.open().get_mut(&document) {
            open.pin = pin;
        }
    }

    /// Stores a change. A node that another has overtaken lets the document go.
    pub(crate) async fn edit(&self, house: &House, document: usize) {
        let Some(generation) = self.open().get(&document).map(|open| open.pin.generation) else { return };
        let update = [bytes::Bytes::from_static(b"change")];
        let stored = self.documents.append(&key(document), generation, Position(0), &update).await;
        if let Err(DocumentsError::Stale { .. }) = stored {
            // A renewal may have overtaken the append.
            let is_same = self.open().get(&document).is_some_and(|open| open.pin.generation == generation);
            if is_same {
                self.close(house, document, End::DocumentLost).await;
            }
        }
    }

    /// Gives a document up that nobody uses.
    pub(crate) async fn release(&self, document: usize) {
        let _turn = self.turns[document].lock().await;
        let unused = {
            let mut open = self.open();
            let is_unused = open.get(&document).is_some_and(|open| open.users.is_empty());
            if is_unused { open.remove(&document) } else { None }
        };
        if let Some(unused) = unused {
            self.let_go(document, unused).await;
        }
    }

    /// Gives a document up, whoever uses it.
    pub(crate) async fn close(&self, house: &House, document: usize, end: End) {
        let _turn = self.turns[document].lock().await;
        let closed = self.open().remove(&document);
        self.lost().lock().expect("nobody panics with it").remove(&document);
        let Some(closed) = closed else { return };
        closed.users.iter().for_each(|client| house.end_session(*client, end));
        self.let_go(document, closed).await;
    }

    async fn let_go(&self, document: usize, open: OpenDocument) {
        // What can't be removed is removed later, or goes when the node is reaped.
        let _ = self.home.unpin(&key(document), &open.pin).await;
        drop(open.place);
    }

    /// Ends in order: everything is given back, and the others are told.
    pub(crate) async fn drain(self: Arc<Self>, house: Arc<House>) {
        self.home.drain();
        let clients: Vec<u64> = self.sessions().keys().copied().collect();
        clients.into_iter().for_each(|client| house.end_session(client, End::NodeGone));
        let documents: Vec<usize> = self.open().keys().copied().collect();
        for document in documents {
            self.close(&house, document, End::NodeGone).await;
        }
        let quiet = async {
            while !self.home.desk().is_quiet() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = timeout(DRAIN_FLUSH, quiet).await;
        self.ends_its_tasks();
        let _ = timeout(LEAVE_WAIT, self.home.leave()).await;
        if !self.is_gone() {
            house.note(format_args!("n{} has drained", self.index));
            house.ends(self.index);
            self.dies(&house.table);
        }
    }
}
