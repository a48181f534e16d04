//! Documents that outlive every other store: their encoded states on S3, or in a folder.
//!
//! [`ArchivedDocuments`] puts an [`Archive`] behind any document store and is itself one. One object a document, which is
//! replaced as the document changes: a bucket that keeps versions keeps those. An object is exactly a Yjs update
//! (encoding v1) that holds the whole document, so `Y.applyUpdate` reads it.
//!
//! **Calls.** Opening a document that the inner store has costs nothing here; one that it lacks, a `GET`, and a `HEAD` where
//! an earlier opener gave up while a large state was read. Archiving a state costs a `HEAD` and a `PUT`, in a bucket a
//! `HEAD` alone where the object is that state already. On Amazon's S3 the bucket's policy must grant `s3:ListBucket` beside
//! `s3:GetObject` and `s3:PutObject`: without it S3 says 403 instead of 404 of an object that does not exist, and no new
//! document opens.

mod documents;
mod given_up;
mod large_reads;
mod late;
mod lost;
mod object_key;
mod objects;
mod reaching;
mod retrying;
mod url;

pub use documents::ArchivedDocuments;
pub use objects::Archive;
pub use reaching::OpenArchiveError;
pub use url::{ArchiveUrl, InvalidArchiveUrl};

use std::time::Duration;

/// The archive's name in errors.
const NAME: &str = "archive";
/// How long a connection may take to be made.
const CONNECT_DEADLINE: Duration = Duration::from_secs(1);
/// How long one request may take, its body included: above all that bounds what it is a part of.
const REQUEST_DEADLINE: Duration = Duration::from_secs(64);
/// How long looking for a state may take with all its requests, and how long whoever opens a document waits: below the
/// 5 s that his own caller does, so that he hears why.
const READ_DEADLINE: Duration = Duration::from_secs(4);
/// Bytes of a state that is read while its opener waits. A larger one is read on when he has given up.
const READ_WAITED_FOR_MAX: u64 = 4 * 1024 * 1024;
/// What the time to read a large state allows for, beyond [`READ_DEADLINE`], and its bound.
const READ_BYTES_A_SECOND: u64 = 4 * 1024 * 1024;
const READ_LONGEST: Duration = Duration::from_secs(60);
/// Large states that are being read, or were and are kept for their openers' next try, and their bytes. Past these bounds
/// they are read while their openers wait.
const LARGE_READS_MAX: usize = 64;
const LARGE_READS_BYTES_MAX: u64 = STATE_BYTES_MAX;
/// How long a large state is kept for its opener's next try.
const LARGE_READ_KEPT_FOR: Duration = Duration::from_secs(30);
/// How long putting a state may take with all its requests. Whoever asked for it may wait for less: it goes on without him.
const PUT_DEADLINE: Duration = Duration::from_secs(40);
/// Repeats of a request that failed on its way, within [`REPEATED_WITHIN`]. Whoever needs more asks again, after his own
/// pause.
const REPEATS_MAX: usize = 2;
const REPEATED_WITHIN: Duration = Duration::from_secs(3);
/// Pauses before a repeat: from, and at most.
const REPEAT_PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// Times that an object may turn out changed between looking at it and replacing it. Only an earlier owner's last put
/// can get between, or a copy of our own.
const PUT_TRIES_MAX: u32 = 4;
/// Bytes of a state: what a lender of documents takes, and a tenth of what S3 takes in one request.
const STATE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Bytes of states that wait to be put, beside those that are being put.
const LATE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Documents whose state waits to be put.
const LATE_DOCUMENTS_MAX: usize = 16 * 1024;
/// Documents that are noted as not archived, so that the inner store is not told to drop them: 200 bytes each.
const UNARCHIVED_MAX: usize = 128 * 1024;
/// How long they are noted at least: a release follows its last put within this.
const NOTED_FOR: Duration = Duration::from_secs(5 * 60);
/// Pauses between the rounds in which what waits is tried again: from, and at most; jittered by half.
const ROUND_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// States that a round tries: between two, the inner store is asked to keep what waits.
const ROUND_PUTS_MAX: usize = 64;
/// Documents that the inner store is asked to keep before a round. All that may wait have their turn within half an hour,
/// and a store that drops what nobody looks after waits for an hour at least.
const ROUND_KEPT_MAX: usize = 2048;
/// States that are put at once; the others wait in order.
const PUTS_AT_ONCE_MAX: usize = 64;
/// How often the log says how many states were given up.
const GIVEN_UP_SAID_EVERY: Duration = Duration::from_secs(60);
/// Failures in a row that end a round: the archive is away, and not one object refused.
const ROUND_FAILURES_MAX: u32 = 3;
/// How long a state waits until it is given up. An archive that is away for longer is an operator's matter; the inner
/// store has the document for as long as it keeps what nobody looks after.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(6 * 60 * 60);
/// Owners that are remembered as writing their document down again; past it each of them costs a `GET`.
const LOST_MAX: usize = 128 * 1024;
