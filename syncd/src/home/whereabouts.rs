//! Where documents are pinned, as it was read a moment ago: a crowd that comes for one document reads its pin once.
//!
//! What is remembered may be out of date, and that is harmless: an owner is asked under the life that the pin names,
//! and a pin is only ever set on condition of what stands.

use crate::caps::{PIN_KNOWN, PIN_UNKNOWN, PINS_REMEMBERED_MAX};
use domain::ids::DocumentKey;
use domain::ports::{Pin, Unavailable};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;

type Answer = Result<Option<Pin>, Unavailable>;
pub(super) type Reading = Shared<BoxFuture<'static, Answer>>;

/// Readings of pins that are under way, or were made a moment ago.
#[derive(Default)]
pub(super) struct Whereabouts {
    readings: Mutex<HashMap<DocumentKey, Begun>>,
}

struct Begun {
    at: Duration,
    reading: Reading,
}

impl Begun {
    /// A pin stands for long; that there is none, or that it could not be read, changes soon.
    fn is_fresh(&self, now: Duration) -> bool {
        let age = now.saturating_sub(self.at);
        match self.reading.peek() {
            None => true,
            Some(Ok(Some(_))) => age < PIN_KNOWN,
            Some(Ok(None) | Err(_)) => age < PIN_UNKNOWN,
        }
    }
}

impl Whereabouts {
    /// The reading of a document's pin that is under way or fresh at `now`, or else `read`.
    pub(super) fn reading(
        &self,
        document: &DocumentKey,
        now: Duration,
        read: impl FnOnce() -> BoxFuture<'static, Answer>,
    ) -> Reading {
        let mut readings = self.readings.lock();
        if let Some(begun) = readings.get(document).filter(|begun| begun.is_fresh(now)) {
            return begun.reading.clone();
        }
        if readings.len() >= PINS_REMEMBERED_MAX {
            readings.retain(|_, begun| begun.is_fresh(now));
        }
        let reading = read().shared();
        if readings.len() < PINS_REMEMBERED_MAX {
            readings.insert(document.clone(), Begun { at: now, reading: reading.clone() });
        }
        reading
    }

    /// Forgets what was read: it has turned out to be out of date.
    pub(super) fn forget(&self, document: &DocumentKey) {
        self.readings.lock().remove(document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{AppId, AppKey, DocumentName, Generation, NodeId, NodeName, Region, TenantId};
    use domain::ports::Owner;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const NOW: Duration = Duration::from_secs(100);

    fn document() -> DocumentKey {
        let app = AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() };
        DocumentKey { app, name: DocumentName::parse("d").unwrap() }
    }

    fn pin() -> Pin {
        let node = NodeId { name: NodeName::parse("n").unwrap(), epoch: 1 };
        let owner = Owner { region: Region::parse("r").unwrap(), node, relay: String::new() };
        Pin { owner, generation: Generation(1) }
    }

    /// Counts the readings that are begun, each of which finds `answer`.
    struct Reader(Whereabouts, Arc<AtomicUsize>);

    impl Reader {
        fn read(&self, at: Duration, answer: Answer) -> Reading {
            self.0.reading(&document(), at, || {
                self.1.fetch_add(1, Ordering::Relaxed);
                async move { answer }.boxed()
            })
        }

        fn readings(&self) -> usize {
            self.1.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn a_crowd_reads_a_pin_once() {
        let reader = Reader(Whereabouts::default(), Arc::default());
        let crowd: Vec<Reading> = (0..1000).map(|_| reader.read(NOW, Ok(Some(pin())))).collect();
        for reading in crowd {
            assert_eq!(reading.await, Ok(Some(pin())));
        }
        assert_eq!(reader.readings(), 1);
    }

    #[tokio::test]
    async fn what_was_read_is_forgotten_after_a_while_or_when_it_is_wrong() {
        let reader = Reader(Whereabouts::default(), Arc::default());
        reader.read(NOW, Ok(Some(pin()))).await.unwrap();
        reader.read(NOW + PIN_KNOWN / 2, Ok(Some(pin()))).await.unwrap();
        assert_eq!(reader.readings(), 1);
        reader.read(NOW + PIN_KNOWN, Ok(Some(pin()))).await.unwrap();
        assert_eq!(reader.readings(), 2);
        reader.0.forget(&document());
        reader.read(NOW + PIN_KNOWN, Ok(None)).await.unwrap();
        reader.read(NOW + PIN_KNOWN + PIN_UNKNOWN, Ok(None)).await.unwrap();
        assert_eq!(reader.readings(), 4);
    }
}
