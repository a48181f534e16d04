use crate::backstage::serve;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Chunks of bytes that are under way in one direction of a connection.
const UNDER_WAY_MAX: usize = 1024;

/// The network between a service and a server: as a name does that is resolved anew, it leads to another server when
/// it is told to. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    course: watch::Sender<Course>,
    accepting: JoinHandle<()>,
}

/// Where a wire leads, and how slow it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Course {
    /// The server; nobody where the wire is cut.
    to: Option<SocketAddr>,
    /// What each direction takes.
    delay: Duration,
    /// Connections of an earlier one are cut.
    cut: u64,
}

impl Wire {
    /// A wire to a server, as fast as the machine.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let (course, told) = watch::channel(Course { to: Some(server), delay: Duration::ZERO, cut: 0 });
        let (address, accepting) = serve(|listener| accept(listener, told));
        Self { address, course, accepting }
    }

    /// Where the service finds it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From here on it takes so long to the server, and as long back.
    pub fn takes(&self, delay: Duration) {
        self.course.send_modify(|course| course.delay = delay);
    }

    /// Cuts all connections; new ones lead to this server.
    pub fn leads_to(&self, server: SocketAddr) {
        self.course.send_modify(|course| (course.to, course.cut) = (Some(server), course.cut + 1));
    }

    /// Cuts all connections, and takes no new ones.
    pub fn is_cut(&self) {
        self.course.send_modify(|course| (course.to, course.cut) = (None, course.cut + 1));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, course: watch::Receiver<Course>) {
    while let Ok((client, _)) = listener.accept().await {
        let begun = *course.borrow();
        let Some(server) = begun.to else { continue };
        let mut cut = course.clone();
        let told = course.clone();
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(server).await else { return };
            tokio::select! {
                () = carry_both_ways(client, server, &told) => {}
                // An error says that the wire is gone.
                _ = cut.wait_for(|course| course.cut != begun.cut) => {}
            }
        });
    }
}

async fn carry_both_ways(client: TcpStream, server: TcpStream, course: &watch::Receiver<Course>) {
    // Small messages are not held back here.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = carry(from_client, to_server, course) => {}
        () = carry(from_server, to_client, course) => {}
    }
}

/// Hands on what is read when its time has come, and reads on meanwhile.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, course: &watch::Receiver<Course>) {
    let (under_way, mut arrivals) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY_MAX);
    let reading = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let arrives = Instant::now() + course.borrow().delay;
            if under_way.send((arrives, buffer[..count].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let writing = async {
        while let Some((arrives, bytes)) = arrivals.recv().await {
            sleep_until(arrives).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = writing => {}
    }
}
