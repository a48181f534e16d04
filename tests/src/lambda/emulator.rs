use super::function::{Function, named};
use super::http1::send;
use crate::waiting::eventually;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::Value;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// The emulator: a program of Amazon's, which `cargo xtask servers` installs.
const EMULATOR: &str = "WIRESOCKET_LAMBDA_RIE";
const INVOCATIONS: &str = "/2015-03-31/functions/function/invocations";

/// A function under the emulator: one process, which answers one event at a time. Killed when dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    log: PathBuf,
    one_at_a_time: Mutex<()>,
    _process: Child,
    _folder: TempDir,
}

/// What the emulator reports of its function, in milliseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timings {
    /// From the process's start until it asked for its first event.
    pub init: Option<f64>,
    /// From each event to its answer.
    pub invocations: Vec<f64>,
}

impl Emulator {
    /// Starts a function with these variables and no others of this process's; its first event initialises it.
    ///
    /// # Panics
    /// Where `WIRESOCKET_LAMBDA_RIE` or `WIRESOCKET_FUNCTIONS` does not say where the programs are, or the emulator
    /// does not listen.
    pub async fn start(function: Function, environment: &[(&str, String)]) -> Self {
        let folder = TempDir::with_prefix("wiresocket-lambda-").expect("the temporary folder can be written");
        let log = folder.path().join("log");
        let [address, runtime_api] = free_addresses();
        let mut command = Command::new(named(EMULATOR, "Amazon's runtime interface emulator"));
        command.args(["--runtime-interface-emulator-address", &address.to_string()]);
        command.args(["--runtime-api-address", &runtime_api.to_string()]).arg(function.binary());
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        command.env("AWS_REGION", "us-east-1").env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        let lines = File::create(&log).expect("the folder can be written");
        command.stdout(lines.try_clone().expect("a file has two handles")).stderr(lines);
        let process =
            command.stdin(Stdio::null()).kill_on_drop(true).spawn().expect("the emulator can be run");
        eventually("the emulator listens", async || TcpStream::connect(address).await.ok()).await;
        Self { address, log, one_at_a_time: Mutex::default(), _process: process, _folder: folder }
    }

    /// Hands the function an event, after those before it, and returns what it answers.
    ///
    /// # Panics
    /// Where it answers nothing, or no JSON.
    pub async fn invoke(&self, event: &Value) -> Value {
        let answer = self.invoke_with(event.to_string()).await;
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error} in {answer:?}:\n{}", self.log()))
    }

    /// Hands the function bytes that need be no event.
    ///
    /// # Panics
    /// Where the emulator does not answer.
    pub async fn invoke_with(&self, event: impl Into<Bytes>) -> String {
        let _turn = self.one_at_a_time.lock().await;
        let request = Request::post(INVOCATIONS).header("host", self.address.to_string());
        send(self.address, request.body(Full::new(event.into())).expect("it is a request")).await.body
    }

    /// What the function and the emulator have logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What the emulator has reported so far.
    #[must_use]
    pub fn timings(&self) -> Timings {
        Timings::read(&self.log())
    }
}

impl Timings {
    fn read(log: &str) -> Self {
        let after = |line: &str, mark: &str, end: &str| {
            let (_, rest) = line.split_once(mark)?;
            rest.split_once(end)?.0.parse().ok()
        };
        let init = log.lines().find_map(|line| after(line, "INIT REPORT(durationMs: ", ")"));
        let answered =
            |line: &str| line.contains("INVOKE RTDONE(").then(|| after(line, "duration: ", "ms)"))?;
        Self { init, invocations: log.lines().filter_map(answered).collect() }
    }

    /// The first and the middle one of the events' durations.
    #[must_use]
    pub fn first_and_median(&self) -> Option<(f64, f64)> {
        let mut sorted = self.invocations.clone();
        sorted.sort_by(f64::total_cmp);
        Some((*self.invocations.first()?, sorted[sorted.len() / 2]))
    }
}

/// Two ports that were free a moment ago: the emulator takes none of the system's choice.
fn free_addresses() -> [SocketAddr; 2] {
    let taken = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port"));
    taken.map(|listener| listener.local_addr().expect("a bound listener has an address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_from_the_emulators_log() {
        let log = "22 Nov 2026 11:13:39,736 [INFO] (rapid) INIT REPORT(durationMs: 55.923000)\n\
            {\"message\":\"answered\"}\n\
            22 Nov 2026 11:13:39,738 [INFO] (rapid) INVOKE RTDONE(status: success, produced bytes: 0, duration: 1.665000ms)\n\
            22 Nov 2026 11:13:39,749 [INFO] (rapid) INVOKE RTDONE(status: success, produced bytes: 0, duration: 1.574000ms)\n";
        let timings = Timings::read(log);
        assert_eq!(timings, Timings { init: Some(55.923), invocations: vec![1.665, 1.574] });
        assert_eq!(timings.first_and_median(), Some((1.665, 1.665)));
        assert_eq!(Timings::default().first_and_median(), None);
    }
}
