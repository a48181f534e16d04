use super::namespace::MetricsNamespace;
use super::report::{HomeReport, RegionCounts};
use serde_json::{Value, json};

/// A run's counts as CloudWatch reads metrics out of logs (its "embedded metric format"): one object for each home and
/// region, to be logged as a line of its own.
#[must_use]
pub fn embedded_metrics(
    reports: &[HomeReport],
    namespace: &MetricsNamespace,
    now_unix_ms: u64,
) -> Vec<Value> {
    let regions = reports.iter().flat_map(|report| report.regions.iter().map(move |region| (report, region)));
    regions
        .map(|(report, (region, counts))| {
            let mut object = json!({ "Home": report.home.as_str(), "Region": region.as_str() });
            let metrics = metrics(*counts);
            let names = metrics.map(|(name, _)| json!({ "Name": name, "Unit": "Count" }));
            object["_aws"] = json!({
                "Timestamp": now_unix_ms,
                "CloudWatchMetrics": [{
                    "Namespace": namespace.to_string(),
                    "Dimensions": [["Home", "Region"]],
                    "Metrics": names,
                }],
            });
            for (name, count) in metrics {
                object[name] = json!(count);
            }
            object
        })
        .collect()
}

fn metrics(counts: RegionCounts) -> [(&'static str, u64); 4] {
    [
        ("Connections", counts.connections),
        ("NodesUp", counts.up),
        ("NodesDraining", counts.draining),
        ("NodesReaped", counts.reaped),
    ]
}
