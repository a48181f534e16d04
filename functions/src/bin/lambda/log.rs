use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What Lambda is told about the level of a function's own lines, and tells it.
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Whose lines never show a secret, at whatever level: this repository's own.
const OWN: [&str; 10] =
    ["functions", "stores", "domain", "discovery", "usage", "token", "reports", "admin", "webhooks", "sweep"];

/// Begins to log: one JSON object a line, in which `span` says which request it belongs to.
pub(super) fn begin() {
    let targets = targets(std::env::var(LEVEL).ok().as_deref());
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(std::io::stdout);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}

/// What is logged at a level of Lambda's. It holds for our own lines; those of others are left at `INFO` at most, as at
/// `TRACE` they show requests whole, secrets included. Where credentials were looked for in vain, the calls that needed
/// them say so.
fn targets(level: Option<&str>) -> Targets {
    let level = level.map_or(LevelFilter::INFO, filter);
    Targets::new()
        .with_default(LevelFilter::INFO.min(level))
        .with_target("aws_config", LevelFilter::ERROR.min(level))
        .with_targets(OWN.map(|own| (own, level)))
}

fn filter(level: &str) -> LevelFilter {
    match level {
        // Lambda has one more level than we have.
        "FATAL" => LevelFilter::ERROR,
        level => level.parse().unwrap_or(LevelFilter::INFO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn others_lines_are_left_at_info_whatever_the_level() {
        for level in ["TRACE", "DEBUG", "INFO"] {
            let targets = targets(Some(level));
            for other in ["lambda_runtime", "lambda_runtime::layers", "aws_smithy_runtime", "hyper"] {
                assert!(targets.would_enable(other, &Level::INFO), "{other} at {level}");
                assert!(!targets.would_enable(other, &Level::DEBUG), "{other} at {level}");
            }
        }
        let targets = targets(Some("TRACE"));
        for own in OWN {
            assert!(targets.would_enable(&format!("{own}::module"), &Level::TRACE), "{own}");
        }
    }

    #[test]
    fn lambdas_highest_level_is_an_error() {
        for level in ["FATAL", "ERROR"] {
            let targets = targets(Some(level));
            assert!(targets.would_enable("functions", &Level::ERROR), "{level}");
            assert!(!targets.would_enable("functions", &Level::WARN), "{level}");
            assert!(!targets.would_enable("lambda_runtime", &Level::WARN), "{level}");
        }
        assert!(targets(None).would_enable("functions", &Level::INFO));
    }
}
