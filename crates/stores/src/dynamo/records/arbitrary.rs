//! Ids and records as properties need them.

use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, NodeId, NodeName, Region, TenantId};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Equal runs give equal cases.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::with_cases(256) }
}

/// Any id, and often one of a few, so that parts of two keys are often equal.
pub(crate) fn id() -> impl Strategy<Value = String> {
    prop_oneof!["[a_-]{1,2}", "[A-Za-z0-9_-]{1,64}"]
}

pub(crate) fn app() -> impl Strategy<Value = AppKey> {
    (id(), id()).prop_map(|(tenant, app)| AppKey {
        tenant: TenantId::parse(&tenant).unwrap(),
        app: AppId::parse(&app).unwrap(),
    })
}

pub(crate) fn document() -> impl Strategy<Value = DocumentKey> {
    let name = prop_oneof!["[a#_-]{1,3}", "[a-z#/: \u{00fc}\u{1f600}]{1,40}"];
    (app(), name).prop_map(|(app, name)| DocumentKey { app, name: DocumentName::parse(&name).unwrap() })
}

pub(crate) fn node() -> impl Strategy<Value = NodeId> {
    let epoch = prop_oneof![0u64..30, any::<u64>()];
    (id(), epoch).prop_map(|(name, epoch)| NodeId { name: NodeName::parse(&name).unwrap(), epoch })
}

pub(crate) fn region() -> impl Strategy<Value = Region> {
    "[A-Za-z0-9-]{1,64}".prop_map(|name| Region::parse(&name).unwrap())
}
