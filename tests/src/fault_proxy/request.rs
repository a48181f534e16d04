use super::tally::LedgerWriter;
use bytes::Bytes;
use serde_json::Value;

/// What one request asks of DynamoDB, as far as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// `UpdateItem`, `Query`, …
    pub(super) operation: String,
    /// For a write of one item: what kind of item, as its key spells it.
    pub(super) item: Option<String>,
    /// For a write of a share: whose.
    pub(super) ledger: Option<LedgerWriter>,
}

impl Asked {
    /// Reads `X-Amz-Target` and the body. Nothing is counted of what can't be read.
    pub(super) fn read(target: &str, body: &Bytes) -> Self {
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        if !is_write(&operation) {
            return Self { operation, item: None, ledger: None };
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let key = if operation == "PutItem" { &body["Item"] } else { &body["Key"] };
        let part = |name: &str| key[name]["S"].as_str().unwrap_or_default();
        let is_ledger = part("sk") == "LEDGER";
        let kind = part("pk").split('#').next().unwrap_or_default();
        let ledger = is_ledger.then(|| writer(part("pk"), &body)).flatten();
        let item = if is_ledger { "LEDGER" } else { kind };
        Self { operation, item: Some(item.to_owned()), ledger }
    }
}

/// Whether the operation changes items.
pub(super) fn is_write(operation: &str) -> bool {
    ["UpdateItem", "PutItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"].contains(&operation)
}

/// A node's share is an attribute named after the node in one of its lives: `name#epoch`.
fn writer(app: &str, body: &Value) -> Option<LedgerWriter> {
    let names = body["ExpressionAttributeNames"].as_object()?;
    let node = names.values().filter_map(Value::as_str).find(|name| is_node(name))?;
    Some(LedgerWriter { app: app.to_owned(), node: node.to_owned() })
}

fn is_node(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, epoch)| epoch.parse::<u64>().is_ok())
}
