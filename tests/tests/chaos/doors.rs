use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// How long after it is back a node may still have more sessions than it is allowed to.
const RECOVERY: Duration = Duration::from_secs(30);

/// The way into each node, as the load balancers of its region see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    pub(crate) node: usize,
    pub(crate) region: &'static str,
    pub(crate) address: SocketAddr,
}

/// Which doors are open, and which nodes may have lost their places without knowing it.
#[derive(Debug, Default)]
pub(crate) struct Doors(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    door: Door,
    is_open: bool,
    /// Its sessions need not be counted until then; for ever where it is not known when it ends.
    suspect: Suspect,
}

#[derive(Debug, Clone, Copy)]
enum Suspect {
    Never,
    Now,
    Until(Instant),
}

impl Doors {
    pub(crate) fn of(doors: impl Iterator<Item = Door>) -> Self {
        let entry = |door| Entry { door, is_open: true, suspect: Suspect::Never };
        Self(Mutex::new(doors.map(entry).collect()))
    }

    /// The open doors, of one region or of all.
    pub(crate) fn open(&self, region: Option<&str>) -> Vec<Door> {
        let entries = self.0.lock().expect("no holder panics");
        let is_wanted = |entry: &&Entry| entry.is_open && region.is_none_or(|r| r == entry.door.region);
        entries.iter().filter(is_wanted).map(|entry| entry.door).collect()
    }

    pub(crate) fn close(&self, node: usize) {
        self.0.lock().expect("no holder panics")[node].is_open = false;
    }

    pub(crate) fn reopen(&self, node: usize, address: SocketAddr) {
        let entry = &mut self.0.lock().expect("no holder panics")[node];
        entry.door.address = address;
        entry.is_open = true;
    }

    /// From now on the node's sessions may be more than are counted.
    pub(crate) fn suspect(&self, node: usize) {
        self.0.lock().expect("no holder panics")[node].suspect = Suspect::Now;
    }

    /// The cause is gone; the node is believed again a while later.
    pub(crate) fn recovers(&self, node: usize) {
        self.0.lock().expect("no holder panics")[node].suspect = Suspect::Until(Instant::now() + RECOVERY);
    }

    pub(crate) fn is_suspect(&self, node: usize) -> bool {
        match self.0.lock().expect("no holder panics")[node].suspect {
            Suspect::Never => false,
            Suspect::Now => true,
            Suspect::Until(end) => Instant::now() < end,
        }
    }
}

/// Stands before the nodes of a region as a load balancer does. Returns the address that stays.
pub(crate) async fn balance(doors: Arc<Doors>, region: &'static str) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    tokio::spawn(async move {
        let mut turn = 0;
        while let Ok((mut client, _)) = listener.accept().await {
            let open = doors.open(Some(region));
            turn += 1;
            let Some(door) = open.get(turn % open.len().max(1)).copied() else { continue };
            tokio::spawn(async move {
                if let Ok(mut node) = TcpStream::connect(door.address).await {
                    // However it ends, it is over for both.
                    let _ = copy_bidirectional(&mut client, &mut node).await;
                }
            });
        }
    });
    address
}
