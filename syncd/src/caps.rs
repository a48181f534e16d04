//! Every bound of the sync node in one place: each with its unit and the reason for its size. Those that the
//! whole service shares are in [`domain::bounds`].

use std::time::Duration;

/// Bytes that wait for one reader before it is told to try again later. One message may go over it, so that a
/// joiner of a large document is served.
pub const BACKLOG_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Pongs and close frames that wait behind a reader's backlog: a client that pings and does not read is ended.
pub const QUEUED_CONTROLS_MAX: usize = 1024;
/// Pieces of one vectored write. More does not pay: the kernel takes at most a socket buffer's worth.
pub const WRITE_PIECES_MAX: usize = 16;
/// Bytes that one read of an idle connection's buffer holds.
pub const READ_BUFFER_BYTES: usize = 512;
/// Reads of a connection's socket before other tasks get a chance. Each is of at most the read buffer's bytes, so
/// that this is a batch of small messages.
pub const READS_BETWEEN_YIELDS: u32 = 256;
/// Messages that a connection reads before it hands them over.
pub const BATCH_MESSAGES_MAX: usize = 256;
/// Bytes that a connection reads before it hands them over.
pub const BATCH_BYTES_MAX: usize = 64 * 1024;
/// Bytes of messages that wait for one document. A message that is larger waits alone.
pub const INBOX_BYTES_MAX: u32 = 32 * 1024 * 1024;
/// What a batch takes of the inbox at least, so that tiny messages are bounded too.
pub const BATCH_BYTES_MIN: u32 = 256;
/// Batches that a document works on before it stores and sends.
pub const TURN_BATCHES_MAX: usize = 64;
/// Bytes of replies of a turn that wait to be sent before the rest of the turn is worked off.
pub const TURN_REPLY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a message, or of a state to encode, from which the work on it moves off the threads that serve
/// everybody.
pub const HEAVY_BYTES: usize = 256 * 1024;
/// How long an op may wait for its app's purse: longer than a return, two purchases and the pause between them may take.
/// Past it, it passes on the node's own share.
pub const OPS_WAIT: Duration = Duration::from_millis(500);
/// How long the answer to a purchase of ops that missed its deadline is still waited for, so that it can be given back.
pub const OPS_LATE_WAIT: Duration = Duration::from_secs(1);
/// How soon a document in grace that a handshake is looking at is looked at again.
pub const GRACE_RETRY: Duration = Duration::from_millis(100);
/// Sessions that are sent to before other tasks get a chance.
pub const SENDS_BETWEEN_YIELDS: usize = 256;
/// How often a document looks after sessions that are silent.
pub const SILENCE_LOOK_EVERY: Duration = Duration::from_secs(8);
/// A session that was sent nothing for this long is sent an empty data frame. Together with the look's
/// interval it stays under the 25 s of [`domain::bounds::DATA_FRAME_EVERY`].
pub const SILENCE_BEFORE_FRAME: Duration = Duration::from_secs(15);
/// Seconds without a byte from a client before it is pinged.
pub const SILENT_BEFORE_PING_S: u32 = 30;
/// Seconds without a byte from a client, pings unanswered, before its connection is dropped.
pub const SILENT_BEFORE_DROP_S: u32 = 90;
/// How long a closing connection may take to read what is left and answer the close frame.
pub const CLOSE_WAIT: Duration = Duration::from_secs(10);
/// Refused or ended sockets that are given [`CLOSE_WAIT`] at once; past it the socket ends behind its close frame.
pub const CLOSING_MAX: usize = 4096;
/// How long a store must have failed to answer before `/health` tells. One late answer, or a failover, is not to take a
/// node from its balancer: the same store serves every node of a region, and all of them would go at once.
pub const FAILURE_LASTING: Duration = Duration::from_secs(5);
/// How long a failure of a store is told in `/health` where nothing has asked that store since.
pub const FAILURE_TOLD: Duration = Duration::from_secs(15);
/// How long a connection may speak plain HTTP.
pub const HTTP_LIFE: Duration = Duration::from_secs(120);
/// How long a handshake may wait for the ledger.
pub const LEDGER_WAIT: Duration = Duration::from_secs(5);
/// How long a handshake may wait for another one that opens or releases the same document.
pub const OPENING_WAIT: Duration = Duration::from_secs(15);
/// How often a handshake looks again at a document that others open or release, or gives up documents in
/// grace, before it is told to try again later.
pub const OPENING_TRIES_MAX: u32 = 64;
/// How long one call of a store may take.
pub const STORE_DEADLINE: Duration = Duration::from_secs(5);
/// Waits between tries of a ledger write whose answer was lost: from, and at most.
pub const LEDGER_RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How soon one write of an app's ledger that is for more than one connection or document is followed by another.
/// In a storm, arrivals and departures of this time become one write; who comes alone does not wait.
pub const LEDGER_PACE: Duration = Duration::from_millis(40);
/// Requests and departures of one write from which the next gathers for [`LEDGER_STORM_PACE`].
pub const LEDGER_STORM: u64 = 16;
/// How soon a write for a storm is followed by another: ten a second, app and node, whatever comes.
pub const LEDGER_STORM_PACE: Duration = Duration::from_millis(100);
/// How long a document stays quarantined before it is loaded again.
pub const QUARANTINE: Duration = Duration::from_secs(60);
/// How long an append is tried again before its document's sessions are told to try again later: a store that fails
/// over within it is not noticed.
pub const APPEND_PATIENCE: Duration = Duration::from_secs(2);
/// The pause between two tries of an append.
pub const APPEND_RETRY: Duration = Duration::from_millis(50);
/// Pauses between tries to write down a document that could not be stored: at first, and at most. Half of each is drawn.
pub const UNSTORED_RETRY: (Duration, Duration) = (Duration::from_millis(1500), Duration::from_secs(12));
/// The same pause where a drain waits for it.
pub const UNSTORED_RETRY_AT_END: Duration = Duration::from_millis(250);
/// Documents of a node that are written down again as a whole at once: each is read and written, and may be large.
pub const REWRITES_AT_ONCE: usize = 32;
/// How soon a log that could not be compacted is tried again.
pub const COMPACT_RETRY: Duration = Duration::from_secs(10);
/// How long a document that can't be stored is kept in memory before it is given up.
pub const UNSTORED_MAX: Duration = Duration::from_secs(60 * 60);
/// How soon a check that was not answered is made again; and within what time all documents ask a store that may have
/// lost something.
pub const CHECK_RETRY: Duration = Duration::from_secs(1);
/// How long one call of an archive may take, with all its tries.
pub const ARCHIVE_DEADLINE: Duration = Duration::from_secs(20);
/// How soon a state that could not be archived is archived again, if nobody releases the document before.
pub const ARCHIVE_RETRY: Duration = Duration::from_secs(30);
/// Encoded bytes from which a document is loaded on a thread of its own.
pub const LOAD_BYTES_INLINE: usize = 64 * 1024;
/// Refused sockets that are held back at once.
pub const HELD_MAX: usize = 1024;
/// (IP, app) pairs whose refusals are remembered.
pub const REFUSALS_MAX: usize = 16_384;
/// How often forgotten refusals are swept out of a full memory.
pub const REFUSALS_SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How long a refusal is remembered after its close frame went out.
pub const REFUSAL_MEMORY: Duration = Duration::from_secs(15);
/// How long the close frame of a refusal that keeps coming back is held: from, to.
pub const HOLD: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(5));
/// How long a request's head may take to arrive.
pub const HEAD_WAIT: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a request's body that the other routes of the port may read. Each that reads one has a smaller bound of its own;
/// the node's own routes read none.
pub const OTHER_BODY_BYTES_MAX: usize = 64 * 1024;
/// Requests' heads that are being read, and plain HTTP connections, at once.
pub const HTTP_CONNECTIONS_MAX: usize = 16_384;
/// How long the answers that are under way when the node ends may take: as long as one call of a store.
pub const HTTP_END_WAIT: Duration = STORE_DEADLINE;
/// A pause after a connection could not be accepted.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How soon a document that could not be pinned again, in another life of its node, tries once more.
pub const RENEW_RETRY: Duration = Duration::from_secs(1);
/// How often memory is measured.
pub const MEMORY_LOOK_EVERY: Duration = Duration::from_secs(1);
/// `Retry-After` of a node that takes no connections: from, to, in seconds.
pub const RETRY_AFTER_S: (u64, u64) = (5, 15);
/// How long a drain may take after the last wave before the process ends all the same.
pub const DRAIN_FLUSH: Duration = Duration::from_secs(10);
/// How long the end of a node may take to be written down; what is left over, others find.
pub const LEAVE_WAIT: Duration = Duration::from_secs(10);
/// How long a document keeps to itself what it has counted of its ops: so much is a second of them written down late.
pub const TALLIED_FOR: Duration = Duration::from_secs(5);
/// How long one flush of usage may take. Past it, what is left is due at the next one.
pub const USAGE_FLUSH_WAIT: Duration = Duration::from_secs(20);
/// How long the last usage of a node that ends is tried to be written down, at most: for ten thousands of apps.
pub const USAGE_END_WAIT: Duration = Duration::from_secs(10);
/// How long it is tried while the log takes nothing. The minutes of the platform are tried as long in all.
pub const USAGE_END_STALL: Duration = Duration::from_secs(5);
/// The longest time that is summed up at once of what is held: a lease, past which the others would hold the node for dead,
/// and a flush's period with the time that it is drawn late. A process that stood still for longer held nothing meanwhile.
pub const HELD_GAP_MAX: Duration = Duration::from_secs(120);
/// The pause between two tries of that.
pub const USAGE_END_RETRY: Duration = Duration::from_millis(250);
/// Ledgers that are read at once for the peaks of an hour in which nobody has written to them.
pub const PEAKS_LOOKED_UP_AT_ONCE: usize = 16;
/// How long a flush of usage reads such ledgers.
pub const PEAKS_LOOKED_FOR: Duration = Duration::from_secs(5);
/// How long a node tries to note what it did in a minute before it looks again: shorter than the 5 s between two looks.
pub const MINUTE_NOTED_WITHIN: Duration = Duration::from_secs(4);
/// How long a handshake waits before it looks again for a document that has just moved.
pub const MOVED_PAUSE: Duration = Duration::from_millis(50);
/// Pins that may have been left behind by calls that were not answered, and that are looked after. Those past it stand
/// until the document is opened again or the node is reaped.
pub const LEFTOVERS_MAX: usize = 16_384;
/// How long another node's session may wait for whoever opens or releases its document: less than that node waits.
pub const RELAY_OPENING_WAIT: Duration = Duration::from_millis(1500);
/// Nodes that are asked to give up a document in grace.
pub const ROOM_ASKED_MAX: usize = 8;
/// How long a pin that was read is believed to stand, by handshakes that then ask its owner.
pub const PIN_KNOWN: Duration = Duration::from_secs(1);
/// How long a document is believed to have no pin by handshakes that then ask for it.
pub const PIN_UNKNOWN: Duration = Duration::from_millis(20);
/// Documents whose pins are remembered.
pub const PINS_REMEMBERED_MAX: usize = 8192;
/// Calls for pins that one home table is asked at once; more wait.
pub const PIN_CALLS_MAX: usize = 256;
/// How often a handshake dials an owner again whose connection broke off.
pub const BROKEN_DIALS_MAX: u32 = 3;
/// Bytes that wait for a client of a relayed connection before no more is read from the owner.
pub const EDGE_BACKLOG_BYTES_MAX: usize = 256 * 1024;
/// How long such a client may take until it keeps up again. Its owner, which is not heard meanwhile, may have given it
/// up long before.
pub const EDGE_STALL: Duration = Duration::from_secs(30);
/// How long the start of a node waits for its home tables to know it; after that it serves, and goes on trying.
pub const ANNOUNCE_WAIT: Duration = Duration::from_secs(1);
/// How often and how long in all a handshake looks whether another one has declared an owner dead.
pub const DECLARED_LOOK: (Duration, u32) = (Duration::from_millis(10), 200);
