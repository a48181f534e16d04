use super::environment::{Environment, Reader, Settings};
use super::mistakes::Mistakes;
use super::variables::METRICS;
use crate::sweep::MetricsNamespace;

impl Settings for MetricsNamespace {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.optional(METRICS, Self::parse).map(Option::unwrap_or_default)
    }
}

/// The namespace of a sweep's metrics, where one is named.
///
/// # Errors
/// It can't be one.
pub fn metrics_namespace(environment: &Environment) -> Result<MetricsNamespace, Mistakes> {
    environment.read()
}
