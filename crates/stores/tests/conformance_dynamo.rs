//! DynamoDB's adapters pass every clause of their ports on dynoxide, each test on a server of its own.

mod servers;

use servers::dynoxide::Dynoxide;

servers::home_conformance!(Dynoxide::with_ports());
servers::registry_conformance!(Dynoxide::with_registry());
servers::usage_conformance!(Dynoxide::with_usage());
