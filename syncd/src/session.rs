//! One connection from its upgrade to its end.

use crate::admission::{Admission, Admitted, admit};
use crate::attempt::Attempt;
use crate::document::Gone;
use crate::metrics::HandshakeOutcome;
use crate::node::{Node, Peer};
use crate::refusals::Refused;
use crate::socket::{Received, Socket};
use bytes::Bytes;
use domain::claims::Claims;
use domain::close::CloseReason;
use domain::ids::{AppKey, DocumentKey};
use domain::token::TokenRefusal;
use engine::SessionId;
use std::sync::Arc;

/// Serves an upgraded connection until it ends.
pub(crate) async fn serve(node: Arc<Node>, mut socket: Socket, attempt: Box<Attempt>) {
    // Boxed, so that an idle connection does not keep the room that its handshake and its end need.
    let reason = match Box::pin(open(&node, attempt)).await {
        Ok((admission, ops_per_minute)) => {
            node.metrics.handshake(HandshakeOutcome::Opened);
            match admission {
                Admission::Here(admitted) => run(&node, &mut socket, admitted, ops_per_minute).await,
                Admission::Relayed(relayed) => Box::pin(relayed.run(&node, &mut socket)).await,
            }
        }
        Err((who, reason)) => {
            Box::pin(hold_back(&node, who, &reason)).await;
            Some(reason)
        }
    };
    if let Some(reason) = reason {
        close(&node, &mut socket, &reason).await;
    }
}

/// Serves a session whose connection another node holds, until it ends.
pub(crate) async fn serve_relayed(
    node: &Arc<Node>,
    socket: &mut Socket,
    admitted: Admitted,
    ops_per_minute: u64,
) {
    if let Some(reason) = run(node, socket, admitted, ops_per_minute).await {
        close(node, socket, &reason).await;
    }
}

async fn close(node: &Node, socket: &mut Socket, reason: &CloseReason) {
    node.metrics.close(reason);
    let closing = node.begin_close();
    Box::pin(socket.close(reason, closing.wait)).await;
}

/// Opens the session, or says who is refused and why. Counted where the app is known.
async fn open(node: &Arc<Node>, attempt: Box<Attempt>) -> Result<(Admission, u64), (Refused, CloseReason)> {
    let arrived = attempt.arrived;
    let outcome = checked(node, attempt).await;
    match &outcome {
        Ok((admission, _)) => node.meter.handshake(admission.app(), None, arrived),
        Err(((_, Some(app)), reason)) => node.meter.handshake(app, Some(reason.into()), arrived),
        Err(((_, None), _)) => {}
    }
    outcome
}

/// The checks that follow the upgrade, in SPEC's order: name, token, claims and origin, then pin and limits.
async fn checked(
    node: &Arc<Node>,
    attempt: Box<Attempt>,
) -> Result<(Admission, u64), (Refused, CloseReason)> {
    let refused = |app: Option<AppKey>, reason| ((attempt.client, app), reason);
    let name = attempt.name.map_err(|_| refused(None, CloseReason::InvalidDocumentName))?;
    let claims = verify(node, attempt.token.as_deref())
        .await
        .map_err(|refusal| refused(None, CloseReason::from(refusal)))?;
    claims
        .check_origin(attempt.origin.as_deref())
        .map_err(|cause| refused(Some(claims.app.clone()), CloseReason::Forbidden(cause)))?;
    let key = DocumentKey { app: claims.app.clone(), name };
    let admission =
        admit(node, &key, &claims).await.map_err(|reason| refused(Some(key.app.clone()), reason))?;
    Ok((admission, claims.limits.ops_per_minute_max))
}

/// What a refusal of this attempt would be noted under.
pub(crate) async fn refused_as(node: &Node, attempt: &Attempt) -> Refused {
    let app = match &attempt.name {
        Ok(_) => verify(node, attempt.token.as_deref()).await.ok().map(|claims| claims.app.clone()),
        Err(_) => None,
    };
    (attempt.client, app)
}

async fn verify(node: &Node, token: Option<&str>) -> Result<Arc<Claims>, TokenRefusal> {
    let token = token.ok_or(TokenRefusal::Missing)?;
    node.ports.tokens.verify(token, node.ports.clock.unix_ms()).await
}

/// Makes a refused client wait that keeps coming back.
async fn hold_back(node: &Node, who: Refused, reason: &CloseReason) {
    node.metrics.handshake(HandshakeOutcome::Refused(reason.code()));
    tracing::debug!(client = %who.0, code = reason.code(), reason = %reason.text(), "refused");
    if let Some(hold) = node.refusals.refuse(who, node.now(), &*node.ports.entropy) {
        node.metrics.held.inc();
        tokio::time::sleep(hold.length).await;
        node.metrics.held.dec();
    }
}

/// Carries messages to the document until one side ends the connection. Returns the reason to close it with,
/// if the client is still there to read it. Its places are given back by then: whoever reads the close frame
/// may come back.
async fn run(
    node: &Arc<Node>,
    socket: &mut Socket,
    admitted: Admitted,
    ops_per_minute: u64,
) -> Option<CloseReason> {
    let membership = Membership::new(node, socket, admitted, ops_per_minute);
    loop {
        let messages = match socket.receive(|| node.now_s()).await {
            Received::Messages(messages) => messages,
            Received::End(reason) => return reason,
        };
        if membership.hand_over(messages).await.is_err() {
            // The document's end has asked for a close with its reason; ours is not heard after that.
            socket.link().close(CloseReason::NodeRestarting);
        }
    }
}

/// A connection's membership of its document. Dropped, whatever the cause, the session leaves and all its
/// places are given back.
struct Membership<'a> {
    node: &'a Node,
    session: SessionId,
    admitted: Admitted,
}

impl<'a> Membership<'a> {
    fn new(node: &'a Node, socket: &Socket, admitted: Admitted, ops_per_minute: u64) -> Self {
        let session = SessionId(node.next_id());
        let peer = if admitted.connection.is_some() { Peer::Client } else { Peer::Node };
        let handle = &admitted.seat.handle;
        node.keep_link(session.0, socket.link(), peer, (handle.home(), &handle.key.app));
        if let Some(connection) = &admitted.connection {
            let link = Arc::clone(socket.link());
            connection.on_lost(Box::new(move || link.close(CloseReason::NodeRestarting)));
        }
        let joined = admitted.seat.handle.join(session, socket.link(), ops_per_minute);
        // What a draining node holds it serves to the others until it has given it up.
        if joined.is_err() || (node.is_draining() && peer == Peer::Client) {
            socket.link().close(CloseReason::NodeRestarting);
        }
        Self { node, session, admitted }
    }

    async fn hand_over(&self, messages: Vec<Bytes>) -> Result<(), Gone> {
        self.admitted.seat.handle.hand_over(self.session, messages).await
    }
}

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        self.admitted.seat.handle.leave(self.session);
        self.node.drop_link(self.session.0);
    }
}
