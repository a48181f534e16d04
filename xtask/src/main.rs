//! What cargo alone cannot do: `cargo xtask test`, `ci`, `bench`, `chaos`, `servers`, `sam-build`, `sam-deploy` and
//! `sam-local`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

mod background;
mod bench;
mod chaos;
mod deny;
mod failure;
mod house;
mod lanes;
mod openapi;
mod progress;
mod redis_server;
mod sam;
mod servers;
mod steps;
mod tools;
mod variables;
mod venv;

use chaos::Chaos;
use clap::{Parser, Subcommand};
use failure::Failure;
use house::House;
use sam::Compiler;
use servers::OwnServers;
use std::ffi::OsString;
use std::process::ExitCode;
use steps::Step;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks, tests and measures the whole workspace")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs everything that there is, up to the first step that fails.
    Test {
        /// One step, after those that it builds on.
        #[arg(long, value_enum)]
        only: Option<Step>,
        #[command(flatten)]
        own: OwnServers,
    },
    /// Runs what the merge gate runs: the same as `test`.
    Ci,
    /// Builds the service and the load generator in release and hands the arguments to the load generator.
    Bench {
        /// What the load generator is told; `--help` for its own help.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Builds the sync node in release, and lets nodes fail under their clients for long: what `test` does shortly.
    Chaos(Chaos),
    /// Installs the servers that the stores' tests start, and prints where they are: NAME=PATH, one a line.
    Servers,
    /// Builds the functions for Lambda as a deployment to Amazon does, with cargo-lambda, into `.aws-sam/build`.
    SamBuild,
    /// Deploys the template into a stand-in for Amazon's services, and runs the tests of what is deployed: what `test` does
    /// among others.
    SamDeploy,
    /// The same tests against `sam local start-api`: functions in containers of a Docker engine, the user's or one that root
    /// starts here.
    SamLocal,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode, Failure> {
    let house = House::find()?;
    match task {
        Task::Test { only: Some(step), own } => test(&house, &step.with_needs(), &own),
        Task::Test { only: None, own } => test(&house, Step::ALL, &own),
        Task::Ci => test(&house, Step::ALL, &OwnServers::default()),
        Task::Bench { args } => bench::run(&house, &args),
        Task::Chaos(chaos) => chaos.run(&house).map(|()| ExitCode::SUCCESS),
        Task::Servers => servers(&house),
        Task::SamBuild => sam::build(&house, Compiler::CargoLambda).map(|_| ExitCode::SUCCESS),
        Task::SamLocal => steps::served_locally(&house).map(|()| ExitCode::SUCCESS),
        Task::SamDeploy => steps::deployed(&house).map(|()| ExitCode::SUCCESS),
    }
}

fn test(house: &House, steps: &[Step], own: &OwnServers) -> Result<ExitCode, Failure> {
    tools::check(house, steps.iter().flat_map(|step| step.tools()))?;
    let outcome = progress::run(steps, |step| step.run(house, own));
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn servers(house: &House) -> Result<ExitCode, Failure> {
    tools::check(house, Step::Servers.tools().iter())?;
    for (variable, path) in servers::installed(house)? {
        println!("{variable}={}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
