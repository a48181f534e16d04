//! Plan limits: they travel in the JWT and are never looked up.

use crate::bounds::LIMIT_MAX;
use serde_json::{Map, Value, json};

/// What an app's plan allows. Each limit is an integer from 0 to 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlanLimits {
    /// Open WebSockets, over all nodes and regions.
    pub connections_max: u64,
    /// Active documents, over all nodes and regions.
    pub documents_max: u64,
    /// Sessions of one document.
    pub users_per_document_max: u64,
    /// Ops of the app in one region within any 60 s.
    pub ops_per_minute_max: u64,
}

/// The `limits` claim is not an object of four integers from 0 to 2^53 (nor such an object as a JSON text).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "`limits` must be an object (or its JSON text) with maxConnections, maxDocuments, maxUsersPerDoc and opsPerMinute, each an integer from 0 to 2^53"
)]
pub struct InvalidLimits;

impl PlanLimits {
    /// Reads the `limits` claim: an object, or the same object as a JSON string.
    ///
    /// # Errors
    /// [`InvalidLimits`] where a limit is missing, is no integer, or lies outside 0 to 2^53.
    pub fn from_claim(claim: &Value) -> Result<Self, InvalidLimits> {
        match claim {
            Value::Object(object) => Self::from_object(object),
            Value::String(text) => match serde_json::from_str(text) {
                Ok(Value::Object(object)) => Self::from_object(&object),
                _ => Err(InvalidLimits),
            },
            _ => Err(InvalidLimits),
        }
    }

    /// The limits as the `limits` claim says them.
    #[must_use]
    pub fn to_claim(&self) -> Value {
        json!({
            "maxConnections": self.connections_max,
            "maxDocuments": self.documents_max,
            "maxUsersPerDoc": self.users_per_document_max,
            "opsPerMinute": self.ops_per_minute_max,
        })
    }

    fn from_object(object: &Map<String, Value>) -> Result<Self, InvalidLimits> {
        Ok(Self {
            connections_max: limit(object, "maxConnections")?,
            documents_max: limit(object, "maxDocuments")?,
            users_per_document_max: limit(object, "maxUsersPerDoc")?,
            ops_per_minute_max: limit(object, "opsPerMinute")?,
        })
    }
}

fn limit(object: &Map<String, Value>, name: &str) -> Result<u64, InvalidLimits> {
    object.get(name).and_then(Value::as_u64).filter(|n| *n <= LIMIT_MAX).ok_or(InvalidLimits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(connections: &Value) -> Value {
        json!({"maxConnections": connections, "maxDocuments": 2, "maxUsersPerDoc": 3, "opsPerMinute": 4})
    }

    #[test]
    fn limits_are_read_from_an_object_and_from_its_text() {
        let object = claim(&json!(1));
        let expected = PlanLimits {
            connections_max: 1,
            documents_max: 2,
            users_per_document_max: 3,
            ops_per_minute_max: 4,
        };
        assert_eq!(PlanLimits::from_claim(&object), Ok(expected));
        assert_eq!(PlanLimits::from_claim(&json!(object.to_string())), Ok(expected));
        assert_eq!(expected.to_claim(), object);
    }

    #[test]
    fn limits_hold_at_their_bounds_and_not_past_them() {
        assert!(PlanLimits::from_claim(&claim(&json!(0))).is_ok());
        assert!(PlanLimits::from_claim(&claim(&json!(LIMIT_MAX))).is_ok());
        for bad in [json!(LIMIT_MAX + 1), json!(-1), json!(1.5), json!("1"), json!(null), json!([1])] {
            assert_eq!(PlanLimits::from_claim(&claim(&bad)), Err(InvalidLimits), "{bad}");
        }
    }

    #[test]
    fn every_limit_is_required() {
        for name in ["maxConnections", "maxDocuments", "maxUsersPerDoc", "opsPerMinute"] {
            let mut object = claim(&json!(1));
            object.as_object_mut().unwrap().remove(name);
            assert_eq!(PlanLimits::from_claim(&object), Err(InvalidLimits), "{name}");
        }
        assert_eq!(PlanLimits::from_claim(&json!("[]")), Err(InvalidLimits));
        assert_eq!(PlanLimits::from_claim(&json!(7)), Err(InvalidLimits));
    }
}
