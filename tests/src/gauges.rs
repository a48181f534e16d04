use crate::http;
use serde_json::Value;
use std::net::SocketAddr;

/// What `/usage` counts of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Open WebSockets.
    pub connections: u64,
    /// Active documents.
    pub documents: u64,
}

/// Reads `/usage` with `token`.
///
/// # Panics
/// Where the answer is not 200 with the fields of the API.
pub async fn usage(address: SocketAddr, token: &str) -> Count {
    let bearer = format!("Bearer {token}");
    let answer = http::get(address, "/usage", &[("Authorization", &bearer)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    let current = |what: &str| body["usage"][what]["current"].as_u64();
    let read = |what| current(what).unwrap_or_else(|| panic!("no usage.{what}.current in {body}"));
    Count { connections: read("connections"), documents: read("documents") }
}

/// Reads one metric from `/metrics`, summed over its labels; 0 where it is not there.
///
/// # Panics
/// Where `/metrics` does not answer.
pub async fn gauge(address: SocketAddr, name: &str) -> f64 {
    let answer = http::get(address, "/metrics", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.lines().filter_map(|line| sample(line, name)).sum()
}

/// The value of a line `name{labels} value`, if it is of that metric.
fn sample(line: &str, name: &str) -> Option<f64> {
    let rest = line.strip_prefix(name)?;
    let is_whole_name = rest.starts_with(' ') || rest.starts_with('{');
    if is_whole_name { rest.rsplit(' ').next()?.parse().ok() } else { None }
}

/// The text of a JSON value that must be one.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

#[cfg(test)]
mod tests {
    use super::sample;

    #[test]
    fn a_metric_is_told_from_one_whose_name_begins_like_it() {
        assert_eq!(sample("open 7", "open"), Some(7.0));
        assert_eq!(sample("open{app=\"a b\"} 2", "open"), Some(2.0));
        assert_eq!(sample("open_total 7", "open"), None);
        assert_eq!(sample("# HELP open", "open"), None);
    }
}
