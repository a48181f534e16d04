//! What the templates let each function and each node do is exactly what its code does: recorded, and compared.

use domain::alerts::Delivery;
use domain::bounds::DELIVERY_TRIED_SECONDS;
use domain::calendar::Hour;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, EventId, Region, TenantId, WebhookId};
use domain::ledger::{Bounds, Share, ShareWrite};
use domain::metering::{AppUsage, Endpoint};
use domain::ports::{Added, HeldKey, HomePorts, NodeState, Owner};
use house_tests::control_plane::{
    Caller, REGION, Target, World, discovery, key_sets, platform, refresh_tokens, refusals, reports, tokens,
    usage, webhooks,
};
use house_tests::lambda::{Call, Function, RecordedFunctions};
use house_tests::raw_client::RawClient;
use house_tests::{Fleet, FleetPlan, FunctionsProcess, eventually, unix_seconds};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::time::Duration;
use yaml_serde::Value;

/// The tables and keys of the template, by the parameter or the resource that names them, and what tests call them.
/// Both homes are one kind: each function does the same in either.
const RESOURCES: [(&str, &str); 9] = [
    ("${HomeTableName}", "home"),
    ("${SecondHomeTableName}", "home"),
    ("${RegistryTableName}", "registry"),
    ("${UsageTableName}", "usage"),
    ("HomeTableArn", "home"),
    ("RegistryTableArn", "registry"),
    ("UsageTableArn", "usage"),
    ("VaultKey.Arn", "key"),
    ("VaultKeyArn", "key"),
];

/// What a statement concerns that has no condition.
const ANY: &str = "*";

#[tokio::test(flavor = "multi_thread")]
async fn each_function_may_do_what_it_does_and_nothing_else() {
    let functions = RecordedFunctions::start().await;
    ask_for_everything(&functions).await;
    sweep_everything(&functions).await;
    tell_everything(&functions).await;
    let template = read("template.yaml");
    let of = |function| wrong(function, functions.calls(function), &allowed(&template, function));
    let wrong: Vec<String> = Function::ALL.into_iter().flat_map(of).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_may_do_what_it_does_and_nothing_else() {
    let (mut fleet, recorder) = Fleet::recorded(FleetPlan::of(2).by_registry().metered()).await;
    let functions = FunctionsProcess::start(&fleet, &["--rate-limits", "off"]).await;
    let token = fleet.admin().client_of("acme/editor").token(functions.address()).await;
    let join = async |node: usize| RawClient::join(fleet[node].address(), "/doc", &token).await;
    let owned = join(0).await.expect("the token is good");
    let relayed = join(1).await.expect("the token is good");
    fleet[0].kill().await;
    drop((owned, relayed));
    eventually("the other node takes over", async || {
        RawClient::join(fleet[1].address(), "/doc", &token).await.ok()
    })
    .await
    .leave()
    .await;
    fleet[1].begin_drain();
    assert!(fleet[1].drained().await.success());
    let wrong = wrong("a node", recorder.calls(), &allowed_to_nodes(&read("infra/sync.yaml")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is done and not allowed, or allowed and never done.
fn wrong(who: impl Debug, done: BTreeSet<Call>, allowed: &BTreeSet<Call>) -> Vec<String> {
    let any_key = |call: &Call| allowed.contains(&Call { concerns: ANY.to_owned(), ..call.clone() });
    let done = done.into_iter().map(named_as_in_tests);
    let done = done.map(|call| if any_key(&call) { Call { concerns: ANY.to_owned(), ..call } } else { call });
    let done: BTreeSet<Call> = done.collect();
    let unused = allowed.difference(&done).map(|call| format!("{who:?} never does {call:?}"));
    let refused = done.difference(allowed).map(|call| format!("{who:?} may not do {call:?}"));
    unused.chain(refused).collect()
}

/// Everything in whose course a function of the HTTP API calls DynamoDB or KMS.
async fn ask_for_everything(plane: &RecordedFunctions) {
    discovery::a_new_document_goes_to_the_nearest_region(plane).await;
    discovery::an_active_document_stays_in_its_region(plane).await;
    discovery::without_a_healthy_node_in_its_home_a_client_is_told_to_come_back(plane).await;
    usage::usage_is_the_sum_over_all_nodes_beside_the_plan_limits(plane).await;
    usage::usage_is_counted_in_the_home_of_the_app(plane).await;
    refusals::who_brings_no_genuine_token_is_not_authenticated(plane).await;
    tokens::a_clients_secret_is_good_for_a_token(plane).await;
    tokens::a_wrong_secret_and_an_unknown_client_are_told_the_same(plane).await;
    refresh_tokens::a_refresh_token_is_followed_by_another(plane).await;
    refresh_tokens::a_refresh_token_used_twice_revokes_its_family(plane).await;
    refresh_tokens::another_clients_refresh_token_is_good_for_nothing(plane).await;
    refresh_tokens::a_revoked_clients_refresh_token_is_good_no_more(plane).await;
    key_sets::the_next_key_is_published_before_it_signs(plane).await;
    key_sets::an_unknown_tenant_has_no_key_set(plane).await;
    reports::what_is_answered_for_an_app_is_counted_and_reported(plane).await;
    reports::a_report_sums_up_and_prices_what_was_counted(plane).await;
    reports::reports_are_for_keys_of_the_tenant_that_may_read_usage(plane).await;
    webhooks::a_webhook_is_made_listed_without_its_secret_and_deleted(plane).await;
    platform::each_living_node_is_counted_once(plane).await;
    platform::stats_are_of_the_last_hour_and_of_this_moment(plane).await;
}

/// Lets days be rolled up, and an event be raised and delivered to a host that there is not; one that is tried for the last
/// time; and one to a webhook that there is no more.
async fn tell_everything(functions: &RecordedFunctions) {
    let caller = Caller::fresh(functions).await;
    let mut usage = AppUsage::default();
    usage.of_mut(Endpoint::Ops).answered(1_000, Duration::from_millis(1));
    let now = Hour::of_unix_s(unix_seconds());
    for hour in [now, now.day().minus(3).first_hour()] {
        caller.has_used(hour, usage.clone()).await;
    }
    let webhook = json!({"url": "https://webhooks.invalid/", "events": ["usage.limit_reached"]});
    let ask = caller.ask("POST", "/v1/webhooks").bearer(&caller.account_key().await);
    let made = functions.ask(&ask.body("application/json", webhook.to_string())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json()["id"].as_str().expect("a webhook has an id").to_owned();
    let alerts = &functions.world().usage.alerts;
    let tried_long = unix_seconds() - DELIVERY_TRIED_SECONDS;
    for (event, webhook, since) in
        [("evt_nobodys", "wh_gone", unix_seconds()), ("evt_late", made.as_str(), tried_long)]
    {
        let tenant = TenantId::parse(caller.tenant()).expect("it is an id");
        let event = EventId::parse(event).expect("it is an id");
        let webhook = WebhookId::parse(webhook).expect("it is an id");
        let delivery = Delivery::new(tenant, event, webhook, "{}".to_owned(), since);
        assert_eq!(alerts.add_delivery(&delivery).await, Ok(Added::New));
    }
    let alerting = functions.scheduled(Function::Webhooks).await;
    assert_eq!(alerting.run().await, Json::Null, "{}", alerting.log());
    assert_eq!(alerts.parked().await.map(|parked| parked.len()), Ok(1), "{}", alerting.log());
    let pending = alerts.pending().await.expect("the table answers");
    assert!(pending.len() == 1 && pending[0].tries == 1, "{pending:?}\n{}", alerting.log());
}

/// Lets every node that seems to live be reaped, with all that a node can hold.
async fn sweep_everything(functions: &RecordedFunctions) {
    let World { home, empty_home, .. } = functions.world();
    for home in [home, empty_home] {
        give_to_a_node(home).await;
    }
    let sweep = functions.scheduled(Function::Sweep).await;
    for _ in 0..2 {
        assert_eq!(sweep.run().await, Json::Null, "{}", sweep.log());
    }
    let region = Region::parse(REGION).expect("it is a region");
    for home in [home, empty_home] {
        let nodes = home.cluster.nodes(&region).await.expect("the cluster answers");
        assert!(nodes.iter().all(|node| node.state == NodeState::Reaped), "{nodes:?}");
    }
}

async fn give_to_a_node(home: &HomePorts) {
    let region = Region::parse(REGION).expect("it is a region");
    let node = home.cluster.nodes(&region).await.expect("the cluster answers").remove(0).node;
    let tenant = TenantId::parse("swept").expect("it is an id");
    let app = AppKey { tenant, app: AppId::parse("app").expect("it is an id") };
    let document = DocumentKey { app: app.clone(), name: DocumentName::parse("doc").expect("it is a name") };
    for key in [HeldKey::Share(app.clone()), HeldKey::Pin(document.clone())] {
        home.cluster.hold(&region, &node, &key).await.expect("the cluster answers");
    }
    let owner = Owner { region, node: node.clone(), relay: String::new() };
    home.pins.pin(&document, &owner).await.expect("the pins answer");
    let new = Share { connections: 2, documents: 1, sequence: 1, sealed: false };
    let write = ShareWrite { node, old: None, new, bounds: Bounds::default() };
    home.ledger.write(&app, &write).await.expect("the ledger answers");
}

fn named_as_in_tests(call: Call) -> Call {
    let resource = match &*call.resource {
        "wiresocket" | "wiresocket-second" => "home",
        "wiresocket-registry" => "registry",
        "wiresocket-usage" => "usage",
        other => other,
    };
    Call { resource: resource.to_owned(), ..call }
}

fn read(template: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(template);
    let text = fs::read_to_string(path).expect("the template is there");
    yaml_serde::from_str(&text).expect("the template is YAML")
}

/// What a function's policies allow, one call for each resource and each key pattern of a statement.
fn allowed(template: &Value, function: Function) -> BTreeSet<Call> {
    let name = match function {
        Function::Reports | Function::Admin | Function::Webhooks => format!("{function:?}Function"),
        _ => format!("{function:?}"),
    };
    let policies = &template["Resources"][&*name]["Properties"]["Policies"];
    let policies = policies.as_sequence().unwrap_or_else(|| panic!("{name} has no policies"));
    let statements = policies.iter().filter_map(|policy| policy["Statement"].as_sequence()).flatten();
    let allowed: BTreeSet<Call> = statements.flat_map(calls).collect();
    assert!(allowed.iter().all(|call| call.concerns != ANY), "{name}: {allowed:?}");
    allowed
}

/// What the policies of a node's role allow on tables. Its archive is none of what is recorded.
fn allowed_to_nodes(template: &Value) -> BTreeSet<Call> {
    let policies = &template["Resources"]["NodeRole"]["Properties"]["Policies"];
    let policies = policies.as_sequence().expect("a node's role has policies");
    let statements = policies.iter().filter_map(|policy| policy["PolicyDocument"]["Statement"].as_sequence());
    let on_tables =
        |statement: &&Value| !texts(&statement["Action"]).iter().all(|does| does.starts_with("s3:"));
    statements.flatten().filter(on_tables).flat_map(calls).collect()
}

fn calls(statement: &Value) -> Vec<Call> {
    assert_eq!(statement["Effect"], "Allow", "{statement:?}");
    let resources = resources(statement);
    let concerns = concerns(&statement["Condition"]);
    let mut calls = Vec::new();
    for action in texts(&statement["Action"]) {
        assert!(!action.contains('*'), "{statement:?}");
        for resource in &resources {
            for concerned in &concerns {
                let (action, resource, concerns) =
                    (action.clone(), (*resource).to_owned(), concerned.clone());
                calls.push(Call { action, resource, concerns });
            }
        }
    }
    calls
}

/// The tables and keys that a statement names. Who may do something to one home may do it to both.
fn resources(statement: &Value) -> BTreeSet<&'static str> {
    let named = texts(&statement["Resource"]);
    assert!(named.iter().all(|text| text != "*"), "{statement:?}");
    let is_named = |parameter: &str| named.iter().any(|text| text.contains(parameter));
    for (first, second) in
        [("${HomeTableName}", "${SecondHomeTableName}"), ("HomeTableArn", "SecondHomeTableArn")]
    {
        assert_eq!(is_named(first), is_named(second), "{statement:?}");
    }
    let found = RESOURCES.into_iter().filter(|(parameter, _)| is_named(parameter)).map(|(_, name)| name);
    let found: BTreeSet<&str> = found.collect();
    assert!(!found.is_empty(), "a resource that no test knows: {statement:?}");
    found
}

/// The patterns of leading keys, or the names of the encryption context, without which nothing is allowed. A condition is
/// one of these two, whole, or there is none.
fn concerns(condition: &Value) -> Vec<String> {
    if condition.is_null() {
        return vec![ANY.to_owned()];
    }
    let is_whole = |whole: Json| {
        assert_eq!(*condition, yaml_serde::to_value(whole).expect("JSON is YAML"));
    };
    let patterns = texts(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
    if !patterns.is_empty() {
        is_whole(json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": patterns}}));
        return patterns;
    }
    // Both conditions: the second alone lets a request pass that has no context.
    is_whole(json!({
        "Null": {"kms:EncryptionContext:tenant": "false", "kms:EncryptionContext:kid": "false"},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["tenant", "kid"]},
    }));
    vec!["kid,tenant".to_owned()]
}

/// Every text within a value, whatever intrinsic function it stands in.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Sequence(values) => values.iter().flat_map(texts).collect(),
        Value::Tagged(tagged) => texts(&tagged.value),
        _ => Vec::new(),
    }
}
