use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What Lambda is told about the level of a function's own lines, and tells it.
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Begins to log: one JSON object a line, in which `span` says which request it belongs to. Where credentials were looked
/// for in vain, the calls that needed them say so.
pub(super) fn begin() {
    let level = std::env::var(LEVEL).ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let targets = Targets::new().with_default(level).with_target("aws_config", LevelFilter::ERROR.min(level));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(std::io::stdout);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
