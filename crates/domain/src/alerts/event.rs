use crate::calendar::Month;
use crate::ids::{AppKey, EventId};
use crate::reports::percent_hundredths;
use serde_json::{Value, json};

/// What an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// 80 % of the plan's monthly requests are used.
    LimitReached,
    /// All of them are.
    LimitExceeded,
}

impl EventKind {
    /// Every kind, in the order of their thresholds.
    pub const ALL: [Self; 2] = [Self::LimitReached, Self::LimitExceeded];

    /// As webhooks ask for it, and events say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LimitReached => "usage.limit_reached",
            Self::LimitExceeded => "usage.limit_exceeded",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Percent of the limit from which on it is told.
    #[must_use]
    pub const fn threshold_percent(self) -> u64 {
        match self {
            Self::LimitReached => 80,
            Self::LimitExceeded => 100,
        }
    }

    /// What is to be told of an app that has used so many of its plan's monthly requests. Where nothing was used, nothing
    /// is, whatever the limit.
    pub fn crossed(usage: u64, limit: u64) -> impl Iterator<Item = Self> {
        let is_crossed = move |kind: &Self| {
            usage > 0 && u128::from(usage) * 100 >= u128::from(limit) * u128::from(kind.threshold_percent())
        };
        Self::ALL.into_iter().filter(is_crossed)
    }
}

/// Something that a tenant is told: once for each app, kind and month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, by which a receiver knows a second delivery: `evt_…`.
    pub id: EventId,
    /// What it tells.
    pub kind: EventKind,
    /// Of which app.
    pub app: AppKey,
    /// Of which month.
    pub period: Month,
    /// Seconds since 1970 at which it was raised.
    pub created_unix_s: u64,
    /// The plan's monthly requests at that time.
    pub plan_limit: u64,
    /// Requests of the month until then.
    pub usage: u64,
}

impl Event {
    /// The body that receivers get (SPEC 6.2). Every delivery of an event has the same.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({
            "id": self.id.as_str(),
            "type": self.kind.name(),
            "api_version": "v1",
            "created": self.created_unix_s,
            "data": {"object": {
                "api_id": self.app.app.as_str(),
                "plan_limit": self.plan_limit,
                "usage": self.usage,
                "usage_percentage": percent_hundredths(self.usage, self.plan_limit) as f64 / 100.0,
                "period": self.period.to_string(),
            }},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AppId, TenantId};

    fn crossed(usage: u64, limit: u64) -> Vec<EventKind> {
        EventKind::crossed(usage, limit).collect()
    }

    #[test]
    fn thresholds_are_met_at_their_exact_share_of_the_limit() {
        assert_eq!(crossed(79, 100), []);
        assert_eq!(crossed(80, 100), [EventKind::LimitReached]);
        assert_eq!(crossed(99, 100), [EventKind::LimitReached]);
        assert_eq!(crossed(100, 100), EventKind::ALL);
        assert_eq!(crossed(u64::MAX, u64::MAX), EventKind::ALL);
        assert_eq!((crossed(0, 0), crossed(1, 0)), (vec![], EventKind::ALL.to_vec()));
    }

    #[test]
    fn an_event_is_spelled_as_published() {
        let event = Event {
            id: EventId::parse("evt_1").unwrap(),
            kind: EventKind::LimitReached,
            app: AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() },
            period: Month::parse("2024-03").unwrap(),
            created_unix_s: 1_711_785_600,
            plan_limit: 1_000,
            usage: 801,
        };
        let expected = json!({
            "id": "evt_1", "type": "usage.limit_reached", "api_version": "v1", "created": 1_711_785_600,
            "data": {"object": {
                "api_id": "a", "plan_limit": 1_000, "usage": 801, "usage_percentage": 80.1, "period": "2024-03"
            }}
        });
        assert_eq!(event.body(), expected);
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.name()), Some(kind));
        }
    }
}
