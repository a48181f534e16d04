//! A client's way to its document: here, on another node of the region, or nowhere.

use crate::documents::{Connection, Seating};
use crate::house::House;
use crate::model::{Refusal, Standing};
use crate::node::{Condition, Node, Order, Session};
use crate::plan::{app, key};
use domain::ports::Pin;
use std::sync::Arc;
use std::time::Duration;
use syncd::home;
use tokio::time::sleep;

/// How often a client is sent on before it is told to try again later.
const TRIES_MAX: u32 = 8;
/// How long the owner of a document may take to answer.
const DIAL_WAIT: Duration = Duration::from_secs(2);
/// How long a document that was let go may take to be pinned elsewhere.
const PAUSE: Duration = Duration::from_millis(50);

/// Where a document is served.
enum Whereabouts {
    Here { dead: Option<Pin> },
    Neighbour(Pin),
}

/// What came of asking the owner of a document.
enum Reached {
    Seated(Arc<Node>),
    Moved,
    /// Its life is over.
    Dead,
}

/// Serves one client that has come to a node.
pub(crate) async fn visit(house: Arc<House>, node: Arc<Node>, client: u64, document: usize) {
    let mut connection = Connection::Wanted;
    match admit(&house, &node, client, document, &mut connection).await {
        Ok(owner) => join(&house, &node, client, owner, connection),
        Err(refusal) => drop(house.answered(client, Standing::Refused(refusal))),
    }
}

fn join(house: &House, node: &Arc<Node>, client: u64, owner: Arc<Node>, connection: Connection) {
    let Connection::Held(connection) = connection else {
        unreachable!("whoever has a seat has a connection")
    };
    let is_user = owner.open().values().any(|document| document.users.contains(&client));
    // The document may have ended in between, as a client may have.
    if !is_user || !house.answered(client, Standing::Uses) {
        owner.forget(client);
        house.answered(client, Standing::Refused(Refusal::TryAgain));
        return;
    }
    let orders = node.orders.clone();
    // The receiver lives as long as the process.
    let on_lost = Box::new(move || drop(orders.send(Order::ConnectionLost(client))));
    let session = Session { connection, owner };
    node.sessions().insert(client, session);
    if let Some(session) = node.sessions().get(&client) {
        session.connection.on_lost(on_lost);
    }
}

/// Finds a client its seat. Returns the node that the document is open on.
async fn admit(
    house: &House,
    node: &Arc<Node>,
    client: u64,
    document: usize,
    connection: &mut Connection,
) -> Result<Arc<Node>, Refusal> {
    for _ in 0..TRIES_MAX {
        if node.condition() == Condition::Draining {
            return Err(Refusal::Draining);
        }
        let dead = match locate(house, node, document).await? {
            Whereabouts::Here { dead } => dead,
            Whereabouts::Neighbour(pin) => {
                match reach(house, node, client, document, &pin, connection).await? {
                    Reached::Seated(owner) => return Ok(owner),
                    Reached::Dead => Some(pin),
                    Reached::Moved => {
                        sleep(PAUSE).await;
                        continue;
                    }
                }
            }
        };
        match node.seat(house, client, document, connection, dead.as_ref()).await? {
            Seating::Seated => return Ok(Arc::clone(node)),
            Seating::LookAgain => sleep(PAUSE).await,
        }
    }
    Err(Refusal::TryAgain)
}

async fn locate(house: &House, node: &Node, document: usize) -> Result<Whereabouts, Refusal> {
    if node.open().contains_key(&document) {
        return Ok(Whereabouts::Here { dead: None });
    }
    let pin = node.home.pin_of(&key(document)).await.map_err(|_| Refusal::TryAgain)?;
    let Some(pin) = pin.filter(|pin| !node.home.is_ours(pin)) else {
        return Ok(Whereabouts::Here { dead: None });
    };
    match node.home.standing(&pin.owner).await.map_err(|_| Refusal::TryAgain)? {
        home::Standing::Dead => Ok(Whereabouts::Here { dead: Some(pin) }),
        home::Standing::Alive(owner) if owner.region == house.plan.region(node.index) => {
            Ok(Whereabouts::Neighbour(pin))
        }
        home::Standing::Alive(_) => Err(Refusal::Redirected),
    }
}

/// Asks the owner for a seat, as over the relay.
async fn reach(
    house: &House,
    node: &Arc<Node>,
    client: u64,
    document: usize,
    pin: &Pin,
    connection: &mut Connection,
) -> Result<Reached, Refusal> {
    node.ask_for_connection(house, connection).await?;
    let owner = house.at_address_of(&pin.owner.node);
    match owner.condition() {
        Condition::Stopped => {
            sleep(DIAL_WAIT).await;
            return Err(Refusal::TryAgain);
        }
        Condition::Draining => return Err(Refusal::Draining),
        Condition::Up | Condition::CutOff if owner.life() == pin.owner.node => {}
        // Nobody listens there, or another life answers.
        Condition::Gone | Condition::Up | Condition::CutOff => {
            let declared = node.home.declare_dead(&pin.owner, &app()).await;
            return declared.map(|()| Reached::Dead).map_err(|_| Refusal::TryAgain);
        }
    }
    match owner.seat(house, client, document, &mut Connection::CountedElsewhere, None).await? {
        Seating::Seated => Ok(Reached::Seated(owner)),
        Seating::LookAgain => Ok(Reached::Moved),
    }
}
