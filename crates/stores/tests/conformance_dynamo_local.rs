//! DynamoDB's adapters pass every clause of their ports on Amazon's DynamoDB Local, from the folder
//! `WIRESOCKET_DYNAMODB_LOCAL`. `cargo xtask test --dynamodb-local FOLDER` runs it; whoever does has agreed to its
//! licence.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod servers;

use servers::fresh_table::FreshTable;
use servers::process::Server;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

fn endpoint() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start).endpoint()
}

fn start() -> Server {
    let folder = std::env::var_os("WIRESOCKET_DYNAMODB_LOCAL").map(PathBuf::from);
    let folder = folder.expect("WIRESOCKET_DYNAMODB_LOCAL is the folder with DynamoDBLocal.jar");
    let (jar, libraries) = (folder.join("DynamoDBLocal.jar"), folder.join("DynamoDBLocal_lib"));
    assert!(jar.is_file(), "{} is no file", jar.display());
    let port = free_port().to_string();
    let libraries = format!("-Djava.library.path={}", libraries.display());
    let args = [&libraries, "-jar", text(&jar), "-inMemory", "-port", &port];
    let endpoint = format!("http://127.0.0.1:{port}");
    Server::start("java", &args, &[], move |line| line.contains("Initializing").then(|| endpoint.clone()))
}

/// It cannot be asked for any port.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the folder's name is UTF-8")
}

servers::home_conformance!(FreshTable::with_ports(endpoint()));
servers::registry_conformance!(FreshTable::with_registry(endpoint()));
servers::usage_conformance!(FreshTable::with_usage(endpoint()));
