use super::fetched_set::{Ask, FetchedSet, Source};
use super::jwks::{Jwks, JwksError};
use super::key_set::KeySet;
use super::warnings::Warnings;
use domain::clock::Clock;
use serde_json::Value;
use std::sync::Arc;

/// The operator's own key set, which may hold symmetric keys: it is published to nobody.
pub(super) fn operator_set(source: Box<dyn Jwks>, clock: Arc<dyn Clock>) -> Arc<FetchedSet> {
    FetchedSet::new(Box::new(OfOperator(source)), clock, Arc::new(Warnings::default()))
}

struct OfOperator(Box<dyn Jwks>);

#[async_trait::async_trait]
impl Source for OfOperator {
    async fn fetch(&self, _: Ask) -> Result<Option<Value>, JwksError> {
        self.0.fetch().await.map(Some)
    }

    fn parse(&self, document: &Value) -> Result<KeySet, String> {
        KeySet::parse(document)
    }

    fn place(&self) -> String {
        self.0.place()
    }
}
