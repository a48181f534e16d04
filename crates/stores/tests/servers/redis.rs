use super::process::Server;
use super::{installed, redis_cluster};
use parking_lot::Mutex;
use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use stores::redis::RedisUrl;

/// Ports that are tried, as another process may take one between being found free and being listened on.
const PORTS_TRIED: u32 = 8;

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    Redis,
    Valkey,
}

impl Make {
    fn program(self) -> String {
        installed::program(match self {
            Self::Redis => "WIRESOCKET_REDIS_SERVER",
            Self::Valkey => "WIRESOCKET_VALKEY_SERVER",
        })
    }
}

/// A Redis or Valkey in a process of its own, which keeps nothing when it ends.
pub(crate) struct RedisServer {
    program: String,
    port: u16,
    args: Vec<String>,
    process: Mutex<Option<Server>>,
}

impl RedisServer {
    /// One on a port of its own.
    pub(crate) fn start(make: Make) -> Self {
        Self::with(make, |port| vec!["--port".to_owned(), port.to_string()])
    }

    /// One with the arguments that `args` gives for a port.
    pub(crate) fn with(make: Make, args: impl Fn(u16) -> Vec<String>) -> Self {
        let program = make.program();
        for _ in 0..PORTS_TRIED {
            let port = free_port();
            let args = args(port);
            make_folder(port);
            if let Some(process) = listening(&program, port, &args) {
                return Self { program, port, args, process: Mutex::new(Some(process)) };
            }
        }
        panic!("{program} does not start on any of {PORTS_TRIED} ports");
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it.
    pub(crate) fn stop(&self) {
        self.process.lock().take();
    }

    /// Starts it again on its port, with nothing in it. It must have been stopped.
    pub(crate) fn start_again(&self) {
        let mut process = self.process.lock();
        assert!(process.is_none(), "the server still runs");
        *process = listening(&self.program, self.port, &self.args);
        assert!(process.is_some(), "the server does not start again on {}", self.port);
    }

    /// Stands still: connections are taken, and nothing is answered.
    pub(crate) fn pause(&self) {
        self.process.lock().as_ref().unwrap().signal("STOP");
    }

    /// Goes on.
    pub(crate) fn resume(&self) {
        self.process.lock().as_ref().unwrap().signal("CONT");
    }

    /// Asks it something, as an operator would, and returns what it answers.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        ask(&self.url(), words)
    }
}

/// Asks the server at `url` something.
pub(crate) fn ask<T: redis::FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    let (command, args) = words.split_first().unwrap();
    redis::cmd(command).arg(args).query(&mut connection).unwrap()
}

fn listening(program: &str, port: u16, args: &[String]) -> Option<Server> {
    let folder = folder(port);
    let mut all = vec!["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", &folder];
    all.extend(["--repl-diskless-sync-delay", "0"]);
    all.extend(args.iter().map(String::as_str));
    Server::try_start(program, &all, &[], move |line| {
        line.contains("Ready to accept connections").then(|| format!("127.0.0.1:{port}"))
    })
}

/// Where a server writes what it does without being asked: whom its cluster consists of.
fn folder(port: u16) -> String {
    format!("{}/redis-{port}", env!("CARGO_TARGET_TMPDIR"))
}

fn make_folder(port: u16) {
    drop(std::fs::remove_dir_all(folder(port)));
    std::fs::create_dir_all(folder(port)).unwrap();
}

/// A port that nobody listened on a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Redis, one for all tests of this process; each call gives other keys in it.
pub(crate) fn redis_server() -> RedisUrl {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    with_own_keys(&SERVER.get_or_init(|| RedisServer::start(Make::Redis)).url())
}

/// Valkey, one for all tests of this process; each call gives other keys in it.
pub(crate) fn valkey_server() -> RedisUrl {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    with_own_keys(&SERVER.get_or_init(|| RedisServer::start(Make::Valkey)).url())
}

/// A cluster of three Valkey masters, one for all tests of this process; each call gives other keys in it.
pub(crate) fn valkey_cluster() -> RedisUrl {
    static CLUSTER: OnceLock<Vec<RedisServer>> = OnceLock::new();
    with_own_keys(&CLUSTER.get_or_init(redis_cluster::three_masters)[0].url())
}

/// The server at `url`, with keys that no other test of this process has.
pub(crate) fn with_own_keys(url: &str) -> RedisUrl {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let nth = GIVEN.fetch_add(1, Ordering::Relaxed);
    format!("{url}?prefix=ws-test-{nth}:").parse().unwrap()
}
