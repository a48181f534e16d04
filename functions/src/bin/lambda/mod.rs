//! What all functions share: the thread that runs them, their logs, and how a start fails.

mod log;

use lambda_http::Error;
use std::fmt::Display;
use std::process::ExitCode;

/// Where Lambda's runtime API is, in the environment of every function.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Runs a function until Lambda ends the process. One thread does: an instance has one request at a time, and waits
/// for stores in it.
pub(crate) fn run<E: Display>(function: impl Future<Output = Result<(), Ended<E>>>) -> ExitCode {
    log::begin();
    if std::env::var_os(RUNTIME_API).is_none() {
        tracing::error!(
            "{RUNTIME_API} is missing: this program is a Lambda function, started by Lambda or its emulator"
        );
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(function),
        Err(error) => Err(Ended::Runtime(error.into())),
    };
    match ended {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Ended::SetUp(wrong)) => tracing::error!("the function can't start: {wrong}"),
        Err(Ended::Runtime(error)) => tracing::error!(error, "Lambda's runtime API can't be used"),
    }
    ExitCode::FAILURE
}

/// Why a function ends.
pub(crate) enum Ended<E> {
    /// Its environment can't be used.
    SetUp(E),
    /// Lambda can't be talked to.
    Runtime(Error),
}
