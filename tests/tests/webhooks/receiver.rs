//! A receiver of webhooks on this machine, in Node: it verifies with the reference library, and behaves as it is told.

use house_tests::NodeProcess;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

pub(crate) struct Receiver {
    process: NodeProcess,
    port: u64,
    certificates: TempDir,
    heard: Vec<Heard>,
}

/// A request as the receiver saw it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) verified: bool,
    /// What it answered: a status, `"never"`, or where it redirected to.
    pub(crate) answered: Value,
}

impl Receiver {
    /// Listens with a certificate of its own making.
    pub(crate) async fn start() -> Self {
        let certificates = certificates();
        let path = |file: &str| certificates.path().join(file);
        let files = json!({"key": path("server.key"), "certificate": path("server.pem")});
        let mut process = NodeProcess::start("receiver.mjs", &files);
        let port = process.next("the receiver listens").await["port"].as_u64().expect("a port is a number");
        Self { process, port, certificates, heard: Vec::new() }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/hooks?from=wiresocket", self.port)
    }

    /// Who has signed its certificate.
    pub(crate) fn ca_pem(&self) -> Vec<u8> {
        std::fs::read(self.certificates.path().join("ca.pem")).expect("it was made")
    }

    /// Has it behave otherwise from here on.
    pub(crate) async fn obeys(&mut self, change: Value) {
        self.process.write_line(&change.to_string()).await;
        loop {
            let line = self.process.next("the receiver obeys").await;
            if line["done"] == true {
                return;
            }
            self.heard.push(Heard::told(&line["heard"]));
        }
    }

    /// All that it has heard since this was last asked.
    pub(crate) async fn heard(&mut self) -> Vec<Heard> {
        self.obeys(json!({})).await;
        std::mem::take(&mut self.heard)
    }
}

impl Heard {
    fn told(line: &Value) -> Self {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let verified = line["verified"] == true;
        Self { id: text("id"), body: text("body"), verified, answered: line["answered"].clone() }
    }

    /// The event in it.
    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// An authority, and a certificate of `localhost` that it has signed, made with openssl.
fn certificates() -> TempDir {
    let folder = TempDir::with_prefix("wiresocket-webhooks-").expect("the temporary folder can be written");
    std::fs::write(folder.path().join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1")
        .expect("it can be written");
    const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for made in [
        format!("req -x509 {NEW_KEY} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"),
        format!("req {NEW_KEY} -subj /CN=receiver -keyout server.key -out server.csr"),
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem".into(),
    ] {
        openssl(folder.path(), &made);
    }
    folder
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
