//! The adapters of DynamoDB pass every clause of their ports on dynoxide: each test on a server of its own.

mod servers;

use domain::ports::HomePorts;
use servers::{Dynoxide, clock, made};

async fn fresh() -> (Dynoxide, HomePorts) {
    let server = Dynoxide::start().await;
    let home = made(server.address(), "home").await;
    (server, home.ports(clock()))
}

mod ledger {
    use super::*;
    stores::conformance!(ledger, {
        let (server, ports) = fresh().await;
        (server, ports.ledger)
    });
}

mod cluster {
    use super::*;
    stores::conformance!(cluster, {
        let (server, ports) = fresh().await;
        (server, ports.cluster)
    });
}

mod pins {
    use super::*;
    stores::conformance!(pins, {
        let (server, ports) = fresh().await;
        (server, ports.pins)
    });
}
