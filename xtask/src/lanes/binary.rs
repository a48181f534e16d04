use crate::failure::Failure;
use crate::house::{House, output_as_it_runs};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that cargo has built out of tests: a library's or a program's own, or those of a file or folder in `tests/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TestBinary {
    /// Its package's folder in the workspace, and its own name: `tests/fleet_ops`, `crates/stores/disk`.
    pub(super) name: String,
    program: PathBuf,
    folder: PathBuf,
}

/// Builds every test of the workspace, and returns what came of it in the order of names.
pub(super) fn built(house: &House) -> Result<Vec<TestBinary>, Failure> {
    let format = "--message-format=json-render-diagnostics";
    let messages = output_as_it_runs(&mut house.cargo(&["test", "--workspace", "--no-run", format]))?;
    let mut binaries: Vec<TestBinary> =
        messages.lines().filter_map(|message| TestBinary::of(message, &house.path(""))).collect();
    binaries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(binaries)
}

impl TestBinary {
    /// The binary that a message of cargo's is about; most are about something else.
    fn of(message: &str, root: &Path) -> Option<Self> {
        let message: Value = serde_json::from_str(message).ok()?;
        if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
            return None;
        }
        let program = PathBuf::from(message["executable"].as_str()?);
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
        let package = folder.strip_prefix(root).unwrap_or(&folder);
        let name = format!("{}/{}", package.display(), message["target"]["name"].as_str()?);
        Some(Self { name, program, folder })
    }

    /// It, to be run as cargo would, in its package's folder.
    pub(super) fn command(&self, house: &House) -> Command {
        let mut command = house.program(&self.program);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl TestBinary {
        /// One of this name that is nowhere.
        pub(crate) fn named(name: &str) -> Self {
            Self { name: name.to_owned(), program: PathBuf::new(), folder: PathBuf::new() }
        }
    }

    #[test]
    fn a_binary_is_named_by_its_packages_folder_and_its_own_name() {
        let message = r#"{"reason": "compiler-artifact", "manifest_path": "/house/crates/stores/Cargo.toml",
            "target": {"name": "disk"}, "profile": {"test": true}, "executable": "/house/target/debug/deps/disk-1"}"#;
        let binary = TestBinary::of(message, Path::new("/house")).unwrap();
        assert_eq!(binary.name, "crates/stores/disk");
        assert_eq!(binary.folder, Path::new("/house/crates/stores"));
        for other in [
            "no JSON",
            r#"{"reason": "build-finished"}"#,
            &message.replace("\"test\": true", "\"test\": false"),
            &message.replace("\"/house/target/debug/deps/disk-1\"", "null"),
        ] {
            assert_eq!(TestBinary::of(other, Path::new("/house")), None, "{other}");
        }
    }
}
