use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// Why a call has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0} calls are under way already")]
    TooMany(usize),
    #[error("{0}")]
    Away(Arc<str>),
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("{0}")]
    Redis(#[from] RedisError),
}

/// What an error says about the connection that brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The server answers.
    Answered,
    /// Some server did not.
    Unanswered,
    /// Only a fresh connection, to whatever the name then leads to, can do better.
    Lost,
}

/// Judges an error of a connection to one server.
pub(super) fn of_single(error: &RedisError) -> Verdict {
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::AuthenticationFailed => Verdict::Lost,
        // A server that became a replica, that starts, or that joined a cluster.
        ErrorKind::Server(
            ServerErrorKind::ReadOnly
            | ServerErrorKind::MasterDown
            | ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask,
        ) => Verdict::Lost,
        _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => Verdict::Lost,
        _ => Verdict::Answered,
    }
}

/// Judges an error of a connection to a cluster, which has followed redirections and reconnected by itself: what is
/// left of those says that the server of one key is away, and nothing of the others.
pub(super) fn of_cluster(error: &RedisError) -> Verdict {
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::ReadOnly) => Verdict::Lost,
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::ClusterConnectionNotFound => Verdict::Unanswered,
        _ if error.is_cluster_error() => Verdict::Unanswered,
        _ => Verdict::Answered,
    }
}

/// Whether a script was asked for by its digest of a server that does not have it.
pub(super) fn lacks_script(failure: &Failure) -> bool {
    matches!(failure, Failure::Redis(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript))
}
