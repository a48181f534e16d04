use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The server program that an environment variable names, or that `cargo xtask servers` installs.
///
/// # Panics
/// Where the variable names no file, or the program can't be installed.
pub(crate) fn program(variable: &str) -> String {
    let named = std::env::var(variable).ok();
    let program = named.unwrap_or_else(|| match installed().get(variable) {
        Some(path) => path.clone(),
        None => panic!("{variable} is not set, and `cargo xtask servers` does not print it"),
    });
    assert!(Path::new(&program).is_file(), "{variable}={program} is no file");
    program
}

/// What `cargo xtask servers` prints: it installs once for this workspace, as `cargo xtask test` does.
fn installed() -> &'static HashMap<String, String> {
    static INSTALLED: OnceLock<HashMap<String, String>> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let mut xtask = Command::new(env!("CARGO"));
        let output = xtask.args(["xtask", "servers"]).current_dir(root).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`cargo xtask servers` failed:\n{said}");
        let printed = String::from_utf8_lossy(&output.stdout);
        let pairs = printed.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, path)| (name.to_owned(), path.to_owned())).collect()
    })
}
