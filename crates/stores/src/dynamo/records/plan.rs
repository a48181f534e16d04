//! A plan on the books.

use crate::dynamo::attributes::{Item, Key, SORT, Undecodable, number, text};
use domain::ids::PlanId;
use domain::limits::PlanLimits;
use domain::money::PricePerMillion;
use domain::registry::Plan;

/// The partition of all plans.
pub(in crate::dynamo) const PARTITION: &str = "PLANS";

const CONNECTIONS: &str = "connections";
const DOCUMENTS: &str = "documents";
const USERS: &str = "users";
const OPS: &str = "ops";
const MONTHLY_REQUESTS: &str = "monthly_requests";
const PRICE: &str = "price";

pub(in crate::dynamo) fn key(id: &PlanId) -> Key {
    Key::new(PARTITION, id.as_str())
}

pub(in crate::dynamo) fn encode(plan: &Plan) -> Item {
    let item = Item::at(key(&plan.id))
        .with(CONNECTIONS, number(plan.limits.connections_max))
        .with(DOCUMENTS, number(plan.limits.documents_max))
        .with(USERS, number(plan.limits.users_per_document_max))
        .with(OPS, number(plan.limits.ops_per_minute_max))
        .with(PRICE, text(plan.price.to_string()));
    match plan.monthly_requests {
        Some(requests) => item.with(MONTHLY_REQUESTS, number(requests)),
        None => item,
    }
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<Plan, Undecodable> {
    let limits = PlanLimits {
        connections_max: item.number(CONNECTIONS)?,
        documents_max: item.number(DOCUMENTS)?,
        users_per_document_max: item.number(USERS)?,
        ops_per_minute_max: item.number(OPS)?,
    };
    let monthly_requests =
        if item.has(MONTHLY_REQUESTS) { Some(item.number(MONTHLY_REQUESTS)?) } else { None };
    // Plans of an earlier version cost nothing.
    let price =
        if item.has(PRICE) { item.parsed(PRICE, "a price", str::parse)? } else { PricePerMillion::default() };
    Ok(Plan { id: item.parsed(SORT, "a plan's id", PlanId::parse)?, limits, monthly_requests, price })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn a_plan_is_read_as_it_was_written(
            id in arbitrary::id(),
            limits in any::<[u64; 4]>(),
            monthly_requests in any::<Option<u64>>(),
            price in 0_u64..1_000_000,
        ) {
            let [connections_max, documents_max, users_per_document_max, ops_per_minute_max] = limits;
            let limits =
                PlanLimits { connections_max, documents_max, users_per_document_max, ops_per_minute_max };
            let price = format!("{price}.000001").parse().unwrap();
            let plan = Plan { id: PlanId::parse(&id).unwrap(), limits, monthly_requests, price };
            prop_assert_eq!(decode(&encode(&plan)), Ok(plan));
        }
    }

    #[test]
    fn a_missing_limit_is_named() {
        assert_eq!(decode(&Item::default()), Err(Undecodable::new(CONNECTIONS, "a whole number")));
    }
}
