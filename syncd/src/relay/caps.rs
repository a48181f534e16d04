//! Every bound of the relay in one place: each with its unit and the reason for its size.

use std::time::Duration;

/// Bytes of a cluster secret: as many as the seal's hash has, so that guessing it is no easier than the hash.
pub(crate) const SECRET_BYTES_MIN: usize = 32;
/// Bytes of a sealed pass. A document's name of 512 bytes may double in JSON, and base64 adds a third.
pub(crate) const PASS_BYTES_MAX: usize = 4096;
/// How long the owner of a document may take from the first packet to its answer, before its edge calls it silent.
pub(crate) const DIAL_WAIT: Duration = Duration::from_secs(2);
/// Bytes of the head of a request or an answer on a relay port.
pub(crate) const RELAY_HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long a connection to a relay port may speak HTTP. Whoever dialled has given up long before.
pub(crate) const RELAY_HTTP_LIFE: Duration = Duration::from_secs(10);
/// Connections to a relay port that speak HTTP at once.
pub(crate) const RELAY_HTTP_CONNECTIONS_MAX: usize = 16_384;
/// Bytes that one read of an edge's connection to an owner holds.
pub(crate) const RELAY_READ_BUFFER_BYTES: usize = 2048;
/// Bytes that wait for an owner before its edge reads no more from the client. One batch may go over it.
pub(crate) const RELAY_BACKLOG_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a backlog's buffer that are kept once it is empty.
pub(crate) const RELAY_BACKLOG_KEPT_BYTES: usize = 4096;
