//! Admits a handshake: a seat at its document, here or on another node, and a place in its app's ledger, or the
//! exact reason why not.

use crate::caps::{BROKEN_DIALS_MAX, MOVED_PAUSE, OPENING_TRIES_MAX};
use crate::edge::{self, Dialled, Relayed};
use crate::home::{Home, Places, Standing};
use crate::node::Node;
use crate::opening::{self, Seating};
use crate::registry::Seat;
use domain::claims::Claims;
use domain::close::CloseReason;
use domain::ids::{AppKey, DocumentKey};
use domain::ledger::{Demand, Verdict};
use domain::limits::PlanLimits;
use domain::ports::{Owner, Pin, Unavailable};
use domain::token::Forbidden;
use std::sync::Arc;

/// How a connection reaches its document.
pub(crate) enum Admission {
    /// The document is open here.
    Here(Admitted),
    /// Another node of the region holds it.
    Relayed(Box<Relayed>),
}

impl Admission {
    /// Whose document it is.
    pub(crate) fn app(&self) -> &AppKey {
        match self {
            Self::Here(admitted) => &admitted.seat.handle.key.app,
            Self::Relayed(relayed) => relayed.app(),
        }
    }
}

/// What a session of a document that is open here holds for as long as it lives. The seat goes first, so that a
/// user is never counted without its connection.
pub(crate) struct Admitted {
    pub(crate) seat: Seat,
    /// None where another node counts the connection.
    pub(crate) connection: Option<Places>,
}

/// One connection on its way to one document.
pub(crate) struct Asker<'a> {
    pub(crate) node: &'a Arc<Node>,
    pub(crate) home: &'a Arc<Home>,
    pub(crate) key: &'a DocumentKey,
    pub(crate) limits: PlanLimits,
    /// The connection's place, once it has one.
    pub(crate) connection: Option<Places>,
    /// Whose business that place is.
    pub(crate) is_counted: Counted,
}

/// Where a connection is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// By this node.
    Here,
    /// By the node that relays it.
    AtItsEdge,
}

/// Where a document is served.
enum Whereabouts {
    /// Here, or nowhere yet. The pin of an owner whose life is over may stand.
    Here { dead: Option<Pin> },
    /// On another node of this region.
    Neighbour(Pin),
    /// In another region, whose URL this is.
    Elsewhere(String),
}

/// Admits one connection to one document, as SPEC orders the checks: the pin, then connections, documents and
/// users of the document.
///
/// # Errors
/// The reason to close the connection with; then nothing of it is counted.
pub(crate) async fn admit(
    node: &Arc<Node>,
    key: &DocumentKey,
    claims: &Claims,
) -> Result<Admission, CloseReason> {
    let home = node.home(claims.home.as_ref()).ok_or(CloseReason::Forbidden(Forbidden::HomeRegion))?;
    let mut asker =
        Asker { node, home, key, limits: claims.limits, connection: None, is_counted: Counted::Here };
    let mut broken_off = 0;
    for _ in 0..OPENING_TRIES_MAX {
        let dead = match asker.locate().await? {
            Whereabouts::Here { dead } => dead,
            Whereabouts::Elsewhere(url) => return Err(redirect(&url, key)),
            Whereabouts::Neighbour(pin) => match edge::reach(&mut asker, &pin.owner).await? {
                Dialled::Session(relayed) => return Ok(Admission::Relayed(relayed)),
                Dialled::Broken if broken_off == BROKEN_DIALS_MAX => return Err(CloseReason::TryAgainLater),
                dialled @ (Dialled::Moved | Dialled::Broken) => {
                    broken_off += u32::from(matches!(dialled, Dialled::Broken));
                    home.has_moved(key);
                    tokio::time::sleep(MOVED_PAUSE).await;
                    continue;
                }
                Dialled::Dead => Some(pin),
            },
        };
        match opening::seat(&mut asker, dead.as_ref()).await? {
            Seating::Seated(seat) => {
                return Ok(Admission::Here(Admitted { seat, connection: asker.connection }));
            }
            Seating::LookAgain => home.has_moved(key),
        }
    }
    Err(CloseReason::TryAgainLater)
}

impl Asker<'_> {
    async fn locate(&self) -> Result<Whereabouts, CloseReason> {
        if self.node.registry.is_here(self.key) {
            return Ok(Whereabouts::Here { dead: None });
        }
        let pin = self.home.recent_pin_of(self.key).await.map_err(|error| self.failed(&error))?;
        let Some(pin) = pin.filter(|pin| !self.home.is_ours(pin)) else {
            return Ok(Whereabouts::Here { dead: None });
        };
        Ok(match self.standing(&pin.owner).await? {
            Standing::Dead => Whereabouts::Here { dead: Some(pin) },
            Standing::Alive(owner) if owner.region == self.node.config.region => Whereabouts::Neighbour(pin),
            Standing::Alive(owner) => Whereabouts::Elsewhere(owner.url),
        })
    }

    async fn standing(&self, owner: &Owner) -> Result<Standing, CloseReason> {
        self.home.standing(owner).await.map_err(|error| self.failed(&error))
    }

    /// What is asked of the ledger: `documents`, and a connection unless there is one.
    pub(crate) fn demand(&self, documents: u64) -> Demand {
        Demand {
            connections: u64::from(self.connection.is_none() && self.is_counted == Counted::Here),
            documents,
            connections_max: self.limits.connections_max,
            documents_max: self.limits.documents_max,
        }
    }

    /// Asks the ledger for `documents`, and for a connection unless there is one.
    pub(crate) async fn ask(&self, documents: u64) -> Result<Places, Verdict> {
        self.home.desk().ask(&self.key.app, self.demand(documents)).await
    }

    /// Sees that the connection has its place.
    pub(crate) async fn ask_for_connection(&mut self) -> Result<(), CloseReason> {
        if self.connection.is_none() {
            self.connection = Some(self.ask(0).await.map_err(refusal)?);
        }
        Ok(())
    }

    /// A store did not answer.
    pub(crate) fn failed(&self, error: &Unavailable) -> CloseReason {
        self.node.metrics.store_error(error.store);
        tracing::warn!(document = %self.key, %error, "a handshake could not be served");
        CloseReason::TryAgainLater
    }
}

/// Sends a client to the region at `url`.
fn redirect(url: &str, key: &DocumentKey) -> CloseReason {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    CloseReason::Redirect { host: host.to_owned(), name: key.name.clone() }
}

/// What the ledger's verdict means for a handshake.
pub(crate) fn refusal(verdict: Verdict) -> CloseReason {
    match verdict {
        Verdict::ConnectionsFull { limit } => CloseReason::ConnectionsFull { limit },
        Verdict::DocumentsFull { limit, active } => CloseReason::DocumentsFull { limit, active },
        Verdict::Admitted | Verdict::Unavailable | Verdict::Fenced => CloseReason::TryAgainLater,
    }
}
