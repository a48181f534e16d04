use super::http::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a server does with every request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Answers with this status line and body.
    Answers(&'static str, &'static str),
    /// Hangs up.
    HangsUp,
    /// Says nothing.
    Silent,
}

/// A server that does the same with every request, and counts.
pub(crate) struct Scripted {
    endpoint: String,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Scripted {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let counts = Arc::new(Counts::default());
        let task = tokio::spawn(serve(listener, behaviour, counts.clone()));
        Self { endpoint, counts, task }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, behaviour: Behaviour, counts: Arc<Counts>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        counts.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(converse(client, behaviour.clone(), counts.clone()));
    }
}

async fn converse(mut client: TcpStream, behaviour: Behaviour, counts: Arc<Counts>) {
    while Message::read(&mut client).await.is_some() {
        counts.requests.fetch_add(1, Ordering::SeqCst);
        match behaviour {
            Behaviour::Answers(status, body) => {
                let length = body.len();
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
                drop(client.write_all(answer.as_bytes()).await);
            }
            Behaviour::HangsUp => return,
            Behaviour::Silent => {}
        }
    }
}
