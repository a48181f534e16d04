use super::namespace::MetricsNamespace;
use super::report::HomeReport;
use domain::ids::Region;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A run's counts as CloudWatch reads metrics out of logs (its "embedded metric format"): one object for each home and
/// region, to be logged as a line of its own. Nodes that could not be counted are in no metric: none would be another
/// answer.
#[must_use]
pub fn embedded_metrics(
    reports: &[HomeReport],
    namespace: &MetricsNamespace,
    now_unix_ms: u64,
) -> Vec<Value> {
    let regions =
        reports.iter().flat_map(|report| regions(report).into_iter().map(move |region| (report, region)));
    regions
        .map(|(report, region)| {
            let mut object = json!({ "Home": report.home.as_str(), "Region": region.as_str() });
            let metrics = metrics(report, region);
            let names: Vec<_> =
                metrics.iter().map(|(name, _)| json!({ "Name": name, "Unit": "Count" })).collect();
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

/// The regions of which a run has something to tell.
fn regions(report: &HomeReport) -> BTreeSet<&Region> {
    report.counts.iter().flat_map(|counts| counts.keys()).chain(report.reaped.keys()).collect()
}

fn metrics(report: &HomeReport, region: &Region) -> Vec<(&'static str, u64)> {
    let mut metrics = Vec::new();
    if let Some(counts) = report.counts.as_ref().and_then(|counts| counts.get(region)) {
        metrics.extend([
            ("Connections", counts.connections),
            ("NodesUp", counts.up),
            ("NodesDraining", counts.draining),
        ]);
    }
    metrics.push(("NodesReaped", report.reaped.get(region).copied().unwrap_or(0)));
    metrics
}
