//! The home table: the same in code, in the deployment's template, and as it is made.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use servers::dynoxide::Dynoxide;
use servers::{clock, table};
use stores::dynamo::TABLE;
use yaml_serde::Value;

fn template() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    yaml_serde::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn yaml(text: &str) -> Value {
    yaml_serde::from_str(text).unwrap()
}

/// The tables of a deployment: of its home, of a second one, of the registry, and of usage.
const TABLES: [&str; 4] = ["HomeTable", "SecondHomeTable", "RegistryTable", "UsageTable"];

#[test]
fn the_template_says_the_same_as_the_code() {
    let template = template();
    for table in TABLES.map(|name| &template["Resources"][name]) {
        assert_eq!(table["Type"], "AWS::DynamoDB::Table");
        let properties = &table["Properties"];
        let (partition, sort, expires) = (TABLE.partition_key, TABLE.sort_key, TABLE.expires);
        let keys = format!(
            "[{{AttributeName: {partition}, KeyType: HASH}}, {{AttributeName: {sort}, KeyType: RANGE}}]"
        );
        assert_eq!(properties["KeySchema"], yaml(&keys));
        let attributes = format!(
            "[{{AttributeName: {partition}, AttributeType: S}}, {{AttributeName: {sort}, AttributeType: S}}]"
        );
        assert_eq!(properties["AttributeDefinitions"], yaml(&attributes));
        assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
        let expiry = format!("{{AttributeName: {expires}, Enabled: true}}");
        assert_eq!(properties["TimeToLiveSpecification"], yaml(&expiry));
    }
}

#[test]
fn tables_are_protected_unless_somebody_says_otherwise() {
    assert_eq!(template()["Parameters"]["DeletionProtection"]["Default"], "true");
}

#[test]
fn the_template_keeps_the_table_from_being_lost_or_read() {
    let template = template();
    for table in TABLES.map(|name| &template["Resources"][name]) {
        assert_eq!(table["DeletionPolicy"], "RetainExceptOnCreate");
        assert_eq!(table["UpdateReplacePolicy"], "Retain");
        let properties = &table["Properties"];
        assert_eq!(properties["DeletionProtectionEnabled"], yaml("!Ref DeletionProtection"));
        assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
        assert_eq!(properties["SSESpecification"]["SSEEnabled"], true);
    }
}

#[tokio::test]
async fn making_a_table_may_be_repeated_and_loses_nothing() {
    let server = Dynoxide::start().await;
    let home = table(server.endpoint(), "home").await;
    home.create_table().await.unwrap();
    let cluster = home.ports(clock()).cluster;
    let region = domain::ids::Region::parse("r").unwrap();
    let node = domain::ids::NodeId { name: domain::ids::NodeName::parse("one").unwrap(), epoch: 1 };
    let record = domain::ports::NodeRecord {
        node,
        region: region.clone(),
        beat: 1,
        state: domain::ports::NodeState::Up,
        url: String::new(),
        relay: String::new(),
        connections: 0,
        capacity: 1,
        documents: 0,
        beaten_unix_ms: 0,
    };
    cluster.announce(&record).await.unwrap();
    home.create_table().await.unwrap();
    assert_eq!(cluster.nodes(&region).await, Ok(vec![record]));
}
