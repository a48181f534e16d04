//! Every bound of the service in one place: each with its unit and the reason for its size.

use std::time::Duration;

/// Bytes of a tenant or app id (SPEC: 1 to 64 characters of `A-Z a-z 0-9 _ -`).
pub const ID_BYTES_MAX: usize = 64;
/// Bytes of a document name after percent-decoding. Long enough for paths and UUID pairs, short enough for
/// a sort key of every store (DynamoDB allows 1,024 bytes).
pub const DOCUMENT_NAME_BYTES_MAX: usize = 512;
/// Bytes of a region or home region name.
pub const REGION_BYTES_MAX: usize = 64;
/// The largest plan limit: 2^53, the largest integer that JSON readers agree on.
pub const LIMIT_MAX: u64 = 1 << 53;
/// Bytes of a JWT that is looked at; a longer one is malformed. A request line of hyper's holds 64 KiB.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Seconds that `exp`, `nbf` and `iat` may be off.
pub const TOKEN_LEEWAY_SECONDS: u64 = 30;
/// `allowed_domain_N` claims that are read.
pub const ALLOWED_DOMAINS_MAX: usize = 3;
/// Bytes of a close frame's reason (RFC 6455 section 5.5: 125 less the code).
pub const CLOSE_REASON_BYTES_MAX: usize = 123;
/// Bytes of one WebSocket message by default.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a document without sessions stays pinned.
pub const GRACE: Duration = Duration::from_secs(10);
/// The longest silence that a stock client bears is 30 s; a data frame goes out at least this often.
pub const DATA_FRAME_EVERY: Duration = Duration::from_secs(25);
/// How long a known-full app is refused from memory after a refusal by the ledger.
pub const KNOWN_FULL: Duration = Duration::from_millis(250);
/// Requests that wait for one app's ledger on one node; more are told to try again later.
pub const LEDGER_WAITING_MAX: usize = 65_536;
/// Writes that one batch of admissions may lose to other nodes before those still waiting are told to try
/// again later.
pub const LEDGER_CONFLICTS_MAX: u32 = 64;
/// Addresses that are read from `X-Forwarded-For`, from the right.
pub const FORWARDED_ADDRESSES_MAX: usize = 32;
/// How long a store may take to answer a request of the control plane; past it the client gets a 503, which
/// it can retry, instead of a wait that its own deadline would end.
pub const LOOKUP_DEADLINE: Duration = Duration::from_secs(2);
/// `Retry-After` of a 503 lies between these two, drawn for each answer, so that clients that were turned away
/// together don't come back together.
pub const RETRY_AFTER: std::ops::Range<Duration> = Duration::from_secs(5)..Duration::from_secs(15);
/// How often a node raises its beat.
pub const BEAT_EVERY: Duration = Duration::from_secs(5);
/// How long a beat stands still, on its watcher's own clock, before its node may be declared dead: four beats. With
/// [`LOOK_EVERY`] on both sides it leaves time to reap within the 30 s that are promised.
pub const LEASE: Duration = Duration::from_secs(20);
/// How often a node looks at the beats of the others.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A watcher that has not looked for longer than this has seen nothing.
pub const LOOK_GAP_MAX: Duration = Duration::from_secs(7);
/// How long a fenced node may stay half reaped before another reaper takes over.
pub const REAPER_PATIENCE: Duration = Duration::from_secs(6);
/// How long after its reaping a node's sealed shares are forgotten. By far longer than any write can be under way:
/// one that arrives later would find nothing that refuses it.
pub const BURY_AFTER: Duration = Duration::from_secs(60 * 60);
/// How often a dead node's share may move while it is being sealed: once for each of its writes under way.
pub const SEAL_TRIES_MAX: u32 = 16;
/// Shares and pins of a dead node that are taken off the books at once.
pub const REAPED_AT_ONCE: usize = 32;
/// How long grants of ops that a node has bought may be spent: what they count longer than they need to.
pub const OPS_SPENT_WITHIN: Duration = Duration::from_millis(250);
/// How long an op that finds its app's window empty waits for others to return what they did not use.
pub const OPS_RETURN_WAIT: Duration = Duration::from_millis(20);
/// How soon after a refusal an app's ops wait for others' returns again. So one that keeps asking holds its document
/// up for a fiftieth of the time at most.
pub const OPS_SECOND_TRY_EVERY: Duration = Duration::from_secs(1);
/// How soon ops are bought ahead again after the gate granted fewer than that.
pub const OPS_AHEAD_PAUSE: Duration = Duration::from_millis(25);
/// How long a node waits before it asks a gate again that did not answer: at first, and at most.
pub const OPS_PROBE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// Lots of ops of one app that a node holds, and as many that it has yet to give back: far more than purchases follow one
/// another within [`OPS_SPENT_WITHIN`] in earnest. What is past it is given back early, or left to count.
pub const OPS_LOTS_MAX: usize = 64;
/// Documents of one app that wait for ops on one node; those past it pass on the node's own share.
pub const OPS_WAITING_MAX: usize = 65_536;
/// How often the owner of an open document makes sure that the store has it, beside its appends.
pub const CHECK_EVERY: Duration = Duration::from_secs(10 * 60);
/// Seconds for which an access token is good: `expires_in`.
pub const ACCESS_TOKEN_SECONDS: u64 = 900;
/// Seconds for which a refresh token is good.
pub const REFRESH_TOKEN_SECONDS: u64 = 7 * 24 * 60 * 60;
/// How long a tenant's next signing key is published before it signs: longer than anyone keeps a key set
/// ([`KEY_SET_SECONDS`], and the minute within which it is not fetched again).
pub const KEY_PUBLISHED_BEFORE: Duration = Duration::from_secs(10 * 60);
/// How long a signing key is published after it was followed: longer than any token that it signed is good.
pub const RETIRED_KEY_KEPT: Duration = Duration::from_secs(60 * 60);
/// Seconds for which a published key set may be kept (`max-age`).
pub const KEY_SET_SECONDS: u64 = 300;
/// How long a key set is trusted at most while its source can't be reached: whoever holds a revoked key, and keeps a node
/// from its source, has it for no longer.
pub const KEY_SET_KEPT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// How far ahead the clock may be of whoever makes a key that is to sign at once.
pub const CLOCKS_APART_MAX: Duration = Duration::from_secs(5 * 60);
/// Tenants that were never heard of whose keys one process asks for: at once, and each second from then on. Anybody can
/// name any; an outage or a restart brings all that there are.
pub const STRANGERS_ASKED_FOR: (u32, u32) = (500, 50);
/// Keys of one tenant, past ones included.
pub const TENANT_KEYS_MAX: usize = 16;
/// Bytes of a tenant's or an app's name.
pub const NAME_BYTES_MAX: usize = 200;
/// Bytes of the body of a request for a token: a form with a client's id and secret or a refresh token.
pub const TOKEN_REQUEST_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a client's secret that are looked at. Longer ones are refused before they are hashed.
pub const SECRET_BYTES_MAX: usize = 128;
/// Apps that one process meters at once, and is to write down: what is counted of more is lost, and told.
pub const METERED_APPS_MAX: usize = 65_536;
/// The same of one tenant's apps, so that a tenant who signs tokens for ever new ones takes no other's room.
pub const METERED_APPS_OF_TENANT_MAX: usize = 1024;
/// Hours of apps that one process keeps at once: this one, the one before and one that waits for as many apps as there may
/// be, or all that wait for a day of a log that is away for 7,000 apps. About 100 MB.
pub const METERED_HOURS_MAX: usize = 3 * METERED_APPS_MAX;
/// How many hours after its end an hour's usage may still be added: how long a process keeps what a log does not take.
pub const USAGE_LATE_MAX_HOURS: u64 = 24;
/// Hours after its end until a day is rolled up: past the latest addition, with two hours for clocks that differ.
pub const ROLLED_UP_AFTER_HOURS: u64 = USAGE_LATE_MAX_HOURS + 2;
/// Days for which usage is kept: 13 months, and some days to ask for them.
pub const USAGE_KEPT_DAYS: u64 = 400;
/// Hours of the longest report by hour: 31 days.
pub const REPORT_HOURS_MAX: u64 = 31 * 24;
/// Apps of one tenant that a report over all of them has; with more it is refused, and each can be asked for.
pub const REPORT_APPS_MAX: usize = 1_000;
/// Spans that a report over all of a tenant's apps reads: apps times days, or times hours where it is by hour. The 516 apps of a
/// default report of 31 days; more would not be read within the time that a report may take.
pub const REPORT_SPANS_MAX: u64 = 16_000;
/// Minutes for which is kept what each node did.
pub const PLATFORM_MINUTES_KEPT: u64 = 120;
/// How long after its last beat, as the clocks of two machines tell it, a node counts without a second look.
pub const BEAT_FRESH: Duration = Duration::from_secs(8);
/// API keys of one holder, revoked ones included.
pub const API_KEYS_MAX: usize = 256;
/// Bytes of a description.
pub const DESCRIPTION_BYTES_MAX: usize = 200;
/// Characters of a webhook's description, counted as JSON Schema counts them.
pub const WEBHOOK_DESCRIPTION_CHARS_MAX: usize = 200;
/// Webhooks of one tenant.
pub const WEBHOOKS_MAX: usize = 16;
/// Bytes of a webhook's URL.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2_048;
/// Bytes of a host's name as it is spelled (RFC 1035 section 2.3.4 has 255 with what spells its labels' lengths).
pub const HOST_NAME_BYTES_MAX: usize = 253;
/// Bytes of each label of a host's name (RFC 1035 section 2.3.4).
pub const HOST_LABEL_BYTES_MAX: usize = 63;
/// Bytes of the body of a request that makes a webhook.
pub const WEBHOOK_REQUEST_BYTES_MAX: usize = 8 * 1024;
/// How long a webhook's receiver may take, from the look-up of its name to the head of its answer.
pub const WEBHOOK_DEADLINE: Duration = Duration::from_secs(10);
/// Seconds for which the delivery of an event is tried.
pub const DELIVERY_TRIED_SECONDS: u64 = 24 * 60 * 60;
/// Seconds after which whoever took a delivery on and says nothing is believed to be gone: longer than a run of the scheduled
/// function, so that none delivers what another is about to.
pub const DELIVERY_CLAIM_SECONDS: u64 = 120;
/// Days for which a delivery is remembered after its end: longer than a month, as an event is raised once in that.
pub const DELIVERY_KEPT_DAYS: u64 = 40;
/// Apps' months of which one process remembers, between its alerting runs, what it summed up and raised. Those past it are
/// read in full each time.
pub const ALERTED_MONTHS_MAX: usize = 65_536;
/// Deliveries of one tenant that one alerting run tries at once, so that receivers that hang hold up their own tenant.
pub const DELIVERIES_OF_TENANT_AT_ONCE: usize = 2;
