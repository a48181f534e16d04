use super::http::Message;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const COMES_WITHIN: Duration = Duration::from_secs(60);

/// What a gate does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    All,
    /// `PUT`s wait until all pass.
    AllButPuts,
    /// Every client is hung up on.
    None,
    /// `PUT`s pass, and their replies are lost.
    PutsWithoutReplies,
}

/// A proxy before a server that can be told what to let pass, and remembers what it saw.
pub(crate) struct Gate {
    endpoint: String,
    passing: watch::Sender<Passing>,
    wire: Arc<Wire>,
    task: JoinHandle<()>,
}

struct Wire {
    upstream: String,
    passing: watch::Receiver<Passing>,
    /// Methods of the requests that came, and the bytes of their bodies.
    came: watch::Sender<Vec<(String, usize)>>,
}

impl Gate {
    /// One that lets all pass.
    pub(crate) async fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (passing, looks) = watch::channel(Passing::All);
        let wire = Arc::new(Wire {
            upstream: upstream.to_owned(),
            passing: looks,
            came: watch::channel(Vec::new()).0,
        });
        let task = tokio::spawn(serve(listener, wire.clone()));
        Self { endpoint, passing, wire, task }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn let_pass(&self, passing: Passing) {
        self.passing.send_replace(passing);
    }

    /// What came since this was last asked: methods, and the bytes of bodies.
    pub(crate) fn came(&self) -> Vec<(String, usize)> {
        self.wire.came.send_replace(Vec::new())
    }

    /// Waits until so many requests with this method came.
    pub(crate) async fn until_some_came(&self, method: &str, requests: usize) {
        let mut came = self.wire.came.subscribe();
        let comes = came.wait_for(|came| came.iter().filter(|(of, _)| of == method).count() >= requests);
        drop(tokio::time::timeout(COMES_WITHIN, comes).await.unwrap().unwrap());
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, wire: Arc<Wire>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let wire = wire.clone();
        tokio::spawn(async move { wire.serve(client).await });
    }
}

impl Wire {
    async fn serve(&self, mut client: TcpStream) {
        let mut passing = self.passing.clone();
        while let Some(request) = Message::read(&mut client).await {
            let method = request.head().split(' ').next().unwrap_or_default().to_uppercase();
            let is_put = method == "PUT";
            self.came.send_modify(|came| came.push((method, request.body().len())));
            if is_put {
                drop(passing.wait_for(|passing| *passing != Passing::AllButPuts).await);
            }
            let now = *passing.borrow();
            if now == Passing::None {
                return;
            }
            let reply = request.ask(&self.upstream).await;
            if is_put && now == Passing::PutsWithoutReplies {
                return;
            }
            reply.write(&mut client).await;
        }
    }
}
