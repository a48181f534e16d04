use domain::bounds::MESSAGE_BYTES_MAX;
use std::time::Duration;

/// The bounds of one document.
#[derive(Debug, Clone)]
pub struct Caps {
    /// Bytes of one message, and so of one update. The data plane's own bound by default.
    pub message_bytes_max: usize,
    /// Levels of nesting: of values (arrays and objects, in lib0 or JSON), and of shared types in one another.
    /// yrs and JavaScript recurse over both; 64 levels take a few KiB of stack, and no editor comes near.
    pub nesting_max: usize,
    /// Bytes that one update may take once it is decoded, as estimated from its structs and values. A byte on the
    /// wire can become a hundred in memory; this lets through a full 16 MiB of ordinary editing history.
    pub decoded_bytes_max: usize,
    /// Bytes of updates with missing dependencies that are kept for one session. Such an update waits for one
    /// round trip, since the session is asked for what is missing: this is what a person types meanwhile, or a
    /// pasted page.
    pub waiting_bytes_max: usize,
    /// Updates with missing dependencies that are kept for one session; each is looked at after every change.
    pub waiting_updates_max: usize,
    /// Bytes of one awareness state's JSON. A cursor and a user take under 1 KiB.
    pub awareness_state_bytes_max: usize,
    /// Bytes of all awareness states of the document together: they go to every joiner in one message.
    pub awareness_bytes_max: usize,
    /// Awareness clients that one session may introduce. Stock clients have one for each document.
    pub awareness_clients_max: usize,
    /// The shortest time between two awareness frames, which is also the longest that a state waits.
    pub awareness_tick: Duration,
    /// How long an owner of an awareness client must have been silent before another session may take the client
    /// over. Stock clients renew their state every 15 s.
    pub awareness_silence: Duration,
    /// How long the clock of a removed awareness client is remembered, so that a late message of it brings nothing
    /// back. Stock clients reconnect within seconds.
    pub awareness_memory: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            message_bytes_max: MESSAGE_BYTES_MAX,
            nesting_max: 64,
            decoded_bytes_max: 512 * 1024 * 1024,
            waiting_bytes_max: 256 * 1024,
            waiting_updates_max: 256,
            awareness_state_bytes_max: 64 * 1024,
            awareness_bytes_max: 8 * 1024 * 1024,
            awareness_clients_max: 64,
            awareness_tick: Duration::from_millis(50),
            awareness_silence: Duration::from_secs(20),
            awareness_memory: Duration::from_secs(60),
        }
    }
}
