//! Amazon's command line for serverless templates, what comes with it, and the tasks that use it.

mod build;
mod deployment;
mod docker;
mod local_api;
#[cfg(test)]
mod messages;
mod outputs;

pub(crate) use build::{Compiler, build};
pub(crate) use deployment::Deployment;
pub(crate) use docker::Docker;
pub(crate) use local_api::LocalApi;

use crate::failure::Failure;
use crate::house::{House, run};
use crate::venv::PythonProgram;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Amazon's `sam`, with the linter of templates and what compiles functions for it.
pub(crate) const SAM: PythonProgram = PythonProgram {
    package: "aws-sam-cli",
    version: "1.170.0",
    beside: &["cfn-lint==1.58.0", "cargo-lambda==1.9.2"],
    program: "sam",
    advice: "sam is fetched once from the Python package index, into the target folder. \
        That needs the network and Python's venv module (Debian: python3-venv).",
};

/// Processors of this machine, as templates name them.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// Where the emulator of Lambda's runtime is, which runs a function's binary by itself.
pub(crate) fn emulator(house: &House) -> Result<PathBuf, Failure> {
    let folder = "import os, samcli; print(os.path.join(os.path.dirname(samcli.__file__), 'local', 'rapid'))";
    let folder = PathBuf::from(SAM.says(house, folder)?);
    Ok(folder.join(format!("aws-lambda-rie-{ARCHITECTURE}")))
}

/// Validates and lints every template. What a template is allowed in spite of the linter, it says itself, with the reason.
pub(crate) fn lint(house: &House) -> Result<(), Failure> {
    run(sam(house, &[])?.args(["validate", "--lint", "--region", "us-east-1"]))?;
    let linter = SAM.folder(house)?.join("cfn-lint");
    run(house.program(linter).args(["--template", "template.yaml", "infra/*.yaml"]))
}

/// `sam`, which finds the programs of `before` and of its own environment before all others, and asks nobody but those that
/// it is told.
fn sam(house: &House, before: &[&Path]) -> Result<Command, Failure> {
    let folder = SAM.folder(house)?;
    let mut sam = house.program(folder.join(SAM.program));
    let own = before.iter().map(|folder| folder.to_path_buf()).chain([folder]);
    sam.env("PATH", path_with(own)).env("SAM_CLI_TELEMETRY", "0").env("AWS_EC2_METADATA_DISABLED", "true");
    Ok(sam)
}

fn path_with(first: impl Iterator<Item = PathBuf>) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = first.chain(env::split_paths(&path)).collect();
    // Fails only where a folder's name has a colon; then programs are looked for where they were before.
    env::join_paths(all).unwrap_or(path)
}
