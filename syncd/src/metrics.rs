//! What an operator sees, as Prometheus text.

use domain::close::CloseReason;
use domain::metering::Flushed;
use domain::ports::{Grant, Want};
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// A counter that is kept elsewhere in the process.
pub struct OutsideCounter {
    /// Its name, which ends in `_total`.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// Reads it.
    pub read: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// The node's counters. Cheap to touch: atomics only.
pub struct Metrics {
    registry: Registry,
    outside: Vec<(IntCounter, Box<dyn Fn() -> u64 + Send + Sync>)>,
    /// Open WebSockets that are counted in a ledger.
    pub connections: IntGauge,
    /// Active documents, those in grace included.
    pub documents: IntGauge,
    /// Sessions of documents.
    pub sessions: IntGauge,
    /// Sockets that were refused and are held back.
    pub held: IntGauge,
    /// Documents that are quarantined.
    pub quarantined: IntGauge,
    /// Documents that no store has as they are.
    pub documents_unstored: IntGauge,
    /// Documents that were written down again as a whole.
    pub documents_rewritten: IntCounter,
    /// Ops that were applied.
    pub ops: IntCounter,
    /// Those of them that passed on this node's own share, because the rate gate was away.
    pub ops_shared_out: IntCounter,
    ops_purchases: IntCounterVec,
    ops_purchase_seconds: Histogram,
    /// Messages that were received.
    pub messages_received: IntCounter,
    /// Bytes of messages that were received.
    pub bytes_received: IntCounter,
    /// Frames that were sent.
    pub frames_sent: IntCounter,
    /// Bytes of frames that were sent.
    pub bytes_sent: IntCounter,
    /// Resident bytes of this process.
    pub memory: IntGauge,
    handshakes: IntCounterVec,
    closes: IntCounterVec,
    fail_opens: IntCounterVec,
    ledger_writes: IntCounterVec,
    ledger_seconds: Histogram,
    ledger_requests: Histogram,
    append_seconds: Histogram,
    append_updates: Histogram,
    store_errors: IntCounterVec,
    /// Sessions here whose connections other nodes hold.
    pub relay_sessions: IntGauge,
    /// Connections here whose documents other nodes hold.
    pub relayed: IntGauge,
    /// Bytes of messages that were handed through, in both directions.
    pub relayed_bytes: IntCounter,
    /// Documents that were taken over from dead nodes.
    pub taken_over: IntCounter,
    /// Other nodes that this one reaped.
    pub reaped: IntCounter,
    /// Lives of this node that were declared dead.
    pub fenced: IntCounter,
    usage_unwritten: IntGauge,
    usage_unwritten_seconds: IntGauge,
    usage_lost: IntCounter,
    usage_flush_failures: IntCounter,
}

/// How a handshake ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeOutcome {
    /// The session was opened.
    Opened,
    /// Refused by a close frame with this code.
    Refused(u16),
    /// Answered by this HTTP status before the upgrade.
    Status(u16),
}

/// What came of a purchase of ops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseOutcome {
    /// All that was needed was granted.
    Granted,
    /// Less than that.
    Short,
    /// The rate gate did not answer in time.
    Unanswered,
}

impl PurchaseOutcome {
    /// What a grant is to whoever wanted that much.
    #[must_use]
    pub fn of(want: Want, grant: Grant) -> Self {
        if grant.count < want.need { Self::Short } else { Self::Granted }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Short => "short",
            Self::Unanswered => "unanswered",
        }
    }
}

fn buckets() -> Vec<f64> {
    [10e-6, 50e-6, 100e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 5.0].to_vec()
}

impl Metrics {
    /// Fresh counters for one node, and those of others that it tells too.
    ///
    /// # Errors
    /// Where two metrics have one name.
    pub fn new(outside: Vec<OutsideCounter>) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let gauge = |name, help| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let counter = |name, help| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let counters = |name, help, label| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let histogram = |name, help, buckets| {
            let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?;
            registry.register(Box::new(histogram.clone()))?;
            Ok::<_, prometheus::Error>(histogram)
        };
        let outside = outside.into_iter().map(|c| Ok((counter(c.name, c.help)?, c.read)));
        let outside = outside.collect::<Result<_, prometheus::Error>>()?;
        Ok(Self {
            outside,
            connections: gauge("wiresocket_connections_total", "Open WebSockets of this node")?,
            documents: gauge("wiresocket_documents_active", "Documents that this node holds")?,
            sessions: gauge("wiresocket_sessions", "Sessions of documents on this node")?,
            held: gauge("wiresocket_refusals_held", "Refused sockets that are held back")?,
            quarantined: gauge("wiresocket_documents_quarantined", "Documents in quarantine")?,
            documents_unstored: gauge(
                "wiresocket_documents_unstored",
                "Documents kept in memory because their store can't take them",
            )?,
            documents_rewritten: counter(
                "wiresocket_documents_rewritten_total",
                "Documents written down again as a whole, as their store had lost or missed something",
            )?,
            ops: counter("wiresocket_ops_total", "Updates that changed a document")?,
            ops_shared_out: counter(
                "wiresocket_ops_shared_out_total",
                "Ops let pass on the node's own share because the rate gate was away",
            )?,
            ops_purchases: counters(
                "wiresocket_ops_purchases_total",
                "Purchases of ops from the rate gate by result",
                "result",
            )?,
            ops_purchase_seconds: histogram(
                "wiresocket_ops_purchase_seconds",
                "Time of a purchase of ops",
                buckets(),
            )?,
            messages_received: counter("wiresocket_messages_received_total", "Messages from clients")?,
            bytes_received: counter("wiresocket_bytes_received_total", "Message bytes from clients")?,
            frames_sent: counter("wiresocket_frames_sent_total", "Data frames sent to clients")?,
            bytes_sent: counter("wiresocket_bytes_sent_total", "Bytes of data frames sent to clients")?,
            memory: gauge("wiresocket_memory_bytes", "Resident memory of this process")?,
            handshakes: counters("wiresocket_handshakes_total", "WebSocket attempts by outcome", "outcome")?,
            closes: counters("wiresocket_closes_total", "Close frames sent by code", "code")?,
            fail_opens: counters(
                "wiresocket_rate_limit_fail_opens_total",
                "Requests, and calls for ops, that the rate gate did not answer",
                "bucket",
            )?,
            ledger_writes: counters("wiresocket_ledger_writes_total", "Ledger writes by result", "result")?,
            ledger_seconds: histogram(
                "wiresocket_ledger_write_seconds",
                "Time of a ledger write",
                buckets(),
            )?,
            ledger_requests: histogram(
                "wiresocket_ledger_write_requests",
                "Requests for places that one ledger write answers",
                vec![0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0],
            )?,
            append_seconds: histogram("wiresocket_append_seconds", "Time of a document append", buckets())?,
            append_updates: histogram(
                "wiresocket_append_updates",
                "Updates in one document append",
                vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0],
            )?,
            store_errors: counters("wiresocket_store_errors_total", "Failed calls of a store", "store")?,
            relay_sessions: gauge(
                "wiresocket_relay_sessions",
                "Sessions of documents on this node whose connections other nodes hold",
            )?,
            relayed: gauge(
                "wiresocket_relayed_connections",
                "Connections of this node whose documents other nodes hold",
            )?,
            relayed_bytes: counter(
                "wiresocket_relayed_bytes_total",
                "Message bytes handed through to other nodes",
            )?,
            taken_over: counter("wiresocket_take_overs_total", "Documents taken over from dead nodes")?,
            reaped: counter("wiresocket_nodes_reaped_total", "Other nodes that this one reaped")?,
            fenced: counter("wiresocket_fenced_total", "Times this node was declared dead while it lived")?,
            usage_unwritten: gauge(
                "wiresocket_usage_unwritten",
                "Requests that are counted and not yet written to the usage log, but for those of the last 5 s that documents count",
            )?,
            usage_unwritten_seconds: gauge(
                "wiresocket_usage_unwritten_seconds",
                "How long the oldest of them may have waited: since the usage log last took all, or 0 where it has all",
            )?,
            usage_lost: counter(
                "wiresocket_usage_lost_total",
                "Requests that were counted and can't be written to the usage log any more",
            )?,
            usage_flush_failures: counter(
                "wiresocket_usage_flush_failures_total",
                "Flushes that the usage log did not take whole",
            )?,
            registry,
        })
    }

    /// Notes how a handshake ended.
    pub fn handshake(&self, outcome: HandshakeOutcome) {
        match outcome {
            HandshakeOutcome::Opened => self.handshakes.with_label_values(&["opened"]).inc(),
            HandshakeOutcome::Refused(code) => {
                self.handshakes.with_label_values(&[&code.to_string()]).inc();
            }
            HandshakeOutcome::Status(status) => {
                self.handshakes.with_label_values(&[&format!("http_{status}")]).inc();
            }
        }
    }

    /// Notes a close frame.
    pub fn close(&self, reason: &CloseReason) {
        self.closes.with_label_values(&[&reason.code().to_string()]).inc();
    }

    /// Notes a purchase of ops.
    pub fn ops_purchase(&self, took: Duration, outcome: PurchaseOutcome) {
        self.ops_purchases.with_label_values(&[outcome.name()]).inc();
        self.ops_purchase_seconds.observe(took.as_secs_f64());
    }

    /// Notes that something passed a rate gate that did not answer.
    pub fn fail_open(&self, bucket: &str) {
        self.fail_opens.with_label_values(&[bucket]).inc();
    }

    /// Notes how many requests a ledger write is for.
    pub fn ledger_batch(&self, requests: usize) {
        self.ledger_requests.observe(requests as f64);
    }

    /// Notes a ledger write, and whether it was answered.
    pub fn ledger_write(&self, took: Duration, answered: bool) {
        let result = if answered { "answered" } else { "unanswered" };
        self.ledger_writes.with_label_values(&[result]).inc();
        self.ledger_seconds.observe(took.as_secs_f64());
    }

    /// Notes an append of `updates` to a document's log.
    pub fn append(&self, took: Duration, updates: usize) {
        self.append_seconds.observe(took.as_secs_f64());
        self.append_updates.observe(updates as f64);
    }

    /// Notes what came of writing usage down.
    pub fn usage_flushed(&self, flushed: &Flushed) {
        self.usage_flush_failures.inc_by(u64::from(flushed.failure.is_some()));
        self.usage_lost(flushed.lost);
    }

    /// Notes how many requests are counted and not written down, and how long the oldest may have waited.
    pub fn usage_waits(&self, unwritten: u64, behind: Duration) {
        self.usage_unwritten.set(i64::try_from(unwritten).unwrap_or(i64::MAX));
        self.usage_unwritten_seconds.set(i64::try_from(behind.as_secs()).unwrap_or(i64::MAX));
    }

    /// Notes how many requests were counted in vain since the node began.
    pub fn usage_lost(&self, lost: u64) {
        self.usage_lost.inc_by(lost.saturating_sub(self.usage_lost.get()));
    }

    /// Notes a failed call of a store.
    pub fn store_error(&self, store: &str) {
        self.store_errors.with_label_values(&[store]).inc();
    }

    /// All metrics as Prometheus text (exposition format 0.0.4).
    #[must_use]
    pub fn text(&self) -> String {
        for (counter, read) in &self.outside {
            counter.inc_by(read().saturating_sub(counter.get()));
        }
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics could not be encoded");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}
