use crate::binary::wiresocket;
use crate::fleet::Fleet;
use crate::process::Daemon;
use std::net::SocketAddr;
use std::process::Stdio;
use tokio::process::Command;

/// A process of the control plane over the stores of a fleet, killed when dropped.
#[derive(Debug)]
pub struct FunctionsProcess {
    address: SocketAddr,
    _process: Daemon,
}

impl FunctionsProcess {
    /// Starts one on a free port, with these arguments besides its own, and waits until it listens.
    ///
    /// # Panics
    /// Where it ends before.
    pub async fn start(fleet: &Fleet, arguments: &[&str]) -> Self {
        Self::over(&fleet.function_options(), arguments).await
    }

    /// Starts one over the counts of a fleet, that verifies tokens by the key sets at `url`.
    ///
    /// # Panics
    /// Where it ends before it listens.
    pub async fn verifying_by(fleet: &Fleet, url: &str) -> Self {
        let home = ["--home".to_owned(), fleet.home()];
        Self::over(&home, &["--jwks", url, "--rate-limits", "off"]).await
    }

    /// Starts one over the stores that these options name.
    ///
    /// # Panics
    /// Where it ends before it listens.
    pub async fn over(stores: &[String], arguments: &[&str]) -> Self {
        let mut command = Command::new(wiresocket());
        command.arg("functions").args(["--listen", "127.0.0.1:0"]).args(stores);
        command.args(arguments).stderr(Stdio::null());
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        let mut process = Daemon::start(&mut command);
        let address = process.says("listening http://").await.expect("the control plane listens");
        Self { address: address.parse().expect("the listening line ends in an address"), _process: process }
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
