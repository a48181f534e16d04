use hyper::StatusCode;

/// Why a node does not do what another asks of it over the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum RelayRefusal {
    /// The request is none that this port answers, or its pass is no pass.
    #[error("the request is malformed")]
    Malformed,
    /// The pass was sealed with another secret, or changed.
    #[error("the pass has no seal of ours")]
    BadSeal,
    /// The node does not hold the document.
    #[error("the document is not held here")]
    NotHere,
    /// The document has as many users as the pass allows.
    #[error("the document has no room for another user")]
    UsersFull,
    /// The pass is for another life of the node.
    #[error("that life of the node is over")]
    OtherLife,
    /// The document is quarantined.
    #[error("the document is quarantined")]
    Quarantined,
    /// The node holds the document and can't serve it: a store does not answer.
    #[error("the document can't be served for the moment")]
    Unavailable,
    /// The node is about to end.
    #[error("the node is draining")]
    Draining,
}

const STATUSES: [(RelayRefusal, StatusCode); 8] = [
    (RelayRefusal::Malformed, StatusCode::BAD_REQUEST),
    (RelayRefusal::BadSeal, StatusCode::FORBIDDEN),
    (RelayRefusal::NotHere, StatusCode::NOT_FOUND),
    (RelayRefusal::UsersFull, StatusCode::CONFLICT),
    (RelayRefusal::OtherLife, StatusCode::GONE),
    (RelayRefusal::Quarantined, StatusCode::LOCKED),
    (RelayRefusal::Unavailable, StatusCode::BAD_GATEWAY),
    (RelayRefusal::Draining, StatusCode::SERVICE_UNAVAILABLE),
];

impl RelayRefusal {
    /// The status that says so.
    pub(super) fn status(self) -> StatusCode {
        let known = STATUSES.iter().find(|(refusal, _)| *refusal == self);
        known.map_or(StatusCode::INTERNAL_SERVER_ERROR, |(_, status)| *status)
    }

    /// What a status says, if it is one of a relay's.
    pub(super) fn from_status(status: StatusCode) -> Option<Self> {
        STATUSES.iter().find(|(_, known)| *known == status).map(|(refusal, _)| *refusal)
    }
}
