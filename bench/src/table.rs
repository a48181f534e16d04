//! Lines of several servers side by side, as a markdown table.

use clap::Args;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Options of the mode.
#[derive(Debug, Clone, Args)]
pub(crate) struct Table {
    /// Files of JSON lines
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// Reads files of JSON lines.
///
/// # Errors
/// A file can't be read, or a line is no JSON.
pub(crate) fn read_lines(files: &[PathBuf]) -> io::Result<Vec<Value>> {
    let mut lines = Vec::new();
    for file in files {
        for line in fs::read_to_string(file)?.lines().filter(|line| !line.trim().is_empty()) {
            lines.push(serde_json::from_str(line)?);
        }
    }
    Ok(lines)
}

/// A row for each mode, its parameters and figure; a column for each server. The last line of a mode,
/// parameters and server counts: where there are medians, they are it. Incomplete runs are marked.
pub(crate) fn markdown(lines: &[Value]) -> String {
    let mut servers: Vec<&str> = Vec::new();
    let mut rows: Vec<(String, &str)> = Vec::new();
    let mut cells: BTreeMap<(String, &str, &str), String> = BTreeMap::new();
    for line in lines {
        let server = line["server"].as_str().unwrap_or_default();
        if !servers.contains(&server) {
            servers.push(server);
        }
        for (figure, value) in figures(line) {
            let row = (title(line), figure);
            if !rows.contains(&row) {
                rows.push(row.clone());
            }
            cells.insert((row.0, row.1, server), value);
        }
    }
    let mut table = format!("| mode | figure | {} |\n", servers.join(" | "));
    table.push_str(&format!("|---|---|{}\n", "--:|".repeat(servers.len())));
    let mut above = "";
    for (title, figure) in &rows {
        let columns: Vec<&str> = servers
            .iter()
            .map(|server| cells.get(&(title.clone(), *figure, *server)).map_or("", String::as_str))
            .collect();
        let first = if title == above { "" } else { title };
        table.push_str(&format!("| {first} | {figure} | {} |\n", columns.join(" | ")));
        above = title;
    }
    table
}

/// The mode and its parameters in one cell.
fn title(line: &Value) -> String {
    let parameters = line["parameters"].as_object().into_iter().flatten();
    let parameters: Vec<String> =
        parameters.filter(|(_, v)| !v.is_null()).map(|(k, v)| format!("{k} {}", text(v))).collect();
    format!("{}: {}", line["mode"].as_str().unwrap_or_default(), parameters.join(", "))
}

/// The figures of a line that are worth a row.
fn figures(line: &Value) -> Vec<(&str, String)> {
    let mark = if line["complete"] == Value::Bool(true) { "" } else { " (incomplete)" };
    if let Some(error) = line["error"].as_str() {
        return vec![("error", error.to_owned())];
    }
    let derived = line["derived"].as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), v));
    let latency = ["p50", "p99", "max"].map(|q| (latency_title(q), &line["latency_ms"][q]));
    let shares = ["server_cpu_share", "generator_cpu_share"].map(|k| (k, &line[k]));
    let all = derived.chain(latency).chain(shares);
    all.filter(|(_, v)| !v.is_null()).map(|(k, v)| (k, format!("{}{mark}", text(v)))).collect()
}

fn latency_title(quantile: &str) -> &'static str {
    match quantile {
        "p50" => "latency p50, ms",
        "p99" => "latency p99, ms",
        _ => "latency max, ms",
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn servers_stand_side_by_side_and_the_last_line_counts() {
        let line = |server: &str, complete: bool, each: f64| {
            json!({"mode": "m", "parameters": {"n": 1, "recording": null}, "server": server,
                "complete": complete, "derived": {"each": each}, "latency_ms": {"p50": null}})
        };
        let table = markdown(&[line("a", true, 1.5), line("b", false, 3.0), line("a", true, 2.5)]);
        let expected =
            "| mode | figure | a | b |\n|---|---|--:|--:|\n| m: n 1 | each | 2.5 | 3.0 (incomplete) |\n";
        assert_eq!(table, expected);
    }

    #[test]
    fn a_failed_run_is_in_the_table() {
        let table = markdown(&[json!({"mode": "m", "parameters": {}, "server": "a", "error": "no port"})]);
        assert!(table.contains("| m:  | error | no port |"), "{table}");
    }
}
