use super::AlertingReport;
use crate::metrics::{Metric, MetricsNamespace, embedded};
use serde_json::Value;

/// A run's counts as CloudWatch reads metrics out of logs, to be logged as a line of its own.
#[must_use]
pub fn embedded_metrics(report: &AlertingReport, namespace: &MetricsNamespace, now_unix_ms: u64) -> Value {
    let metrics = [
        Metric::count("AppsMetered", report.apps),
        Metric::count("AppsRolledUp", report.rolled_up),
        Metric::count("EventsRaised", report.raised),
        Metric::count("DeliveriesDelivered", report.delivered),
        Metric::count("DeliveriesFailed", report.failed),
        Metric::count("DeliveriesParked", report.parked),
        Metric::count("DeliveriesDropped", report.dropped),
        Metric::count("DeliveriesPending", report.pending),
        Metric::seconds("OldestDelivery", report.oldest_pending_seconds),
        Metric::seconds("OldestUntried", report.oldest_untried_seconds),
    ];
    embedded(namespace, &[], &metrics, now_unix_ms)
}
