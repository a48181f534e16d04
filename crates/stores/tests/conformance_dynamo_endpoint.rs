//! DynamoDB's adapters pass every clause of their ports on the DynamoDB at `WIRESOCKET_DYNAMODB_ENDPOINT`, each test
//! in a table that it makes and deletes. `cargo xtask test --dynamodb-endpoint URL` runs it.

mod servers;

use servers::fresh_table::FreshTable;

fn endpoint() -> String {
    std::env::var("WIRESOCKET_DYNAMODB_ENDPOINT").expect("WIRESOCKET_DYNAMODB_ENDPOINT is a DynamoDB's URL")
}

servers::home_conformance!(FreshTable::with_ports(&endpoint()));
servers::registry_conformance!(FreshTable::with_registry(&endpoint()));
servers::usage_conformance!(FreshTable::with_usage(&endpoint()));
