use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a task did not come to its end, in words for whoever started it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A program could not be started at all.
    #[error("`{command}` could not be started: {source}")]
    Start {
        /// The program and its arguments.
        command: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A program ran and ended badly; it has said why itself.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The program and its arguments.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// Tools are missing or too old; one line each.
    #[error("this machine lacks what the tests need:\n{}", .0.join("\n"))]
    Tools(Vec<String>),
    /// A program that the task itself installs could not be.
    #[error("{program} could not be installed: {cause}\n{advice}")]
    NotInstalled {
        /// The program.
        program: &'static str,
        /// Which command failed, and how.
        cause: Box<Failure>,
        /// What to do about it.
        advice: &'static str,
    },
    /// A file of the task's own could not be written.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// The file, or its folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A server ended, or took too long, before it was ready.
    #[error("`{command}` does not get ready")]
    NotReady {
        /// The program.
        command: String,
    },
    /// There is no Docker engine, and none can be started.
    #[error("`sam local` runs functions in containers, and there is no Docker engine: {0}")]
    NoDocker(&'static str),
    /// The deployed stack lacks an output that tests are told.
    #[error("the deployed stack does not say what tests must know: see the outputs of template.yaml")]
    Outputs,
    /// `wiresocket admin` printed something else than was expected of it.
    #[error("`wiresocket admin` does not say the {0} that it has made")]
    NotMade(&'static str),
    /// Tests failed; each binary has said why itself.
    #[error("tests failed:\n{}", .0.join("\n"))]
    Tests(Vec<String>),
    /// `cargo metadata` printed something else than was expected of it.
    #[error("`cargo metadata` does not say where the workspace is")]
    Metadata,
}
