use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// Ends the server when its input ends: that is when this process does, however it does.
const GUARD: &str = r#""$0" "$@" </dev/null 2>&1 & server=$!; read -r _; kill -9 $server"#;
/// How long a server may take until it listens.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A server in a process of its own, that does not outlive this one.
pub(crate) struct Server {
    guard: Child,
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
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, program]).args(args).envs(environment.iter().copied());
        let mut guard = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let endpoints = endpoints(guard.stdout.take().unwrap(), endpoint_in);
        let endpoint = endpoints.recv_timeout(STARTS_WITHIN);
        let endpoint = endpoint.unwrap_or_else(|_| panic!("{program} does not say where it listens"));
        wait_until_listening(&endpoint);
        Self { guard, endpoint }
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

/// Reads to the end, so that the server never waits for a reader.
fn endpoints(
    output: ChildStdout,
    endpoint_in: impl Fn(&str) -> Option<String> + Send + 'static,
) -> Receiver<String> {
    let (found, endpoints) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
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
