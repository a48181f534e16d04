//! One run as one JSON line, and the medians of several.

use crate::latency::Latencies;
use crate::measure::Phase;
use crate::wire::connection::Failure;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Failures by kind. Each is reported, whatever the mode makes of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(BTreeMap<Failure, u64>);

impl Refusals {
    /// Counts one.
    pub(crate) fn add(&mut self, failure: Failure) {
        *self.0.entry(failure).or_default() += 1;
    }

    /// Counts what another has counted.
    pub(crate) fn add_all(&mut self, other: Self) {
        other.0.into_iter().for_each(|(failure, n)| *self.0.entry(failure).or_default() += n);
    }

    /// All of them.
    pub(crate) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those of one kind.
    pub(crate) fn count_if(&self, is: impl Fn(&Failure) -> bool) -> u64 {
        self.0.iter().filter(|(failure, _)| is(failure)).map(|(_, n)| n).sum()
    }

    fn to_json(&self) -> Value {
        self.0
            .iter()
            .map(|(failure, n)| (failure.to_string().trim_end().to_owned(), json!(n)))
            .collect::<Map<_, _>>()
            .into()
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

/// What one run found.
#[derive(Debug)]
pub(crate) struct Run {
    /// Whether nothing was missing: every session open, every delivery made.
    pub(crate) complete: bool,
    /// CPU and memory over the measured part.
    pub(crate) phase: Phase,
    /// What was counted, an object of integers.
    pub(crate) counts: Value,
    /// Figures made of counts and phase, an object.
    pub(crate) derived: Value,
    /// The mode's latency.
    pub(crate) latency: Latencies,
    /// Everything that was refused, closed or lost.
    pub(crate) refusals: Refusals,
}

/// A total for each of `count`; `None` where there was none.
pub(crate) fn each(total: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| rounded(total / count as f64))
}

/// Microseconds of CPU for each of `count`.
pub(crate) fn micros_each(cpu_seconds: f64, count: u64) -> Option<f64> {
    each(cpu_seconds * 1e6, count)
}

/// Three decimals: below what any of these figures can be known to.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl Run {
    /// The run's line.
    pub(crate) fn to_json(&self, mode: &str, parameters: &Value, server: &str) -> Value {
        let phase = &self.phase;
        json!({
            "mode": mode,
            "parameters": parameters,
            "server": server,
            "complete": self.complete,
            "wall_seconds": rounded(phase.wall_seconds),
            "server_cpu_seconds": rounded(phase.server_cpu_seconds),
            "server_cpu_share": rounded(phase.server_cpu_seconds / phase.wall_seconds),
            "generator_cpu_seconds": rounded(phase.generator_cpu_seconds),
            "generator_cpu_share": rounded(phase.generator_cpu_seconds / phase.wall_seconds),
            "other_cpu_seconds": rounded(phase.other_cpu_seconds),
            "server_rss_before_kib": phase.rss_before_kib,
            "server_rss_after_kib": phase.rss_after_kib,
            "server_rss_peak_kib": phase.rss_peak_kib,
            "counts": self.counts,
            "derived": self.derived,
            "latency_ms": self.latency.to_json(),
            "refusals": self.refusals.to_json(),
        })
    }
}

/// The line that stands for a run that could not be made.
pub(crate) fn failed_run(mode: &str, parameters: &Value, server: &str, error: &str) -> Value {
    json!({"mode": mode, "parameters": parameters, "server": server, "complete": false, "error": error})
}

/// One line of the medians of several runs' numbers. It is complete where all of them are.
pub(crate) fn medians(runs: &[Value]) -> Value {
    let mut line = median(&runs.iter().collect::<Vec<_>>());
    if let Value::Object(fields) = &mut line {
        fields.insert("medians_of".to_owned(), json!(runs.len()));
    }
    line
}

/// Number by number, through objects; a number that some runs lack is taken from those that have it.
fn median(values: &[&Value]) -> Value {
    let numbers: Vec<f64> = values.iter().filter_map(|v| v.as_f64()).collect();
    if !numbers.is_empty() {
        return median_number(numbers);
    }
    let objects: Vec<&Map<String, Value>> = values.iter().filter_map(|v| v.as_object()).collect();
    if !objects.is_empty() {
        let keys: BTreeSet<&String> = objects.iter().flat_map(|o| o.keys()).collect();
        let of = |key: &String| median(&objects.iter().filter_map(|o| o.get(key)).collect::<Vec<_>>());
        return keys.into_iter().map(|key| (key.clone(), of(key))).collect::<Map<_, _>>().into();
    }
    match values {
        [Value::Bool(_), ..] => json!(values.iter().all(|v| **v == json!(true))),
        [first, ..] => (*first).clone(),
        [] => Value::Null,
    }
}

fn median_number(mut numbers: Vec<f64>) -> Value {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let value = match numbers.len() % 2 {
        0 => f64::midpoint(numbers[middle - 1], numbers[middle]),
        _ => numbers[middle],
    };
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(rounded(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_taken_number_by_number() {
        let run = |cpu: f64, complete: bool| json!({"mode": "m", "complete": complete, "cpu": cpu, "latency_ms": {"p50": cpu * 2.0}, "none": null});
        let line = medians(&[run(3.0, true), run(1.5, true), run(2.0, true)]);
        let expected = json!({"mode": "m", "complete": true, "cpu": 2, "latency_ms": {"p50": 4}, "none": null,
            "medians_of": 3});
        assert_eq!(line, expected);
        assert_eq!(medians(&[run(1.0, true), run(2.0, false)])["complete"], json!(false));
        assert_eq!(medians(&[run(1.0, true), run(2.0, true)])["cpu"], json!(1.5));
    }

    #[test]
    fn refusals_are_told_by_kind() {
        let mut refusals = Refusals::default();
        refusals.add(Failure::Http(429));
        refusals.add(Failure::Closed(4004, "Connection limit exceeded: 1".to_owned()));
        refusals.add(Failure::Http(429));
        let expected = json!({"http 429": 2, "close 4004 Connection limit exceeded: 1": 1});
        assert_eq!(refusals.to_json(), expected);
        assert_eq!((refusals.count(), refusals.count_if(|f| *f == Failure::Http(429))), (3, 2));
    }
}
