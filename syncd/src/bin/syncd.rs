//! `syncd`: one sync node.

use clap::Parser;
use std::io::{self, Write};
use std::process::ExitCode;
use syncd::setup::{self, Options, SetupError};
use syncd::{Besides, RunError, process};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One sync node of WireSocket: holds WebSocket sessions and open documents.
///
/// Any number of nodes share the DynamoDB tables of their home regions. AWS credentials are read where Amazon's
/// tools read them.
#[derive(Debug, Parser)]
#[command(name = "syncd", version)]
struct CommandLine {
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, thiserror::Error)]
enum SyncdError {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Run(#[from] RunError),
}

fn main() -> ExitCode {
    let CommandLine { options } = CommandLine::parse();
    process::log(options.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(serve(options)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr closed there is nobody to tell.
            let _ = writeln!(io::stderr().lock(), "error: {error}");
            ExitCode::from(if matches!(error, SyncdError::Setup(_)) { 2 } else { 1 })
        }
    }
}

async fn serve(options: Options) -> Result<(), SyncdError> {
    let setup = setup::prepare(options).await?;
    // Before anybody is told that it listens, so that whoever ends it then ends it in order.
    let signalled = process::signalled()?;
    setup.announce(&mut io::stdout().lock())?;
    syncd::run(setup.listeners, setup.ports, setup.config, Besides::default(), signalled).await?;
    Ok(())
}
