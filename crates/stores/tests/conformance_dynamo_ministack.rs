//! DynamoDB's adapters pass every clause of their ports on ministack, a second implementation that shares no code
//! with the first.

mod servers;

use servers::fresh_table::FreshTable;
use servers::ministack;

servers::home_conformance!(FreshTable::with_ports(ministack::endpoint()));
servers::registry_conformance!(FreshTable::with_registry(ministack::endpoint()));
servers::usage_conformance!(FreshTable::with_usage(ministack::endpoint()));
