use crate::failure::Failure;
use serde_json::Value;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the workspace lies, and how programs are started in it.
pub(crate) struct House {
    root: PathBuf,
    target: PathBuf,
    cargo: OsString,
    machine: Machine,
}

/// Whose machine this is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Machine {
    /// A developer's, who builds again and again.
    Developer,
    /// One that builds once from nothing (`CI=true`): there, incremental builds only cost.
    Ci,
}

impl House {
    /// Asks cargo where the workspace and its target folder are.
    pub(crate) fn find() -> Result<Self, Failure> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let ci = env::var("CI").is_ok_and(|ci| ci == "true");
        let machine = if ci { Machine::Ci } else { Machine::Developer };
        let mut metadata = Command::new(&cargo);
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        let printed: Value = serde_json::from_str(&output(&mut metadata)?).map_err(|_| Failure::Metadata)?;
        let folder = |name: &str| printed[name].as_str().map(PathBuf::from).ok_or(Failure::Metadata);
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")?, cargo, machine })
    }

    /// A folder or file of the workspace.
    pub(crate) fn path(&self, within: &str) -> PathBuf {
        self.root.join(within)
    }

    /// A folder or file of the target folder.
    pub(crate) fn built(&self, within: &str) -> PathBuf {
        self.target.join(within)
    }

    /// A fresh file in the target folder, for what a program prints.
    pub(crate) fn log(&self, within: &str) -> Result<File, Failure> {
        let path = self.built(within);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create(&path));
        made.map_err(|source| Failure::Write { path, source })
    }

    /// `cargo` with these arguments, in the workspace.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.program(&self.cargo);
        command.args(args);
        if self.machine == Machine::Ci {
            command.env("CARGO_INCREMENTAL", "0");
        }
        command
    }

    /// A program that runs in the workspace and reads no input.
    pub(crate) fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }
}

/// Runs a program to its end; what it prints is seen.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    println!("$ {}", spelled(command));
    let status = command.status().map_err(|source| Failure::Start { command: spelled(command), source })?;
    if status.success() { Ok(()) } else { Err(Failure::Failed { command: spelled(command), status }) }
}

/// Runs a program to its end and returns what it printed to its output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|source| Failure::Start { command: spelled(command), source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Failure::Failed { command: spelled(command), status: output.status })
    }
}

/// Runs a program to its end and returns what it printed to its output; its errors are seen.
pub(crate) fn output_as_it_runs(command: &mut Command) -> Result<String, Failure> {
    println!("$ {}", spelled(command));
    output(command.stderr(Stdio::inherit()))
}

fn spelled(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
