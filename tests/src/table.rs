use crate::dynamo::ask_dynamo;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The tenant of every test token.
const TENANT: &str = "tenant";

/// Reads a home table's items past every adapter of the service's own, strongly consistently.
#[derive(Debug, Clone)]
pub struct TableReader {
    dynamo: SocketAddr,
    table: String,
}

/// An app's ledger as it stands in the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerItem {
    /// All nodes' connections.
    pub connections: u64,
    /// All nodes' documents.
    pub documents: u64,
    /// Connections and documents by node (`name#epoch`), sealed shares left out.
    pub shares: BTreeMap<String, (u64, u64)>,
    /// What sealed shares count, which must be nothing.
    pub sealed: (u64, u64),
}

impl LedgerItem {
    /// Whether the totals are the sums over the shares, and sealed shares count nothing.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let connections: u64 = self.shares.values().map(|share| share.0).sum();
        let documents: u64 = self.shares.values().map(|share| share.1).sum();
        self.sealed == (0, 0) && (self.connections, self.documents) == (connections, documents)
    }

    /// The totals: connections and documents.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        (self.connections, self.documents)
    }
}

/// A document's pin as it stands in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinItem {
    /// The owning node in its life: `name#epoch`.
    pub node: String,
    /// How many owners the document has had.
    pub generation: u64,
}

/// A node's record as it stands in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeItem {
    /// The node in its life: `name#epoch`.
    pub node: String,
    /// `up`, `draining`, `fenced` or `reaped`.
    pub state: String,
    /// Its beat.
    pub beat: u64,
}

impl TableReader {
    /// Reads `table` of the DynamoDB at `dynamo`.
    #[must_use]
    pub fn new(dynamo: SocketAddr, table: &str) -> Self {
        Self { dynamo, table: table.to_owned() }
    }

    /// The ledger of an app; an app that was never written counts nothing.
    ///
    /// # Panics
    /// Where the item is not of the documented form.
    pub async fn ledger(&self, app: &str) -> LedgerItem {
        let key = json!({"pk": {"S": format!("APP#{TENANT}#{app}")}, "sk": {"S": "LEDGER"}});
        let request = json!({"TableName": self.table, "ConsistentRead": true, "Key": key});
        let answer = self.ask("GetItem", &request).await;
        answer["Item"].as_object().map_or_else(LedgerItem::default, ledger)
    }

    /// The pins of an app's active documents, by name.
    ///
    /// # Panics
    /// Where an item is not of the documented form.
    pub async fn pins(&self, app: &str) -> BTreeMap<String, PinItem> {
        let items = self.partition(&format!("DOC#{TENANT}#{app}")).await;
        let pinned = items.iter().filter(|item| item["node"]["S"].is_string());
        pinned
            .map(|item| {
                let pin = PinItem { node: text(&item["node"]), generation: number(&item["generation"]) };
                (text(&item["sk"]), pin)
            })
            .collect()
    }

    /// Every life of every node of a region.
    ///
    /// # Panics
    /// Where an item is not of the documented form.
    pub async fn nodes(&self, region: &str) -> Vec<NodeItem> {
        let items = self.partition(&format!("NODE#{region}")).await;
        let node = |item: &Value| NodeItem {
            node: text(&item["sk"]),
            state: text(&item["state"]),
            beat: number(&item["beat"]),
        };
        items.iter().map(node).collect()
    }

    /// One page is enough: 1 MiB holds thousands of such items.
    async fn partition(&self, partition: &str) -> Vec<Value> {
        let request = json!({
            "TableName": self.table,
            "ConsistentRead": true,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
        });
        let mut answer = self.ask("Query", &request).await;
        assert!(answer["LastEvaluatedKey"].is_null(), "{partition} has more than one page");
        match answer["Items"].take() {
            Value::Array(items) => items,
            other => panic!("{other} is no list of items"),
        }
    }

    async fn ask(&self, operation: &str, request: &Value) -> Value {
        let answer = ask_dynamo(self.dynamo, operation, request).await;
        let (status, body) = answer.expect("the embedded DynamoDB answers");
        assert_eq!(status, 200, "{operation}: {body}");
        body
    }
}

fn ledger(item: &Map<String, Value>) -> LedgerItem {
    let (connections, documents) = (number(&item["connections"]), number(&item["documents"]));
    let mut ledger = LedgerItem { connections, documents, ..LedgerItem::default() };
    for (node, value) in item.iter().filter(|(name, _)| name.contains('#')) {
        let spelled = text(value);
        let open = spelled.strip_prefix("sealed ");
        let counts: Vec<u64> =
            open.unwrap_or(&spelled).split(' ').filter_map(|number| number.parse().ok()).collect();
        let [connections, documents, _sequence] = counts[..] else { panic!("{node}: {spelled} is no share") };
        if open.is_some() {
            ledger.sealed.0 += connections;
            ledger.sealed.1 += documents;
        } else {
            ledger.shares.insert(node.clone(), (connections, documents));
        }
    }
    ledger
}

fn text(attribute: &Value) -> String {
    attribute["S"].as_str().unwrap_or_else(|| panic!("{attribute} is no text")).to_owned()
}

fn number(attribute: &Value) -> u64 {
    let number = attribute["N"].as_str().and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("{attribute} is no whole number"))
}
