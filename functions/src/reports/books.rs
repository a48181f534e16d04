use crate::operators::Operators;
use crate::plane::answered;
use crate::refusal::Refusal;
use domain::ids::{AppId, AppKey, TenantId};
use domain::money::PricePerMillion;
use domain::registry::{App, Plan};
use futures_util::future::try_join3;
use std::collections::{BTreeMap, HashMap};

/// What an app is called and sold as, as far as the registry knows it: one that was counted and is not on the books has no
/// name, costs nothing, and may make any number of requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Terms {
    pub(super) name: String,
    pub(super) price: PricePerMillion,
    pub(super) monthly_requests: Option<u64>,
}

/// The apps of a tenant: those of the registry and those that were ever counted.
pub(super) struct Books(BTreeMap<AppId, Terms>);

impl Books {
    pub(super) async fn of_tenant(operators: &Operators, tenant: &TenantId) -> Result<Self, Refusal> {
        let Operators { registry, usage, .. } = operators;
        let (apps, plans, counted) = try_join3(
            answered("registry", registry.apps(tenant)),
            answered("registry", registry.plans()),
            answered("usage", usage.apps(tenant)),
        )
        .await?;
        let plans: HashMap<_, _> = plans.into_iter().map(|plan| (plan.id.clone(), plan)).collect();
        let known = apps.into_iter().map(|app| (app.key.app.clone(), terms(&app, plans.get(&app.plan))));
        let mut books: BTreeMap<_, _> = counted.into_iter().map(|app| (app, Terms::default())).collect();
        books.extend(known);
        Ok(Self(books))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key of every app, in order.
    pub(super) fn keys(&self, tenant: &TenantId) -> Vec<AppKey> {
        self.0.keys().map(|app| AppKey { tenant: tenant.clone(), app: app.clone() }).collect()
    }

    /// Every app, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&AppId, &Terms)> {
        self.0.iter()
    }
}

/// What one app is sold as. `None` where there is no such app.
pub(super) async fn terms_of(operators: &Operators, app: &AppKey) -> Result<Option<Terms>, Refusal> {
    match answered("registry", operators.registry.app(app)).await? {
        Some(known) => {
            let plan = answered("registry", operators.registry.plan(&known.plan)).await?;
            Ok(Some(terms(&known, plan.as_ref())))
        }
        None => {
            let counted = answered("usage", operators.usage.apps(&app.tenant)).await?;
            Ok(counted.contains(&app.app).then(Terms::default))
        }
    }
}

fn terms(app: &App, plan: Option<&Plan>) -> Terms {
    Terms {
        name: app.name.clone(),
        price: plan.map(|plan| plan.price).unwrap_or_default(),
        monthly_requests: plan.and_then(|plan| plan.monthly_requests),
    }
}
