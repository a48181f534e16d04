use super::Histogram;
use crate::close::CloseReason;
use crate::http_error::HttpError;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What usage is counted by, within an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `GET /discovery`.
    Discovery,
    /// `GET /usage`.
    Usage,
    /// WebSocket handshakes.
    Connect,
    /// Ops.
    Ops,
}

impl Endpoint {
    /// Every endpoint, in order.
    pub const ALL: [Self; 4] = [Self::Discovery, Self::Usage, Self::Connect, Self::Ops];

    /// As reports name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Usage => "usage",
            Self::Connect => "connect",
            Self::Ops => "ops",
        }
    }

    /// The endpoint of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }
}

/// Why something was refused: a close code (`4004`) or the code of an HTTP error (`service_unavailable`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// Bytes of a reason.
    pub const BYTES_MAX: usize = 32;

    /// A reason as a store has it: 1 to 32 characters of `a-z 0-9 _`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        ((1..=Self::BYTES_MAX).contains(&text.len()) && plain).then(|| Self(Cow::Owned(text.to_owned())))
    }

    /// The reason as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&CloseReason> for Reason {
    fn from(reason: &CloseReason) -> Self {
        Self(Cow::Owned(reason.code().to_string()))
    }
}

impl From<&HttpError> for Reason {
    fn from(error: &HttpError) -> Self {
        Self(Cow::Borrowed(error.code()))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is counted of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageCounts {
    /// Requests, refused ones included.
    pub requests: u64,
    /// Refused or failed requests, by reason.
    pub refused: BTreeMap<Reason, u64>,
    /// Sum of the times to answer, in microseconds.
    pub latency_us: u64,
    /// The times to answer.
    pub histogram: Histogram,
}

impl UsageCounts {
    /// Counts `requests` that were answered after `took` each.
    pub fn answered(&mut self, requests: u64, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.requests = self.requests.saturating_add(requests);
        self.latency_us = self.latency_us.saturating_add(took_us.saturating_mul(requests));
        self.histogram.note(took_us, requests);
    }

    /// Counts a request that was refused after `took`.
    pub fn refused(&mut self, reason: Reason, took: Duration) {
        self.answered(1, took);
        *self.refused.entry(reason).or_default() += 1;
    }

    /// Refused or failed requests.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.refused.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests == 0 && self.latency_us == 0 && self.refused.is_empty()
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.latency_us = self.latency_us.saturating_add(other.latency_us);
        self.histogram.add(&other.histogram);
        for (reason, count) in &other.refused {
            let sum = self.refused.entry(reason.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

/// How many connections and documents an app had over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Levels {
    /// The most open WebSockets at once, over all nodes.
    pub connections_peak: u64,
    /// The most active documents at once, over all nodes.
    pub documents_peak: u64,
    /// Sum over the connections of how long each was open, in milliseconds: divided by the length of time it is their mean.
    pub connections_ms: u64,
    /// The same of active documents.
    pub documents_ms: u64,
}

impl Levels {
    /// Whether there was nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what others had over the same time, or this app over another: times add up, of peaks the higher one stays.
    pub fn add(&mut self, other: &Self) {
        self.connections_peak = self.connections_peak.max(other.connections_peak);
        self.documents_peak = self.documents_peak.max(other.documents_peak);
        self.connections_ms = self.connections_ms.saturating_add(other.connections_ms);
        self.documents_ms = self.documents_ms.saturating_add(other.documents_ms);
    }
}

/// What an app did in some time.
#[derive(Debug, Clone, Default)]
pub struct AppUsage {
    /// Each apart, as most are empty: a process keeps the usage of many apps.
    endpoints: [Option<Box<UsageCounts>>; Endpoint::ALL.len()],
    /// What it held.
    pub levels: Levels,
}

static NOTHING: UsageCounts = UsageCounts {
    requests: 0,
    refused: BTreeMap::new(),
    latency_us: 0,
    histogram: Histogram { counts: [0; Histogram::BUCKETS] },
};

impl AppUsage {
    /// What was counted of an endpoint.
    #[must_use]
    pub fn of(&self, endpoint: Endpoint) -> &UsageCounts {
        self.endpoints[endpoint as usize].as_deref().unwrap_or(&NOTHING)
    }

    /// What is counted of an endpoint, to count more.
    pub fn of_mut(&mut self, endpoint: Endpoint) -> &mut UsageCounts {
        self.endpoints[endpoint as usize].get_or_insert_default()
    }

    /// What was counted of one endpoint, or of all together.
    #[must_use]
    pub fn total(&self, endpoint: Option<Endpoint>) -> UsageCounts {
        let mut total = UsageCounts::default();
        let wanted =
            Endpoint::ALL.into_iter().filter(|each| endpoint.is_none_or(|endpoint| endpoint == *each));
        wanted.for_each(|endpoint| total.add(self.of(endpoint)));
        total
    }

    /// Requests of all endpoints together, refused ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        let counts = self.endpoints.iter().flatten();
        counts.fold(0, |sum, counts| sum.saturating_add(counts.requests))
    }

    /// Whether nothing was counted and nothing held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty() && self.endpoints.iter().flatten().all(|counts| counts.is_empty())
    }

    /// Adds what another counted: of other writers, or of another time.
    pub fn add(&mut self, other: &Self) {
        for (counts, more) in self.endpoints.iter_mut().zip(&other.endpoints) {
            if let Some(more) = more {
                counts.get_or_insert_default().add(more);
            }
        }
        self.levels.add(&other.levels);
    }
}

impl PartialEq for AppUsage {
    fn eq(&self, other: &Self) -> bool {
        let counted = Endpoint::ALL.into_iter().all(|endpoint| self.of(endpoint) == other.of(endpoint));
        counted && self.levels == other.levels
    }
}

impl Eq for AppUsage {}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Reason {
        Reason::parse(text).unwrap()
    }

    #[test]
    fn refusals_are_requests_and_errors() {
        let mut usage = AppUsage::default();
        usage.of_mut(Endpoint::Ops).answered(3, Duration::from_micros(100));
        usage.of_mut(Endpoint::Connect).refused(reason("4004"), Duration::from_millis(2));
        let total = usage.total(None);
        assert_eq!((total.requests, total.errors(), total.latency_us), (4, 1, 2_300));
        let ops = usage.total(Some(Endpoint::Ops));
        assert_eq!((ops.requests, ops.errors(), ops.latency_us), (3, 0, 300));
    }

    #[test]
    fn sums_add_counts_and_keep_the_higher_peak() {
        let levels = Levels { connections_peak: 3, documents_peak: 1, connections_ms: 10, documents_ms: 5 };
        let mut one = AppUsage { levels, ..AppUsage::default() };
        one.of_mut(Endpoint::Usage).refused(reason("not_found"), Duration::ZERO);
        let mut other = one.clone();
        other.levels.connections_peak = 7;
        one.add(&other);
        let levels = Levels { connections_peak: 7, documents_peak: 1, connections_ms: 20, documents_ms: 10 };
        assert_eq!((one.levels, one.of(Endpoint::Usage).errors()), (levels, 2));
        assert!(!one.is_empty() && AppUsage::default().is_empty());
    }

    #[test]
    fn names_and_reasons_are_closed_and_plain() {
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::parse(endpoint.name()), Some(endpoint));
        }
        assert_eq!(Endpoint::parse("token"), None);
        for bad in ["", "A", "a b", "a.b", "a#b", &"a".repeat(33)] {
            assert_eq!(Reason::parse(bad), None, "{bad}");
        }
        assert_eq!(Reason::from(&CloseReason::MissingToken).as_str(), "4001");
        assert_eq!(Reason::from(&HttpError::NotFound).as_str(), "not_found");
    }
}
