//! An app on the books. It lies with its tenant, beside the names of the tenant's clients.

use crate::dynamo::attributes::{Item, Key, PARTITION, SORT, Undecodable, text, texts};
use domain::claims::AllowedDomain;
use domain::ids::{AppId, AppKey, HomeRegion, PlanId, TenantId};
use domain::registry::App;

/// What the sort keys of apps begin with.
pub(in crate::dynamo) const PREFIX: &str = "APP#";

const TENANT: &str = "TENANT#";
const NAME: &str = "name";
const PLAN: &str = "plan";
const HOME: &str = "home";
const DOMAINS: &str = "domains";

/// The partition of all that belongs to a tenant.
pub(in crate::dynamo) fn partition(tenant: &TenantId) -> String {
    format!("{TENANT}{tenant}")
}

pub(in crate::dynamo) fn key(app: &AppKey) -> Key {
    Key::new(partition(&app.tenant), format!("{PREFIX}{}", app.app))
}

pub(in crate::dynamo) fn encode(app: &App) -> Item {
    let domains = app.allowed_domains.iter().map(ToString::to_string);
    let item = Item::at(key(&app.key))
        .with(NAME, text(&app.name))
        .with(PLAN, text(app.plan.as_str()))
        .with(DOMAINS, texts(domains));
    match &app.home {
        Some(home) => item.with(HOME, text(home.as_str())),
        None => item,
    }
}

pub(in crate::dynamo) fn decode(item: &Item) -> Result<App, Undecodable> {
    let tenant = item.text(PARTITION)?.strip_prefix(TENANT).and_then(|id| TenantId::parse(id).ok());
    let app = item.text(SORT)?.strip_prefix(PREFIX).and_then(|id| AppId::parse(id).ok());
    let home = item.text_if_any(HOME)?.map(HomeRegion::parse).transpose();
    let domains = item.texts(DOMAINS)?.into_iter().map(AllowedDomain::parse);
    let domains: Option<Vec<AllowedDomain>> = domains.collect();
    Ok(App {
        key: AppKey {
            tenant: tenant.ok_or_else(|| Undecodable::new(PARTITION, "what belongs to a tenant"))?,
            app: app.ok_or_else(|| Undecodable::new(SORT, "an app"))?,
        },
        name: item.text(NAME)?.to_owned(),
        plan: item.parsed(PLAN, "a plan's id", PlanId::parse)?,
        home: home.map_err(|_| Undecodable::new(HOME, "a home region"))?,
        allowed_domains: domains.ok_or_else(|| Undecodable::new(DOMAINS, "domains"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::records::arbitrary;
    use proptest::prelude::*;

    fn app() -> impl Strategy<Value = App> {
        let domain = "[a-z]{1,8}\\.example(:[1-9][0-9]{0,3})?";
        let domains =
            prop::collection::vec(domain.prop_map(|rule| AllowedDomain::parse(&rule).unwrap()), 0..3);
        let home = prop::option::of(arbitrary::region());
        (arbitrary::app(), ".{0,40}", arbitrary::id(), home, domains).prop_map(
            |(key, name, plan, home, allowed_domains)| App {
                key,
                name,
                plan: PlanId::parse(&plan).unwrap(),
                home: home.map(|region| HomeRegion::parse(region.as_str()).unwrap()),
                allowed_domains,
            },
        )
    }

    proptest! {
        #![proptest_config(arbitrary::config())]

        #[test]
        fn an_app_is_read_as_it_was_written(app in app()) {
            prop_assert_eq!(decode(&encode(&app)), Ok(app));
        }

        #[test]
        fn two_apps_share_no_key(one in arbitrary::app(), other in arbitrary::app()) {
            prop_assert_eq!(key(&one) == key(&other), one == other);
        }
    }

    #[test]
    fn what_is_no_app_is_named() {
        let item = Item::default().with(PARTITION, text("TENANT#t")).with(SORT, text("CLIENT#c"));
        let item = item.with(DOMAINS, texts([]));
        assert_eq!(decode(&item), Err(Undecodable::new(SORT, "an app")));
    }
}
