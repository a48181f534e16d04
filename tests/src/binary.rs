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
    BINARY.get_or_init(|| given("WIRESOCKET_BIN").unwrap_or_else(|| build("local", "wiresocket")))
}

/// The `syncd` binary under test: `WIRESOCKET_SYNCD_BIN`, or else a release build made once for this process.
///
/// # Panics
/// Where `WIRESOCKET_SYNCD_BIN` is no file, or the build fails.
pub fn syncd() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| given("WIRESOCKET_SYNCD_BIN").unwrap_or_else(|| build("syncd", "syncd")))
}

fn given(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    assert!(path.is_file(), "{variable}={} is no file", path.display());
    Some(path)
}

fn build(package: &str, binary: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--package", package, "--bin", binary])
        .current_dir(root)
        .status()
        .expect("cargo runs, as it runs this test");
    assert!(status.success(), "building the binary {binary} failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("release").join(binary)
}
