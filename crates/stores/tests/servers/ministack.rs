use super::installed;
use super::process::Server;
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
    let environment =
        [("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", "0"), ("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0")];
    Server::start(&installed::program(VARIABLE), &[], &environment, |line| {
        let (_, address) = line.split_once("Running on ")?;
        Some(address.split(' ').next().unwrap_or(address).to_owned())
    })
}
