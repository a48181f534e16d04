use dynoxide::Database;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An embedded DynamoDB in memory, on a free port of this process; it ends when dropped.
#[derive(Debug)]
pub struct Dynamo {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Dynamo {
    /// Starts one, without tables.
    ///
    /// # Panics
    /// Where there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let database = Database::memory().expect("an empty database fits into memory");
        let serving = tokio::spawn(dynoxide::server::serve_on(listener, database));
        Self { address, serving }
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes for DynamoDB's endpoint: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Dynamo {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
