use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// Becomes the server, after saying which process that is.
const SERVER: &str = r#"echo "server=$$"; exec "$0" "$@""#;
/// Ends the server when its input ends: that is when this process does, however it does.
const GUARD: &str = r#"sh -c "$0" "$@" </dev/null 2>&1 & server=$!; read -r _; kill -9 $server; wait"#;
/// How long a server may take until it listens.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A server in a process of its own, that does not outlive this one.
pub(crate) struct Server {
    guard: Child,
    process: String,
    endpoint: String,
}

impl Server {
    /// Starts `program`, waits for a line from which `endpoint_in` reads its endpoint, and until it listens.
    pub(crate) fn start(
        program: &str,
        args: &[&str],
        environment: &[(&str, &str)],
        endpoint_in: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Self {
        let started = Self::try_start(program, args, environment, endpoint_in);
        started.unwrap_or_else(|| panic!("{program} does not say where it listens"))
    }

    /// Starts `program` as [`Server::start`] does; `None` where it ends or is silent instead.
    pub(crate) fn try_start(
        program: &str,
        args: &[&str],
        environment: &[(&str, &str)],
        endpoint_in: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Option<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, SERVER, program]).args(args).envs(environment.iter().copied());
        let mut guard = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(guard.stdout.take().unwrap());
        let process = first_line(&mut output).strip_prefix("server=").unwrap().to_owned();
        let endpoint = endpoints(output, endpoint_in).recv_timeout(STARTS_WITHIN).ok();
        let server = Self { guard, process, endpoint: endpoint.clone().unwrap_or_default() };
        wait_until_listening(&endpoint?);
        Some(server)
    }

    /// Sends the server a signal, by its name: `STOP`, `CONT`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.process]).status().unwrap();
        assert!(sent.success(), "{name} can't be sent to {}", self.process);
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        drop(self.guard.wait());
    }
}

fn first_line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Reads to the end, so that the server never waits for a reader.
fn endpoints(
    output: BufReader<ChildStdout>,
    endpoint_in: impl Fn(&str) -> Option<String> + Send + 'static,
) -> Receiver<String> {
    let (found, endpoints) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = output.lines().map_while(Result::ok);
        for endpoint in lines.filter_map(|line| endpoint_in(&line)) {
            drop(found.send(endpoint));
        }
    });
    endpoints
}

fn wait_until_listening(endpoint: &str) {
    let address = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < STARTS_WITHIN, "nothing listens at {endpoint}");
        std::thread::sleep(LOOK_EVERY);
    }
}
