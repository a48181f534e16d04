use std::time::Duration;

/// How a proxy fails. Probabilities are of each request; the default is not to fail.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// How much longer a request takes.
    pub delay: Delay,
    /// Probability that a request is answered as a table does whose capacity is used up; it has no effect.
    pub throttled: f64,
    /// Probability that the connection is reset before the request has an effect.
    pub reset: f64,
    /// Which replies are lost after the request took effect.
    pub lost: LostReply,
    /// Whether nothing goes through at all.
    pub outage: Outage,
}

/// How much longer a request takes: drawn evenly between the two, before its effect or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delay {
    /// At least.
    pub least: Duration,
    /// At most.
    pub most: Duration,
}

impl Delay {
    /// The same for each request.
    #[must_use]
    pub const fn of(delay: Duration) -> Self {
        Self { least: delay, most: delay }
    }

    /// Up to `most`.
    #[must_use]
    pub const fn up_to(most: Duration) -> Self {
        Self { least: Duration::ZERO, most }
    }
}

/// Which replies are lost after the request took effect: the connection is reset, or nothing comes for as long
/// as the client waits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum LostReply {
    /// None.
    #[default]
    Never,
    /// Each with this probability.
    Sometimes(f64),
    /// The reply to every request, unless it is a repeat of one whose reply was lost.
    EachOnce,
}

/// Whether DynamoDB can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outage {
    /// It can.
    #[default]
    None,
    /// Connections are reset.
    Refuses,
    /// Requests are taken and never answered.
    Hangs,
}

impl Faults {
    /// Nothing goes through, in this way.
    #[must_use]
    pub fn outage(outage: Outage) -> Self {
        Self { outage, ..Self::default() }
    }

    /// Each request takes longer by `delay`.
    #[must_use]
    pub fn slow(delay: Duration) -> Self {
        Self { delay: Delay::of(delay), ..Self::default() }
    }

    /// Every reply is lost once after its effect.
    #[must_use]
    pub fn losing_each_reply_once() -> Self {
        Self { lost: LostReply::EachOnce, ..Self::default() }
    }
}
