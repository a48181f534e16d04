//! HTTP rate policies per client IP (SPEC section 4), over a sliding window.

use std::time::Duration;

/// At most `limit` in any `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// How many.
    pub limit: u64,
    /// In what length of time.
    pub length: Duration,
}

impl Window {
    /// `limit` in 60 s.
    #[must_use]
    pub const fn per_minute(limit: u64) -> Self {
        Self { limit, length: Duration::from_secs(60) }
    }
}

/// What a client IP may do how often. Each variant has a bucket of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Policy {
    /// `GET /discovery` (STANDARD).
    Discovery,
    /// WebSocket attempts (STANDARD).
    Connect,
    /// `GET /usage` (STRICT).
    Usage,
    /// `GET /health`, `GET /` and `GET /metrics` (HEALTH).
    Health,
    /// `POST /connect/token` and the key sets (TOKEN).
    Token,
    /// `GET /v1/usage*`, of each API key (STRICT).
    Reports,
    /// `/v1/webhooks*`, of each API key (STANDARD).
    Webhooks,
    /// `GET /admin/*`, of each API key.
    Platform,
    /// Requests with an API key that is not known, of each client (STANDARD).
    UnknownKey,
}

impl Policy {
    /// How much a client IP may do.
    #[must_use]
    pub const fn window(self) -> Window {
        match self {
            Self::Discovery | Self::Connect | Self::Webhooks | Self::UnknownKey => Window::per_minute(60),
            Self::Usage | Self::Reports => Window::per_minute(12),
            Self::Health => Window::per_minute(300),
            Self::Token => Window::per_minute(30),
            Self::Platform => Window::per_minute(1000),
        }
    }

    /// The bucket's name, as it stands in keys and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Connect => "connect",
            Self::Usage => "usage",
            Self::Health => "health",
            Self::Token => "token",
            Self::Reports => "reports",
            Self::Webhooks => "webhooks",
            Self::Platform => "platform",
            Self::UnknownKey => "unknown_key",
        }
    }
}

/// Whether rate policies hold. Off is for load tests and machines behind a gate of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RatePolicies {
    /// Every policy holds.
    #[default]
    Enforced,
    /// Every request passes. Plan limits hold all the same.
    Off,
}

/// Seconds that `Retry-After` tells a rate-limited client to wait.
pub const RETRY_AFTER_SECONDS: u32 = 60;

/// How long a rate gate may take to answer before the request is let pass.
pub const GATE_DEADLINE: Duration = Duration::from_millis(50);
