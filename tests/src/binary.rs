use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The `wiresocket` binary under test: `WIRESOCKET_BIN`, or else a release build made once for this process.
/// (Cargo's own lock makes parallel test processes wait for each other's build.)
///
/// # Panics
/// Where `WIRESOCKET_BIN` is no file, or the build fails.
pub fn wiresocket() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("WIRESOCKET_BIN") {
        Some(path) => {
            let path = PathBuf::from(path);
            assert!(path.is_file(), "WIRESOCKET_BIN={} is no file", path.display());
            path
        }
        None => build(),
    })
}

fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--package", "local", "--bin", "wiresocket"])
        .current_dir(root)
        .status()
        .expect("cargo runs, as it runs this test");
    assert!(status.success(), "building the wiresocket binary failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("release").join("wiresocket")
}
