//! Time and chance as arguments.

use std::time::Duration;

/// What tells the time. Two readings of one machine may be compared; readings of two machines never are.
pub trait Clock: Send + Sync + 'static {
    /// Time since some fixed moment of this process. Never goes back.
    fn monotonic(&self) -> Duration;

    /// Milliseconds since 1970-01-01T00:00:00Z, for tokens and timestamps only.
    fn unix_ms(&self) -> u64;
}

/// What gives chance: jitter, ids, and secrets that are good for days.
///
/// # Contract
/// Outside tests, nobody who has seen any number of draws can predict another: some of them are shown to whoever asks.
pub trait Entropy: Send + Sync + 'static {
    /// 64 bits, each as likely 0 as 1.
    fn next_u64(&self) -> u64;

    /// A length of time between `from` and `to`.
    fn between(&self, from: Duration, to: Duration) -> Duration {
        let span = to.saturating_sub(from).as_micros().min(u128::from(u64::MAX)) as u64;
        let offset = if span == 0 { 0 } else { self.next_u64() % span };
        from + Duration::from_micros(offset)
    }
}

/// `unix_ms` as RFC 3339 with milliseconds in UTC: `2026-02-25T14:40:00.000Z`. Past the year 9999 the
/// last moment of it.
#[must_use]
pub fn rfc3339_ms(unix_ms: u64) -> String {
    const LAST_SECOND: i64 = 253_402_300_799;
    let seconds = i64::try_from(unix_ms / 1000).unwrap_or(LAST_SECOND).min(LAST_SECOND);
    let at = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        unix_ms % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_milliseconds_and_a_z() {
        assert_eq!(rfc3339_ms(1_772_030_400_000), "2026-02-25T14:40:00.000Z");
        assert_eq!(rfc3339_ms(1_772_030_400_042), "2026-02-25T14:40:00.042Z");
        assert_eq!(rfc3339_ms(u64::MAX).len(), "9999-12-31T23:59:59.000Z".len());
    }
}
