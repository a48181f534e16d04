use super::process::Server;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

const VARIABLE: &str = "WIRESOCKET_MINISTACK";

/// ministack, one for all tests of this process.
///
/// # Panics
/// Where `WIRESOCKET_MINISTACK` is no file, or ministack can't be installed or does not start.
pub(crate) fn endpoint() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start).endpoint()
}

fn start() -> Server {
    let program = match std::env::var(VARIABLE) {
        Ok(path) => path,
        Err(_) => installed(),
    };
    assert!(Path::new(&program).is_file(), "{VARIABLE}={program} is no file");
    let environment =
        [("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", "0"), ("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0")];
    Server::start(&program, &[], &environment, |line| {
        let (_, address) = line.split_once("Running on ")?;
        Some(address.split(' ').next().unwrap_or(address).to_owned())
    })
}

/// Installs it once for this workspace, as `cargo xtask test` does.
fn installed() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut xtask = Command::new(env!("CARGO"));
    let output = xtask.args(["xtask", "servers"]).current_dir(root).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let path = printed.lines().find_map(|line| line.strip_prefix(VARIABLE)?.strip_prefix('='));
    path.map(str::to_owned).unwrap_or_else(|| {
        panic!(
            "{VARIABLE} is not set, and `cargo xtask servers` failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}
