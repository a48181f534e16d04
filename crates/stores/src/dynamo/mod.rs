//! One DynamoDB table a home region: the global counts of its apps, the nodes that hold them, and the pins of
//! their documents.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | an app's ledger | `APP#{tenant}#{app}` | `LEDGER` |
//! | a node in one of its lives | `NODE#{region}` | `{node}#{epoch}` |
//! | a region that a node was ever announced in | `REGION` | `{region}` |
//! | a key that a node may hold | `HELD#{node}#{epoch}` | `APP#{tenant}#{app}` or `DOC#{tenant}#{app}#{name}` |
//! | a document's pin | `DOC#{tenant}#{app}` | `{name}` |
//!
//! Ids, node names and regions hold no `#`, and a document's name, which may, always comes last: no two records
//! share a key. [`TableAt`] says which table, [`Access`] holds the credentials and connections that all tables
//! share, and [`DynamoHome`] gives the ports. Every write is one conditional write of one item: no transactions.
//!
//! A deployment has two tables more: for what the operator has on the books, [`DynamoRegistry`], and for what is counted over
//! time, [`DynamoUsage`].

mod access;
mod alerts;
mod attributes;
mod cluster;
mod home;
mod home_at;
mod ledger;
mod pins;
mod records;
mod registry;
mod table;
mod table_at;
mod table_definition;
mod usage;

pub use crate::aws::{
    ATTEMPT_DEADLINE, ATTEMPTS_MAX, Access, CONNECT_DEADLINE, OPERATION_DEADLINE, RETRY_BUDGET,
};
pub use access::ConnectError;
pub use home::DynamoHome;
pub use home_at::HomeAt;
pub use registry::DynamoRegistry;
pub use table_at::{InvalidTable, TableAt};
pub use table_definition::{CreateTableError, TABLE, TableDefinition};
pub use usage::DynamoUsage;
