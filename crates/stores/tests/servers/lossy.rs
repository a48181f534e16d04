use super::http::Message;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A proxy that loses replies after the request took effect.
pub(crate) struct Lossy {
    endpoint: String,
    wire: Arc<Wire>,
    task: JoinHandle<()>,
}

struct Wire {
    upstream: String,
    /// How many replies to each request are lost.
    losses: u32,
    /// By what is asked: the client sends the fields of equal requests in any order.
    lost: Mutex<HashMap<serde_json::Value, u32>>,
    passed: Mutex<Vec<Message>>,
}

impl Lossy {
    /// Loses the first `losses` replies to each request of its own.
    pub(crate) async fn start(upstream: &str, losses: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let wire = Arc::new(Wire {
            upstream: upstream.to_owned(),
            losses,
            lost: Mutex::default(),
            passed: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, wire.clone()));
        Self { endpoint, wire, task }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Every request that passed, in order.
    pub(crate) fn passed(&self) -> Vec<Message> {
        self.wire.passed.lock().clone()
    }

    pub(crate) fn lost(&self) -> u32 {
        self.wire.lost.lock().values().sum()
    }
}

impl Drop for Lossy {
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
        while let Some(request) = Message::read(&mut client).await {
            let reply = request.ask(&self.upstream).await;
            self.passed.lock().push(request.clone());
            if self.loses(&request) {
                return;
            }
            reply.write(&mut client).await;
        }
    }

    fn loses(&self, request: &Message) -> bool {
        let mut lost = self.lost.lock();
        let lost = lost.entry(serde_json::from_slice(request.body()).unwrap()).or_default();
        let loses = *lost < self.losses;
        *lost += u32::from(loses);
        loses
    }
}
