use crate::binary::wiresocket;
use crate::http::{self, Answer};
use crate::server::DataFolder;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// An operator's `wiresocket admin`, on the books of a data folder or of a table.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Says where the books are.
    at: Vec<String>,
}

/// A client's id and secret.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
}

impl Admin {
    /// The books of a data folder, on which a server may be running.
    #[must_use]
    pub fn of(data: &DataFolder) -> Self {
        Self::of_folder(data.path())
    }

    /// The books of a data folder that may be missing.
    #[must_use]
    pub fn of_folder(path: &Path) -> Self {
        Self { at: vec!["--data".to_owned(), path.display().to_string()] }
    }

    /// The books that `--registry` and `--vault` name.
    #[must_use]
    pub fn on(registry: &str, vault: &str) -> Self {
        Self { at: ["--registry", registry, "--vault", vault].map(str::to_owned).to_vec() }
    }

    /// The same, with usage counted where `--usage` names.
    #[must_use]
    pub fn counting(mut self, usage: &str) -> Self {
        self.at.extend(["--usage", usage].map(str::to_owned));
        self
    }

    /// The command, for whoever runs it in a way of their own.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(wiresocket());
        for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("WIRESOCKET_")) {
            command.env_remove(variable);
        }
        command.arg("admin").args(arguments).args(&self.at).stdin(Stdio::null());
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs it to its end, however it ends.
    ///
    /// # Panics
    /// Where the binary can't be run.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary can be run")
    }

    /// Runs it with `--json`, and reads what it says.
    ///
    /// # Panics
    /// Where it fails.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "admin {arguments:?}: {complaint}");
        serde_json::from_slice(&output.stdout).expect("it prints JSON")
    }

    /// Makes a tenant, an app of it and a client that may have refresh tokens, under a plan of plenty.
    ///
    /// # Panics
    /// Where a command fails.
    pub fn client_of(&self, app: &str) -> Credentials {
        let (tenant, _) = app.split_once('/').expect("an app stands behind its tenant");
        self.json(&["tenants", "create", tenant]);
        let limits = ["--max-connections", "100", "--max-documents", "100", "--max-users-per-doc", "100"];
        self.json(&[&["plans", "set", "plenty", "--ops-per-minute", "100000"], &limits[..]].concat());
        self.json(&["apps", "create", app, "--plan", "plenty"]);
        self.another_client_of(app)
    }

    /// Makes one more client of an app.
    ///
    /// # Panics
    /// Where the command fails.
    pub fn another_client_of(&self, app: &str) -> Credentials {
        let client = self.json(&["clients", "create", app, "--refresh"]);
        let text = |name: &str| client[name].as_str().expect("both are told").to_owned();
        Credentials { id: text("client_id"), secret: text("client_secret") }
    }
}

impl Credentials {
    /// Asks the token endpoint at `address` for a token of this scope.
    pub async fn ask(&self, address: SocketAddr, scope: &str) -> Answer {
        let Self { id, secret } = self;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", scope),
        ];
        post_form(address, "/connect/token", &form).await
    }

    /// An access token.
    ///
    /// # Panics
    /// Where the endpoint at `address` refuses it.
    pub async fn token(&self, address: SocketAddr) -> String {
        access_token(&self.ask(address, "WireSocket.API").await)
    }

    /// Presents a refresh token of this client.
    pub async fn refresh(&self, address: SocketAddr, refresh_token: &str) -> Answer {
        let form =
            [("grant_type", "refresh_token"), ("client_id", &*self.id), ("refresh_token", refresh_token)];
        post_form(address, "/connect/token", &form).await
    }
}

/// The access token that an endpoint answered with.
///
/// # Panics
/// Where it did not.
#[must_use]
pub fn access_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().expect("a token is text").to_owned()
}

/// Sends a form as HTML forms are sent, of names and values that need no escapes.
pub async fn post_form(address: SocketAddr, path: &str, form: &[(&str, &str)]) -> Answer {
    let body = form.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    http::raw(address, request.as_bytes()).await
}
