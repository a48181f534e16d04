use crate::waiting::{PATIENCE, within};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The folder of the Node scripts, with their packages installed.
///
/// # Panics
/// Where `npm ci` fails.
pub fn clients_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        install(&folder);
        folder
    })
}

/// Runs `npm ci` unless what is installed is newer than the lock file. Other test processes wait meanwhile.
fn install(folder: &Path) {
    let lock = File::create(std::env::temp_dir().join("wiresocket-house-tests.npm.lock"));
    let lock = lock.expect("the temporary folder can be written");
    lock.lock().expect("the file system has locks");
    let changed_at = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    // npm writes this file last.
    let installed_at = changed_at(&folder.join("node_modules").join(".package-lock.json"));
    if installed_at.is_some() && installed_at >= changed_at(&folder.join("package-lock.json")) {
        return;
    }
    let status =
        std::process::Command::new("npm").arg("ci").current_dir(folder).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|s| s.success()), "`npm ci` in {} failed", folder.display());
}

/// A Node script that speaks JSON lines over stdin and stdout. Killed when dropped.
#[derive(Debug)]
pub struct NodeProcess {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl NodeProcess {
    /// Starts `script` of the clients' folder with one JSON argument.
    #[must_use]
    pub fn start(script: &str, argument: &Value) -> Self {
        let mut command = Command::new("node");
        command.arg(script).arg(argument.to_string()).current_dir(clients_folder());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("node is installed");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        Self { child, stdin, lines: BufReader::new(stdout).lines() }
    }

    /// Writes one line to the script.
    pub async fn write_line(&mut self, line: &str) {
        let written = self.stdin.write_all(format!("{line}\n").as_bytes()).await;
        written.expect("the script reads its input");
    }

    /// The script's next line, for at most [`PATIENCE`].
    pub async fn next(&mut self, what: &str) -> Value {
        self.next_within(PATIENCE, what).await
    }

    /// The script's next line.
    ///
    /// # Panics
    /// Where there is none in time, or it is no JSON.
    pub async fn next_within(&mut self, patience: Duration, what: &str) -> Value {
        let line = within(patience, what, self.lines.next_line()).await.expect("stdout can be read");
        let line = line.unwrap_or_else(|| panic!("{what}: the script ended"));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{what}: {error} in {line:?}"))
    }

    pub(crate) fn into_parts(self) -> (Child, ChildStdin, Lines<BufReader<ChildStdout>>) {
        (self.child, self.stdin, self.lines)
    }
}
