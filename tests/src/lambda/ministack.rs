use super::function::named;
use super::http1::send;
use crate::waiting::eventually;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A stand-in for several of Amazon's services at once, which `cargo xtask servers` installs.
const MINISTACK: &str = "WIRESOCKET_MINISTACK";

/// ministack in a process of its own: DynamoDB and KMS at one endpoint. Killed when dropped.
#[derive(Debug)]
pub struct Ministack {
    address: SocketAddr,
    _process: Child,
}

impl Ministack {
    /// Starts one, empty, and waits until it listens.
    ///
    /// # Panics
    /// Where `WIRESOCKET_MINISTACK` does not say where it is, or it does not listen.
    pub async fn start() -> Self {
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        let address = free.local_addr().expect("a bound listener has an address");
        drop(free);
        let mut command = Command::new(named(MINISTACK, "ministack"));
        command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", address.port().to_string());
        command.env("IOT_MTLS_ENABLED", "0").env("SFTP_ENABLED", "0");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().expect("ministack can be run");
        eventually("ministack listens", async || TcpStream::connect(address).await.ok()).await;
        Self { address, _process: process }
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes for any service's endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a key of KMS, and returns its ARN.
    ///
    /// # Panics
    /// Where it can't be made.
    pub async fn make_key(&self) -> String {
        let request = Request::post("/").header("host", self.address.to_string());
        let request = request
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "TrentService.CreateKey")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=00",
            );
        let body = Full::new(Bytes::from(json!({}).to_string()));
        let made: Value = send(self.address, request.body(body).expect("it is a request")).await.json();
        made["KeyMetadata"]["Arn"].as_str().unwrap_or_else(|| panic!("no key was made: {made}")).to_owned()
    }
}
