use crate::clients_folder;
use crate::typing::{Typing, typed_session};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// An editing session that can be replayed: a file in the format of `clients/recording.mjs`.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    /// How many writers took part.
    pub writers: usize,
    /// The text that everybody must end with.
    pub end: String,
    _folder: Option<TempDir>,
}

impl Recording {
    /// The recording `name` of the folder `WIRESOCKET_RECORDINGS` where that is set, else a session typed by
    /// `typing`. Prints which.
    ///
    /// # Panics
    /// Where the folder is set and does not hold the recording.
    #[must_use]
    pub fn named_or_typed(name: &str, typing: Typing) -> Self {
        match std::env::var_os("WIRESOCKET_RECORDINGS") {
            Some(folder) => Self::recorded(&Path::new(&folder).join(name)),
            None => Self::typed(typing),
        }
    }

    #[allow(clippy::print_stdout, reason = "a test's output says what it replayed")]
    fn recorded(path: &Path) -> Self {
        println!("replaying the recording {}", path.display());
        let script = "import('./recording.mjs').then(({ readRecording }) => {
            const { end, agents } = readRecording(process.argv[1])
            process.stdout.write(JSON.stringify({ end, agents }))
        })";
        let mut command = Command::new("node");
        command.args(["-e", script]).arg(path).current_dir(clients_folder());
        let output = command.output().expect("node is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let summary: Value = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
        Self {
            path: path.to_owned(),
            writers: summary["agents"].as_u64().expect("agents is a number") as usize,
            end: summary["end"].as_str().expect("end is a text").to_owned(),
            _folder: None,
        }
    }

    #[allow(clippy::print_stdout, reason = "a test's output says what it replayed")]
    fn typed(typing: Typing) -> Self {
        println!("replaying a session typed by {typing:?} (set WIRESOCKET_RECORDINGS for recorded ones)");
        let session = typed_session(typing);
        let folder = TempDir::with_prefix("wiresocket-typed-").expect("the temporary folder can be written");
        let path = folder.path().join("session.json");
        std::fs::write(&path, session.to_string()).expect("the temporary folder can be written");
        let end = session["endContent"].as_str().expect("a session has its end").to_owned();
        Self { path, writers: typing.writers, end, _folder: Some(folder) }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
