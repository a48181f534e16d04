use crate::bounds::{DELIVERY_CLAIM_SECONDS, DELIVERY_TRIED_SECONDS};
use crate::clock::Entropy;
use crate::ids::{EventId, TenantId, WebhookId};
use std::time::Duration;

/// Pauses between the tries of a delivery, in seconds; the last one is repeated.
const PAUSES: [u64; 8] = [60, 120, 300, 900, 1_800, 3_600, 7_200, 14_400];
/// Of a pause, how much at most is drawn on top, so that deliveries that failed together are not tried together.
const JITTER_DIVISOR: u64 = 4;

/// What is to become of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is tried when it is due.
    Pending,
    /// The receiver has it, or there is none any more: nothing is left to do.
    Delivered,
    /// It was tried for a day in vain: an operator sees it, and may have it tried again.
    Parked,
}

/// One event on its way to one webhook. A change replaces the whole record, on condition that it is still as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whose webhook.
    pub tenant: TenantId,
    /// The event.
    pub event: EventId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// The event as JSON: the bytes that are signed and sent, the same at each try.
    pub body: String,
    /// What is to become of it.
    pub state: DeliveryState,
    /// Tries that were begun.
    pub tries: u32,
    /// Seconds since 1970 before which it is not tried again.
    pub due_unix_s: u64,
    /// Seconds since 1970 at which it is given up.
    pub until_unix_s: u64,
    /// What came of the last try that failed; empty before there is one.
    pub last_failure: String,
    /// Raised with each change, so that of two at once one takes effect.
    pub version: u64,
    /// Drawn by whoever took it on last, so that another who does so at the same moment is not taken for its repeat.
    pub claim: u64,
}

impl Delivery {
    /// Bytes of a failure that are kept.
    pub const FAILURE_BYTES_MAX: usize = 300;

    /// A delivery that is due at once.
    #[must_use]
    pub fn new(tenant: TenantId, event: EventId, webhook: WebhookId, body: String, now_unix_s: u64) -> Self {
        Self {
            tenant,
            event,
            webhook,
            body,
            state: DeliveryState::Pending,
            tries: 0,
            due_unix_s: now_unix_s,
            until_unix_s: now_unix_s.saturating_add(DELIVERY_TRIED_SECONDS),
            last_failure: String::new(),
            version: 0,
            claim: 0,
        }
    }

    /// Whether it is to be tried.
    #[must_use]
    pub fn is_due(&self, now_unix_s: u64) -> bool {
        self.state == DeliveryState::Pending && self.due_unix_s <= now_unix_s
    }

    /// It, as taken on by somebody who tries it now. Should that one be gone, another takes it on after a while.
    #[must_use]
    pub fn claimed(&self, now_unix_s: u64, entropy: &dyn Entropy) -> Self {
        let due_unix_s = now_unix_s.saturating_add(DELIVERY_CLAIM_SECONDS);
        let (tries, claim) = (self.tries.saturating_add(1), entropy.next_u64());
        Self { tries, due_unix_s, claim, ..self.changed() }
    }

    /// It, after the receiver took it.
    #[must_use]
    pub fn delivered(&self) -> Self {
        Self { state: DeliveryState::Delivered, ..self.changed() }
    }

    /// It, after a try failed: due again after a pause that grows, or parked.
    #[must_use]
    pub fn failed(&self, failure: &str, now_unix_s: u64, entropy: &dyn Entropy) -> Self {
        let due_unix_s = now_unix_s.saturating_add(pause(self.tries, entropy));
        let is_over = due_unix_s >= self.until_unix_s;
        let state = if is_over { DeliveryState::Parked } else { DeliveryState::Pending };
        Self { state, due_unix_s, last_failure: shortened(failure), ..self.changed() }
    }

    /// Whether the time is over for which it is tried.
    #[must_use]
    pub fn is_over(&self, now_unix_s: u64) -> bool {
        self.until_unix_s <= now_unix_s
    }

    /// It, when there is nowhere to deliver it to any more. It is done with, so that nobody has it tried again; why stays
    /// with it.
    #[must_use]
    pub fn dropped(&self, why: &str) -> Self {
        Self { state: DeliveryState::Delivered, last_failure: shortened(why), ..self.changed() }
    }

    /// It, given up at once.
    #[must_use]
    pub fn parked(&self, failure: &str) -> Self {
        Self { state: DeliveryState::Parked, last_failure: shortened(failure), ..self.changed() }
    }

    /// It, to be tried for another day.
    #[must_use]
    pub fn replayed(&self, now_unix_s: u64) -> Self {
        let until_unix_s = now_unix_s.saturating_add(DELIVERY_TRIED_SECONDS);
        let (state, tries) = (DeliveryState::Pending, 0);
        Self { state, tries, due_unix_s: now_unix_s, until_unix_s, ..self.changed() }
    }

    fn changed(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// Seconds until the next try after so many.
fn pause(tries: u32, entropy: &dyn Entropy) -> u64 {
    let nth = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
    let (from, to) = (PAUSES[nth], PAUSES[nth] + PAUSES[nth] / JITTER_DIVISOR);
    entropy.between(Duration::from_secs(from), Duration::from_secs(to)).as_secs()
}

fn shortened(failure: &str) -> String {
    let mut end = failure.len().min(Delivery::FAILURE_BYTES_MAX);
    while !failure.is_char_boundary(end) {
        end -= 1;
    }
    failure[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u64);

    impl Entropy for Fixed {
        fn next_u64(&self) -> u64 {
            self.0
        }
    }

    fn delivery() -> Delivery {
        let (event, webhook) = (EventId::parse("evt_1").unwrap(), WebhookId::parse("wh_1").unwrap());
        Delivery::new(TenantId::parse("t").unwrap(), event, webhook, "{}".into(), 1_000)
    }

    /// Whether a delivery that always fails is parked, and after how many tries at what times.
    fn tried(entropy: &dyn Entropy) -> Vec<u64> {
        let (mut delivery, mut times) = (delivery(), Vec::new());
        while delivery.state == DeliveryState::Pending {
            let now = delivery.due_unix_s;
            times.push(now - 1_000);
            delivery = delivery.claimed(now, entropy).failed("500", now, entropy);
        }
        assert_eq!(delivery.state, DeliveryState::Parked);
        times
    }

    #[test]
    fn tries_are_spread_over_a_day_with_growing_pauses() {
        let early = tried(&Fixed(0));
        assert_eq!(early[..5], [0, 60, 180, 480, 1_380]);
        assert!(early.last().unwrap() < &DELIVERY_TRIED_SECONDS && early.len() == 13, "{early:?}");
        let late = tried(&Fixed(59_999_999));
        assert!(late[1] > 60 && late[1] < 60 + 15, "{late:?}");
        assert!(late.last().unwrap() < &DELIVERY_TRIED_SECONDS, "{late:?}");
    }

    #[test]
    fn whoever_takes_a_delivery_on_has_it_for_a_while() {
        let claimed = delivery().claimed(1_000, &Fixed(7));
        assert!(!claimed.is_due(1_000) && claimed.is_due(1_000 + DELIVERY_CLAIM_SECONDS));
        assert_eq!((claimed.tries, claimed.version, claimed.claim), (1, 1, 7));
        let delivered = claimed.delivered();
        assert!(!delivered.is_due(u64::MAX));
        assert_eq!(delivered.version, 2);
    }

    #[test]
    fn a_parked_delivery_may_be_tried_for_another_day() {
        let parked = delivery().claimed(1_000, &Fixed(7)).parked("gone");
        assert!(!parked.is_due(u64::MAX));
        let replayed = parked.replayed(500_000);
        assert!(replayed.is_due(500_000));
        assert_eq!((replayed.tries, replayed.until_unix_s), (0, 500_000 + DELIVERY_TRIED_SECONDS));
        assert_eq!(replayed.last_failure, "gone");
    }

    #[test]
    fn a_dropped_delivery_is_done_with_and_says_why() {
        let dropped = delivery().dropped("nowhere");
        assert!(!dropped.is_due(u64::MAX));
        assert_eq!((dropped.state, dropped.version), (DeliveryState::Delivered, 1));
        assert_eq!(dropped.last_failure, "nowhere");
    }

    #[test]
    fn failures_are_kept_up_to_their_bound() {
        let failed = delivery().parked(&"ü".repeat(200));
        assert_eq!(failed.last_failure.len(), Delivery::FAILURE_BYTES_MAX);
        assert_eq!(delivery().parked("aü").last_failure, "aü");
    }
}
