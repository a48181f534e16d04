use super::moment::Moment;
use super::trusted::Trusted;
use domain::bounds::{KEY_SET_KEPT_MAX, KEY_SET_SECONDS};
use std::sync::Arc;
use std::time::Duration;

/// How often a key set is fetched at most, where no key fits (SPEC 2.2).
const ASK_EVERY: Duration = Duration::from_secs(60);
/// How often it is asked for at most where the last ask brought no answer.
const ASK_AGAIN_EVERY: Duration = Duration::from_secs(5);
/// How old a key set may be before it is fetched again.
const RIPE_AFTER: Duration = Duration::from_secs(KEY_SET_SECONDS);
/// How old it may be before whoever wants it waits for another: what was revoked is good for no longer.
const OLD_AFTER: Duration = Duration::from_secs(3 * KEY_SET_SECONDS);

/// A key set as it is kept between fetches: how old it is, and when its source may be asked again.
#[derive(Default)]
pub(super) struct KeptSet {
    /// None where there is none, or nothing was answered yet.
    trusted: Option<Arc<Trusted>>,
    asked: Option<Moment>,
    had: Option<Moment>,
    /// Whether the last ask brought an answer. One that was given up on did not.
    is_answered: bool,
}

/// Whether a key set may be used as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// It may.
    Young,
    /// It may, and another should be fetched. So it is with an older one whose source does not answer.
    Ripe,
    /// Another one should be waited for.
    Old,
}

impl KeptSet {
    /// The keys, unless they are older than anyone may trust.
    pub(super) fn trusted(&self, now: Moment) -> Option<Arc<Trusted>> {
        self.trusted.clone().filter(|_| self.age(now).is_some_and(|age| age < KEY_SET_KEPT_MAX))
    }

    /// Whether there were keys when the source answered last.
    pub(super) fn has_keys(&self) -> bool {
        self.trusted.is_some()
    }

    /// Whether the source has answered when it was last asked, be it that there are no keys.
    pub(super) fn is_answered(&self) -> bool {
        self.is_answered
    }

    /// Whether the keys may be used. Ones that are not there are young: they are fetched when a key is wanted.
    pub(super) fn stands(&self, now: Moment) -> Age {
        match self.age(now) {
            Some(age) if age >= OLD_AFTER && self.is_answered => Age::Old,
            Some(age) if age >= RIPE_AFTER => Age::Ripe,
            _ => Age::Young,
        }
    }

    /// The age of keys that are so old that some of them may have been revoked long ago.
    pub(super) fn doubtful_age(&self, now: Moment) -> Option<Duration> {
        self.age(now).filter(|age| *age >= OLD_AFTER)
    }

    /// Whether the source may be asked: once a minute, also where there turned out to be no keys, and soon again where it
    /// did not answer.
    pub(super) fn may_ask(&self, now: Moment) -> bool {
        let every = if self.is_answered { ASK_EVERY } else { ASK_AGAIN_EVERY };
        self.asked.is_none_or(|asked| now.since(asked) >= every)
    }

    /// Takes note that the source is asked. Until [`KeptSet::take`] it has not answered.
    pub(super) fn ask(&mut self, now: Moment) {
        (self.asked, self.is_answered) = (Some(now), false);
    }

    /// Takes in what the source has answered.
    pub(super) fn take(&mut self, trusted: Option<Arc<Trusted>>, now: Moment) {
        (self.trusted, self.had, self.is_answered) = (trusted, Some(now), true);
    }

    /// Time since the keys were had. None where there are none.
    fn age(&self, now: Moment) -> Option<Duration> {
        self.had.filter(|_| self.trusted.is_some()).map(|had| now.since(had))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::key_set::KeySet;
    use serde_json::Value;

    fn had_at(seconds: u64) -> KeptSet {
        let mut kept = KeptSet::default();
        kept.ask(Moment::at(seconds));
        let trusted = Trusted { document: Value::Null, keys: KeySet::default() };
        kept.take(Some(Arc::new(trusted)), Moment::at(seconds));
        kept
    }

    #[test]
    fn a_set_ripens_grows_old_and_ends() {
        let mut kept = had_at(0);
        let ages = [299, 300, 899, 900].map(|now| kept.stands(Moment::at(now)));
        assert_eq!(ages, [Age::Young, Age::Ripe, Age::Ripe, Age::Old]);
        kept.ask(Moment::at(900));
        assert_eq!(kept.stands(Moment::at(900)), Age::Ripe, "nobody waits for who does not answer");
        assert_eq!(kept.doubtful_age(Moment::at(900)), Some(OLD_AFTER));
        assert_eq!(kept.doubtful_age(Moment::at(899)), None);
        let end = KEY_SET_KEPT_MAX.as_secs();
        assert!(kept.trusted(Moment::at(end - 1)).is_some());
        assert!(kept.trusted(Moment::at(end)).is_none());
        assert_eq!(KeptSet::default().stands(Moment::at(end)), Age::Young);
    }

    #[test]
    fn a_source_is_asked_once_a_minute_and_soon_again_where_it_did_not_answer() {
        assert!(KeptSet::default().may_ask(Moment::at(0)));
        let mut kept = had_at(0);
        assert!(!kept.may_ask(Moment::at(59)) && kept.may_ask(Moment::at(60)));
        kept.ask(Moment::at(60));
        assert!(!kept.is_answered());
        assert!(!kept.may_ask(Moment::at(64)) && kept.may_ask(Moment::at(65)));
        kept.take(None, Moment::at(65));
        assert!(kept.is_answered() && !kept.has_keys());
        assert!(!kept.may_ask(Moment::at(119)) && kept.may_ask(Moment::at(120)));
    }
}
