use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// An address that leads to one server and later to another, as a name does whose record is changed.
pub(crate) struct Switch {
    address: String,
    upstream: watch::Sender<String>,
    task: JoinHandle<()>,
}

impl Switch {
    /// Leads to the server at `upstream`, `host:port`.
    pub(crate) async fn start(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (upstream, upstreams) = watch::channel(upstream);
        Self { address, upstream, task: tokio::spawn(accept(listener, upstreams)) }
    }

    /// Leads new connections elsewhere. Those that are open stay where they are.
    pub(crate) fn lead_to(&self, upstream: String) {
        self.upstream.send_replace(upstream);
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, upstreams: watch::Receiver<String>) {
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let upstream = upstreams.borrow().clone();
        tokio::spawn(async move {
            if let Ok(mut server) = TcpStream::connect(upstream).await {
                drop(copy_bidirectional(&mut client, &mut server).await);
            }
        });
    }
}
