//! Counts of scheduled runs as CloudWatch reads metrics out of logs (its "embedded metric format").

mod namespace;

pub use namespace::{InvalidMetricsNamespace, MetricsNamespace};

use serde_json::{Value, json};

/// One count of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) value: u64,
}

/// What a count is of, as CloudWatch calls it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    Count,
    Seconds,
}

impl Metric {
    pub(crate) fn count(name: &'static str, value: u64) -> Self {
        Self { name, unit: Unit::Count, value }
    }

    pub(crate) fn seconds(name: &'static str, value: u64) -> Self {
        Self { name, unit: Unit::Seconds, value }
    }
}

/// Metrics of the same dimensions, as one object that is to be logged as a line of its own.
pub(crate) fn embedded(
    namespace: &MetricsNamespace,
    dimensions: &[(&str, &str)],
    metrics: &[Metric],
    now_unix_ms: u64,
) -> Value {
    let mut object = json!({});
    let names: Vec<_> = dimensions.iter().map(|(name, _)| *name).collect();
    let units: Vec<_> =
        metrics.iter().map(|metric| json!({ "Name": metric.name, "Unit": metric.unit.name() })).collect();
    object["_aws"] = json!({
        "Timestamp": now_unix_ms,
        "CloudWatchMetrics": [{
            "Namespace": namespace.to_string(),
            "Dimensions": [names],
            "Metrics": units,
        }],
    });
    for (name, value) in dimensions {
        object[name] = json!(value);
    }
    for metric in metrics {
        object[metric.name] = json!(metric.value);
    }
    object
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
        }
    }
}
