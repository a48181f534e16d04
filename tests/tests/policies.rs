//! What the template lets each function do is exactly what its code does: recorded, and compared.

use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, Region, TenantId};
use domain::ledger::{Bounds, Share, ShareWrite};
use domain::ports::{HeldKey, HomePorts, NodeState, Owner};
use house_tests::control_plane::{
    REGION, Target, World, discovery, key_sets, refresh_tokens, refusals, tokens, usage,
};
use house_tests::lambda::{Call, Function, RecordedFunctions};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use yaml_serde::Value;

/// The tables and keys of the template, by the parameter or the resource that names them, and what tests call them.
/// Both homes are one kind: each function does the same in either.
const RESOURCES: [(&str, &str); 5] = [
    ("${HomeTableName}", "home"),
    ("${SecondHomeTableName}", "home"),
    ("${RegistryTableName}", "registry"),
    ("VaultKey.Arn", "key"),
    ("VaultKeyArn", "key"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_function_may_do_what_it_does_and_nothing_else() {
    let functions = RecordedFunctions::start().await;
    ask_for_everything(&functions).await;
    sweep_everything(&functions).await;
    let template = template();
    let mut wrong = Vec::new();
    for function in Function::ALL {
        let done: BTreeSet<Call> = functions.calls(function).into_iter().map(named_as_in_tests).collect();
        let allowed = allowed(&template, function);
        wrong.extend(allowed.difference(&done).map(|call| format!("{function:?} never does {call:?}")));
        wrong.extend(done.difference(&allowed).map(|call| format!("{function:?} may not do {call:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
}

/// Lets every node that seems to live be reaped, with all that a node can hold.
async fn sweep_everything(functions: &RecordedFunctions) {
    let World { home, empty_home, .. } = functions.world();
    for home in [home, empty_home] {
        give_to_a_node(home).await;
    }
    let sweep = functions.sweep().await;
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
        other => other,
    };
    Call { resource: resource.to_owned(), ..call }
}

fn template() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let text = std::fs::read_to_string(path).expect("the template is there");
    yaml_serde::from_str(&text).expect("the template is YAML")
}

/// What a function's policies allow, one call for each resource and each key pattern of a statement.
fn allowed(template: &Value, function: Function) -> BTreeSet<Call> {
    let name = format!("{function:?}");
    let policies = &template["Resources"][&*name]["Properties"]["Policies"];
    let policies = policies.as_sequence().unwrap_or_else(|| panic!("{name} has no policies"));
    let statements = policies.iter().filter_map(|policy| policy["Statement"].as_sequence()).flatten();
    statements.flat_map(calls).collect()
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
    assert_eq!(is_named("${HomeTableName}"), is_named("${SecondHomeTableName}"), "{statement:?}");
    let found = RESOURCES.into_iter().filter(|(parameter, _)| is_named(parameter)).map(|(_, name)| name);
    let found: BTreeSet<&str> = found.collect();
    assert!(!found.is_empty(), "a resource that no test knows: {statement:?}");
    found
}

/// The patterns of leading keys, or the names of the encryption context, without which nothing is allowed.
fn concerns(condition: &Value) -> Vec<String> {
    let patterns = texts(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
    let mut context = texts(&condition["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"]);
    if !patterns.is_empty() {
        return patterns;
    }
    assert!(!context.is_empty(), "a statement without a condition that a test knows: {condition:?}");
    context.sort_unstable();
    vec![context.join(",")]
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
