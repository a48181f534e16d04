//! The server under test: started fresh for each run, on a core of its own, and ended with it.

use crate::cores::pin_to;
use crate::measure::Meter;
use crate::options::{ServerKind, ServerOptions};
use crate::target::{InvalidUrl, Target};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to listen.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// What the token of a run allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// A million of everything.
    Ample,
    /// One connection.
    OneConnection,
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// An option that this kind of server needs is missing.
    #[error("--server {0} needs {1}")]
    Option(&'static str, &'static str),
    /// A process could not be started or pinned.
    #[error("cannot start {0}: {1}")]
    Process(String, #[source] io::Error),
    /// It did not listen in time, or ended; with the last lines of its log.
    #[error("the server did not come up: {0}")]
    Silent(String),
    /// No token was printed.
    #[error("no token: {0}")]
    Token(String),
    /// The URL template is not usable.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
}

/// A server that listens.
#[derive(Debug)]
pub(crate) struct Server {
    /// How to connect to it.
    pub(crate) target: Target,
    /// How to measure it.
    pub(crate) meter: Meter,
    documents: String,
    _process: Option<Process>,
}

impl Server {
    /// Starts the server that the options name. `run` makes document names that no earlier run used.
    ///
    /// # Errors
    /// [`StartError`].
    pub(crate) fn start(options: &ServerOptions, plan: Plan, run: &str) -> Result<Self, StartError> {
        let (process, pid, target) = match (options.server, options.pid) {
            (_, Some(pid)) => (None, pid, running(options)?),
            (ServerKind::Peer, None) => with_pid(peer(options)?),
            (ServerKind::Wiresocket, None) => with_pid(wiresocket(options, plan)?),
        };
        Ok(Self { target, meter: Meter::new(pid), documents: format!("bench-{run}"), _process: process })
    }

    /// The name of a run's `n`th document.
    pub(crate) fn document(&self, n: usize) -> String {
        format!("{}-{n}", self.documents)
    }
}

fn with_pid((process, target): (Process, Target)) -> (Option<Process>, u32, Target) {
    let pid = process.child.id();
    (Some(process), pid, target)
}

fn running(options: &ServerOptions) -> Result<Target, StartError> {
    let url = options.url.as_deref().ok_or(StartError::Option("running (--pid)", "--url"))?;
    Ok(Target::parse(url, 0, options.token.as_deref())?)
}

fn peer(options: &ServerOptions) -> Result<(Process, Target), StartError> {
    let command = options.command.as_deref().ok_or(StartError::Option("peer", "--command"))?;
    let url = options.url.as_deref().ok_or(StartError::Option("peer", "--url"))?;
    let port = free_port().map_err(|e| StartError::Process("a listener".to_owned(), e))?;
    let command = format!("exec {}", command.replace("{port}", &port.to_string()));
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).env("PORT", port.to_string()).env("HOST", "127.0.0.1");
    let mut process = Process::start(&shell, options)?;
    process.wait_for_port(port)?;
    Ok((process, Target::parse(url, port, options.token.as_deref())?))
}

fn wiresocket(options: &ServerOptions, plan: Plan) -> Result<(Process, Target), StartError> {
    let binary = options.wiresocket.clone().map_or_else(beside_this_binary, Ok)?;
    let mut serve = Command::new(&binary);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--rate-limits", "off", "--data", "{data}"]);
    let mut process = Process::start(&serve, options)?;
    let port = process.wait_for_listening_line()?;
    let token = token(&binary, &data_path(&process.directory), plan)?;
    let url = options.url.as_deref().unwrap_or("ws://127.0.0.1:{port}/{doc}");
    Ok((process, Target::parse(url, port, Some(&token))?))
}

fn beside_this_binary() -> Result<PathBuf, StartError> {
    let own = std::env::current_exe().map_err(|e| StartError::Process("wiresocket".to_owned(), e))?;
    Ok(own.with_file_name("wiresocket"))
}

fn token(binary: &Path, data: &Path, plan: Plan) -> Result<String, StartError> {
    let connections = match plan {
        Plan::Ample => "1000000",
        Plan::OneConnection => "1",
    };
    let printed = Command::new(binary)
        .args(["token", "--max-documents", "1000000", "--max-users-per-doc", "1000000"])
        .args(["--ops-per-minute", "1000000000", "--max-connections", connections, "--data"])
        .arg(data)
        .output()
        .map_err(|e| StartError::Process("wiresocket token".to_owned(), e))?;
    match String::from_utf8_lossy(&printed.stdout).trim() {
        token if printed.status.success() && !token.is_empty() => Ok(token.to_owned()),
        _ => Err(StartError::Token(String::from_utf8_lossy(&printed.stderr).trim().to_owned())),
    }
}

fn free_port() -> io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|address| address.port())
}

/// A started process with a directory of its own; both end with this value.
#[derive(Debug)]
struct Process {
    child: Child,
    directory: TempDir,
}

impl Process {
    /// Starts a command on the server's core; `{data}` among its arguments is the fresh directory. `setpriv`
    /// makes the kernel end it with the generator, however that ends.
    fn start(command: &Command, options: &ServerOptions) -> Result<Self, StartError> {
        let name = command.get_program().to_string_lossy().into_owned();
        Self::start_pinned(command, options).map_err(|e| StartError::Process(name, e))
    }

    fn start_pinned(command: &Command, options: &ServerOptions) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let data = data_path(&directory);
        std::fs::create_dir(&data)?;
        let mut guarded = Command::new("setpriv");
        guarded.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program());
        guarded.args(command.get_args().map(|a| if a == "{data}" { data.as_os_str() } else { a }));
        guarded.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        guarded.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(log_path(&directory))?);
        if !options.unpinned {
            pin_to(options.server_core)?;
        }
        let child = guarded.spawn();
        if !options.unpinned {
            pin_to(options.generator_core)?;
        }
        Ok(Self { child: child?, directory })
    }

    /// Waits for `listening http://127.0.0.1:PORT`, and goes on emptying the pipe behind it.
    fn wait_for_listening_line(&mut self) -> Result<u16, StartError> {
        let (told, port) = mpsc::sync_channel(1);
        let Some(stdout) = self.child.stdout.take() else { return Err(self.silent()) };
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let address = line.strip_prefix("listening http://");
                let port = address.and_then(|a| a.trim_end_matches('/').rsplit_once(':')?.1.parse().ok());
                // A second such line finds the channel full or closed.
                port.map(|port: u16| told.try_send(port));
            }
        });
        port.recv_timeout(START_DEADLINE).map_err(|_| self.silent())
    }

    fn wait_for_port(&mut self, port: u16) -> Result<(), StartError> {
        if let Some(stdout) = self.child.stdout.take() {
            thread::spawn(move || io::copy(&mut BufReader::new(stdout), &mut io::sink()));
        }
        let begun = Instant::now();
        while begun.elapsed() < START_DEADLINE && matches!(self.child.try_wait(), Ok(None)) {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(self.silent())
    }

    fn silent(&self) -> StartError {
        let log = std::fs::read_to_string(log_path(&self.directory)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        StartError::Silent(lines[lines.len().saturating_sub(5)..].join(" | "))
    }
}

fn log_path(directory: &TempDir) -> PathBuf {
    directory.path().join("log")
}

fn data_path(directory: &TempDir) -> PathBuf {
    directory.path().join("data")
}

impl Drop for Process {
    fn drop(&mut self) {
        let tree = Meter::new(self.child.id()).tree().unwrap_or_default();
        for pid in tree.into_iter().filter_map(|pid| Pid::from_raw(pid as i32)) {
            // One that has ended by itself is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
