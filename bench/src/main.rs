//! WireSocket's load generator: one mode a question, one JSON line a run (see `README.md` beside the crate).

mod cores;
mod latency;
mod machine;
mod measure;
mod modes;
mod options;
mod report;
mod runs;
mod server;
mod table;
mod target;
mod wire;
mod yjs;

use clap::Parser;
use options::Options;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match runs::run(&Options::parse(), &mut io::stdout().lock(), &mut io::stderr().lock()) {
        Ok(runs::Verdict::Complete) => ExitCode::SUCCESS,
        Ok(runs::Verdict::SomethingMissing) => ExitCode::FAILURE,
        Err(error) => {
            // Where even standard error is closed, the exit code says it.
            let _ = writeln!(io::stderr(), "bench: {error}");
            ExitCode::from(2)
        }
    }
}
