use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, NodeId, NodeName, Region, TenantId};

pub(super) fn app(name: &str) -> AppKey {
    AppKey { tenant: TenantId::parse("tenant").unwrap(), app: AppId::parse(name).unwrap() }
}

pub(super) fn document(name: &str) -> DocumentKey {
    DocumentKey { app: app("app"), name: DocumentName::parse(name).unwrap() }
}

pub(super) fn node(name: &str, epoch: u64) -> NodeId {
    NodeId { name: NodeName::parse(name).unwrap(), epoch }
}

pub(super) fn region(name: &str) -> Region {
    Region::parse(name).unwrap()
}
