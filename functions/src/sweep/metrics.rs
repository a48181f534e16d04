use super::report::HomeReport;
use crate::metrics::{Metric, MetricsNamespace, embedded};
use domain::ids::Region;
use serde_json::Value;
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
            let dimensions = [("Home", report.home.as_str()), ("Region", region.as_str())];
            embedded(namespace, &dimensions, &metrics(report, region), now_unix_ms)
        })
        .collect()
}

/// The regions of which a run has something to tell.
fn regions(report: &HomeReport) -> BTreeSet<&Region> {
    report.counts.iter().flat_map(|counts| counts.keys()).chain(report.reaped.keys()).collect()
}

fn metrics(report: &HomeReport, region: &Region) -> Vec<Metric> {
    let mut metrics = Vec::new();
    if let Some(counts) = report.counts.as_ref().and_then(|counts| counts.get(region)) {
        metrics.extend([
            Metric::count("Connections", counts.connections),
            Metric::count("NodesUp", counts.up),
            Metric::count("NodesDraining", counts.draining),
        ]);
    }
    metrics.push(Metric::count("NodesReaped", report.reaped.get(region).copied().unwrap_or(0)));
    metrics
}
