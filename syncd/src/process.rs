//! The process around a node: its logs, and the signals that end it.

use crate::options::LogFormat;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Begins to log to stderr. `RUST_LOG` says what, by default everything from `info` up.
pub fn log(format: LogFormat) {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::level_filters::LevelFilter::INFO.into())
        .from_env_lossy();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match format {
        LogFormat::Pretty => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // Only a second subscriber in one process fails; the first goes on.
    drop(begun);
}

/// Resolves when the process is asked to end: SIGTERM, or SIGINT as Ctrl-C sends it. A second one ends it at
/// once.
pub async fn ended_by_signal() {
    wait().await;
    tokio::spawn(async {
        wait().await;
        tracing::warn!("asked twice to end; ending at once");
        std::process::exit(1);
    });
}

async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
