//! Servers that a task starts beside itself.

use crate::failure::Failure;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const START_WAIT: Duration = Duration::from_secs(60);
/// How long it may take to end when it is asked to.
const END_WAIT: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A server that ends with this value.
pub(crate) struct Background {
    child: Child,
}

impl Background {
    /// Starts a server, and waits until it listens there.
    pub(crate) fn listening(command: &mut Command, at: SocketAddrV4) -> Result<Self, Failure> {
        Self::once(command, || TcpStream::connect(at).is_ok())
    }

    /// Starts a server, and waits until it is ready.
    pub(crate) fn once(command: &mut Command, is_ready: impl Fn() -> bool) -> Result<Self, Failure> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn();
        let child = child.map_err(|source| Failure::Start { command: name.clone(), source })?;
        let mut server = Self { child };
        let deadline = Instant::now() + START_WAIT;
        while !is_ready() {
            if server.has_ended() || Instant::now() > deadline {
                return Err(Failure::NotReady { command: name });
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(server)
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Background {
    /// Asks it to end before it is killed, so that it ends what it has started itself.
    fn drop(&mut self) {
        // Where neither works there is nobody left to end.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let deadline = Instant::now() + END_WAIT;
        while !self.has_ended() && Instant::now() < deadline {
            thread::sleep(LOOK_EVERY);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this host that nobody listens on.
pub(crate) fn free_address(host: Ipv4Addr) -> Result<SocketAddrV4, Failure> {
    let bound = TcpListener::bind((host, 0)).and_then(|listener| listener.local_addr());
    let start = |source| Failure::Start { command: format!("a listener at {host}"), source };
    bound.map(|address| SocketAddrV4::new(host, address.port())).map_err(start)
}
