//! The process around a node: its logs, and the signals that end it.

use crate::options::LogFormat;
use std::io::{self, IsTerminal};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// What is logged where `RUST_LOG` does not say it: everything from `info` up. That no credentials were found, say
/// the calls that needed them; the client's own lines repeat it for each place where it looked. The embedded DynamoDB
/// warns of each condition that does not hold, which is daily work. Where a service tells its tenants of their usage by
/// itself, each look whom to tell, seconds after the last, is none either.
const LOGGED: &str = "info,aws_config=error,dynoxide=error,functions::alerting=warn";

/// Begins to log to stderr. `RUST_LOG` says what.
pub fn log(format: LogFormat) {
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_else(|_| LOGGED.to_owned());
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::level_filters::LevelFilter::INFO.into())
        .parse_lossy(directives);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match format {
        LogFormat::Pretty => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // Only a second subscriber in one process fails; the first goes on.
    drop(begun);
}

/// Begins to listen for SIGTERM alone, for a process that another one has started and ends in its own time: that one
/// passes on what a terminal or a supervisor sends to both, so neither SIGINT nor a second SIGTERM means more than the
/// first.
///
/// # Errors
/// As [`signalled`].
pub fn terminated() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    // Whoever has once listened for a signal is not ended by it any more.
    drop(signal(SignalKind::interrupt())?);
    Ok(async move {
        terminate.recv().await;
    })
}

/// Begins to listen for SIGTERM, and SIGINT as Ctrl-C sends it. The future resolves at the first of them; a
/// second one ends the process at once.
///
/// # Errors
/// Where the system takes no signal handlers. Must be called within a runtime.
pub fn signalled() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        either(&mut terminate, &mut interrupt).await;
        tokio::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            tracing::warn!("asked twice to end; ending at once");
            std::process::exit(1);
        });
    })
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
