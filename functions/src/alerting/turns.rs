use domain::alerts::Delivery;
use domain::bounds::DELIVERIES_OF_TENANT_AT_ONCE;
use domain::ids::TenantId;
use std::collections::{HashMap, VecDeque};

/// Deliveries that wait for their try. Tenants take turns, and none has more than [`DELIVERIES_OF_TENANT_AT_ONCE`] under way;
/// of one tenant those come first that were tried least.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// In the order of their next turns; none is empty.
    waiting: VecDeque<(TenantId, VecDeque<Delivery>)>,
    under_way: HashMap<TenantId, usize>,
}

impl Turns {
    pub(super) fn of(mut due: Vec<Delivery>) -> Self {
        due.sort_by_key(|delivery| (delivery.tries, delivery.due_unix_s));
        let (mut places, mut turns) = (HashMap::new(), Self::default());
        for delivery in due {
            let place = *places.entry(delivery.tenant.clone()).or_insert(turns.waiting.len());
            if place == turns.waiting.len() {
                turns.waiting.push_back((delivery.tenant.clone(), VecDeque::new()));
            }
            turns.waiting[place].1.push_back(delivery);
        }
        turns
    }

    /// The next delivery to be tried, which is under way from then on; `None` where none may be.
    pub(super) fn next(&mut self) -> Option<Delivery> {
        for _ in 0..self.waiting.len() {
            let (tenant, mut deliveries) = self.waiting.pop_front()?;
            let under_way = self.under_way.entry(tenant.clone()).or_default();
            let may_be = *under_way < DELIVERIES_OF_TENANT_AT_ONCE;
            let next = may_be.then(|| deliveries.pop_front()).flatten();
            *under_way += usize::from(next.is_some());
            if !deliveries.is_empty() {
                self.waiting.push_back((tenant, deliveries));
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }

    /// A delivery of this tenant is not under way any more.
    pub(super) fn ended(&mut self, tenant: &TenantId) {
        if let Some(under_way) = self.under_way.get_mut(tenant) {
            *under_way = under_way.saturating_sub(1);
        }
    }

    /// Those that were never under way.
    pub(super) fn left(self) -> impl Iterator<Item = Delivery> {
        self.waiting.into_iter().flat_map(|(_, deliveries)| deliveries)
    }
}
