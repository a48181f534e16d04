//! Clauses of [`Registry`].

use super::ids::app;
use domain::claims::AllowedDomain;
use domain::ids::{AppKey, ClientId, HomeRegion, KeyId, PlanId, TenantId};
use domain::limits::PlanLimits;
use domain::ports::{Added, Registry};
use domain::registry::{App, Client, Plan, Refresh, SecretHash, Tenant, TenantKey};
use serde_json::json;
use std::sync::Arc;

fn tenant_id(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

fn tenant(id: &str) -> Tenant {
    Tenant { id: tenant_id(id), name: format!("The {id}: \u{fc} \"#\"") }
}

fn plan(id: &str, connections_max: u64) -> Plan {
    let limits = PlanLimits {
        connections_max,
        documents_max: 1 << 53,
        users_per_document_max: 0,
        ops_per_minute_max: 600,
    };
    let price = "2.5".parse().unwrap();
    Plan { id: PlanId::parse(id).unwrap(), limits, monthly_requests: Some(connections_max), price }
}

fn app_of(key: AppKey) -> App {
    App {
        key,
        name: String::new(),
        plan: PlanId::parse("free").unwrap(),
        home: Some(HomeRegion::parse("aws-us-east-1").unwrap()),
        allowed_domains: ["a.example", "b.example:8080"]
            .map(|rule| AllowedDomain::parse(rule).unwrap())
            .to_vec(),
    }
}

fn key_of(tenant: &str, app: &str) -> AppKey {
    AppKey { tenant: tenant_id(tenant), ..self::app(app) }
}

fn client_id(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

fn client(id: &str, app: AppKey) -> Client {
    Client {
        id: client_id(id),
        app,
        secret: SecretHash(format!("$argon2id$of {id}")),
        refresh: Refresh::Allowed,
        created_unix_s: 1_700_000_000,
        revoked_unix_s: None,
    }
}

fn signing_key(tenant: &str, id: &str) -> TenantKey {
    TenantKey {
        tenant: tenant_id(tenant),
        id: KeyId::parse(id).unwrap(),
        public: json!({"kty": "OKP", "kid": id, "x": "\u{fc}"}),
        sealed: vec![0, 255, 7],
        signs_from_unix_s: 1_700_000_000,
    }
}

/// Nothing is on the books of a new registry.
pub async fn a_new_registry_is_empty(registry: Arc<dyn Registry>) {
    assert_eq!(registry.tenants().await, Ok(Vec::new()));
    assert_eq!(registry.tenant(&tenant_id("t")).await, Ok(None));
    assert_eq!(registry.plans().await, Ok(Vec::new()));
    assert_eq!(registry.plan(&plan("p", 1).id).await, Ok(None));
    assert_eq!(registry.apps(&tenant_id("t")).await, Ok(Vec::new()));
    assert_eq!(registry.app(&app("a")).await, Ok(None));
    assert_eq!(registry.clients(&tenant_id("t")).await, Ok(Vec::new()));
    assert_eq!(registry.client(&client_id("c")).await, Ok(None));
    assert_eq!(registry.keys(&tenant_id("t")).await, Ok(Vec::new()));
}

/// Every entry is read as it was added.
pub async fn entries_are_read_as_they_were_added(registry: Arc<dyn Registry>) {
    let (app, revoked) = (app_of(app("a")), Client { revoked_unix_s: Some(7), ..client("c", app("a")) });
    let bare = App { home: None, allowed_domains: Vec::new(), ..app_of(key_of("tenant", "b")) };
    assert_eq!(registry.add_tenant(&tenant("tenant")).await, Ok(Added::New));
    assert_eq!(registry.set_plan(&plan("free", 100)).await, Ok(()));
    assert_eq!(registry.add_app(&app).await, Ok(Added::New));
    assert_eq!(registry.add_app(&bare).await, Ok(Added::New));
    assert_eq!(registry.add_client(&revoked).await, Ok(Added::New));
    assert_eq!(registry.add_key(&signing_key("tenant", "k")).await, Ok(Added::New));

    assert_eq!(registry.tenant(&tenant_id("tenant")).await, Ok(Some(tenant("tenant"))));
    assert_eq!(registry.plan(&plan("free", 0).id).await, Ok(Some(plan("free", 100))));
    assert_eq!(registry.app(&app.key).await, Ok(Some(app.clone())));
    assert_eq!(registry.app(&bare.key).await, Ok(Some(bare)));
    assert_eq!(registry.client(&revoked.id).await, Ok(Some(revoked)));
    assert_eq!(registry.keys(&tenant_id("tenant")).await, Ok(vec![signing_key("tenant", "k")]));
}

/// What is added again stays as it is.
pub async fn what_exists_is_not_added_again(registry: Arc<dyn Registry>) {
    let other = Tenant { name: "other".to_owned(), ..tenant("t") };
    assert_eq!(registry.add_tenant(&tenant("t")).await, Ok(Added::New));
    assert_eq!(registry.add_tenant(&other).await, Ok(Added::Exists));
    assert_eq!(registry.tenants().await, Ok(vec![tenant("t")]));

    let other = App { name: "other".to_owned(), ..app_of(app("a")) };
    assert_eq!(registry.add_app(&app_of(app("a"))).await, Ok(Added::New));
    assert_eq!(registry.add_app(&other).await, Ok(Added::Exists));
    assert_eq!(registry.app(&app("a")).await, Ok(Some(app_of(app("a")))));

    let other = TenantKey { sealed: vec![1], ..signing_key("t", "k") };
    assert_eq!(registry.add_key(&signing_key("t", "k")).await, Ok(Added::New));
    assert_eq!(registry.add_key(&other).await, Ok(Added::Exists));
    assert_eq!(registry.keys(&tenant_id("t")).await, Ok(vec![signing_key("t", "k")]));
}

/// Plans and apps can be replaced, and what is set need not have been there.
pub async fn plans_and_apps_are_replaced(registry: Arc<dyn Registry>) {
    for connections_max in [1, 2, 2] {
        registry.set_plan(&plan("p", connections_max)).await.unwrap();
        assert_eq!(registry.plans().await, Ok(vec![plan("p", connections_max)]));
    }
    let renamed = App { name: "renamed".to_owned(), allowed_domains: Vec::new(), ..app_of(app("a")) };
    for app in [app_of(app("a")), renamed.clone(), renamed] {
        registry.set_app(&app).await.unwrap();
        assert_eq!(registry.apps(&app.key.tenant).await, Ok(vec![app]));
    }
}

/// Lists are whole and in the order of the ids, in whatever order they were added.
pub async fn lists_are_in_the_order_of_the_ids(registry: Arc<dyn Registry>) {
    let mut ids = ["b", "a", "B", "_", "a-1", "a1", "Z", "0"];
    for id in ids {
        registry.add_tenant(&tenant(id)).await.unwrap();
        registry.set_plan(&plan(id, 1)).await.unwrap();
        registry.add_app(&app_of(app(id))).await.unwrap();
        registry.add_client(&client(id, app("a"))).await.unwrap();
        registry.add_key(&signing_key("tenant", id)).await.unwrap();
    }
    ids.sort_unstable();
    let of = tenant_id("tenant");
    assert_eq!(registry.tenants().await, Ok(ids.map(tenant).to_vec()));
    assert_eq!(registry.plans().await, Ok(ids.map(|id| plan(id, 1)).to_vec()));
    assert_eq!(registry.apps(&of).await, Ok(ids.map(|id| app_of(app(id))).to_vec()));
    assert_eq!(registry.clients(&of).await, Ok(ids.map(|id| client(id, app("a"))).to_vec()));
    assert_eq!(registry.keys(&of).await, Ok(ids.map(|id| signing_key("tenant", id)).to_vec()));
}

/// Many clients are all listed.
pub async fn many_clients_are_listed_whole(registry: Arc<dyn Registry>) {
    let clients: Vec<Client> = (0..40).map(|n| client(&format!("c{n:02}"), app("a"))).collect();
    for client in &clients {
        registry.add_client(client).await.unwrap();
    }
    assert_eq!(registry.clients(&tenant_id("tenant")).await, Ok(clients));
}

/// What belongs to one tenant is not another's, also where an id begins with the other's.
pub async fn tenants_are_kept_apart(registry: Arc<dyn Registry>) {
    for of in ["t", "t1", "T"] {
        registry.add_app(&app_of(key_of(of, "a"))).await.unwrap();
        registry.add_client(&client(&format!("c-{of}"), key_of(of, "a"))).await.unwrap();
        registry.add_key(&signing_key(of, "k")).await.unwrap();
    }
    for of in ["t", "t1", "T"] {
        let id = tenant_id(of);
        assert_eq!(registry.apps(&id).await, Ok(vec![app_of(key_of(of, "a"))]));
        assert_eq!(registry.clients(&id).await, Ok(vec![client(&format!("c-{of}"), key_of(of, "a"))]));
        assert_eq!(registry.keys(&id).await, Ok(vec![signing_key(of, "k")]));
    }
    assert_eq!(registry.drop_key(&tenant_id("t"), &signing_key("t", "k").id).await, Ok(true));
    assert_eq!(registry.keys(&tenant_id("t1")).await, Ok(vec![signing_key("t1", "k")]));
}

/// A client's id is one client's, whatever tenant another would be of; and only that tenant lists it.
pub async fn a_clients_id_is_unique_over_all_tenants(registry: Arc<dyn Registry>) {
    let first = client("c", key_of("one", "a"));
    assert_eq!(registry.add_client(&first).await, Ok(Added::New));
    assert_eq!(registry.add_client(&client("c", key_of("two", "a"))).await, Ok(Added::Exists));
    assert_eq!(registry.client(&first.id).await, Ok(Some(first.clone())));
    assert_eq!(registry.clients(&tenant_id("one")).await, Ok(vec![first]));
    assert_eq!(registry.clients(&tenant_id("two")).await, Ok(Vec::new()));
}

/// A client is revoked once, and keeps the time; there is nothing to revoke of an unknown one.
pub async fn a_revoked_client_keeps_its_first_time(registry: Arc<dyn Registry>) {
    registry.add_client(&client("c", app("a"))).await.unwrap();
    for now_unix_s in [5, 9] {
        assert_eq!(registry.revoke_client(&client_id("c"), now_unix_s).await, Ok(true));
        let revoked = Client { revoked_unix_s: Some(5), ..client("c", app("a")) };
        assert_eq!(registry.client(&client_id("c")).await, Ok(Some(revoked.clone())));
        assert_eq!(registry.clients(&tenant_id("tenant")).await, Ok(vec![revoked]));
    }
    assert_eq!(registry.revoke_client(&client_id("unknown"), 5).await, Ok(false));
    assert_eq!(registry.client(&client_id("unknown")).await, Ok(None));
}

/// A dropped key is gone, and can be dropped once.
pub async fn a_key_is_dropped_once(registry: Arc<dyn Registry>) {
    for id in ["k1", "k2"] {
        registry.add_key(&signing_key("t", id)).await.unwrap();
    }
    let (of, id) = (tenant_id("t"), KeyId::parse("k1").unwrap());
    assert_eq!(registry.drop_key(&of, &id).await, Ok(true));
    assert_eq!(registry.keys(&of).await, Ok(vec![signing_key("t", "k2")]));
    assert_eq!(registry.drop_key(&of, &id).await, Ok(false));
}

/// Of any number that add one entry, one is told that it is new, and its entry is the one that stays.
pub async fn of_racing_entries_one_is_added(registry: Arc<dyn Registry>) {
    let racers = (0..8).map(|n| {
        let registry = registry.clone();
        let racer = client("c", key_of(&format!("t{n}"), "a"));
        tokio::spawn(async move { (registry.add_client(&racer).await.unwrap(), racer) })
    });
    let mut added = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        let (outcome, racer) = racer.await.unwrap();
        added.extend((outcome == Added::New).then_some(racer));
    }
    assert_eq!(added.len(), 1);
    assert_eq!(registry.client(&client_id("c")).await.unwrap().as_ref(), added.first());
}

/// No racing write undoes another's.
pub async fn racing_writes_all_stand(registry: Arc<dyn Registry>) {
    let writers = (0..16).map(|n| {
        let registry = registry.clone();
        tokio::spawn(async move {
            registry.add_tenant(&tenant(&format!("t{n:02}"))).await.unwrap();
            registry.add_key(&signing_key("t", &format!("k{n:02}"))).await.unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(registry.tenants().await.unwrap().len(), 16);
    assert_eq!(registry.keys(&tenant_id("t")).await.unwrap().len(), 16);
}
