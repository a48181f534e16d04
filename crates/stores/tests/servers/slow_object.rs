use super::http::Message;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A server of one object, which sends the second half of it when it is told to.
pub(crate) struct SlowObject {
    endpoint: String,
    object: Arc<Object>,
    task: JoinHandle<()>,
}

struct Object {
    bytes: usize,
    e_tag: Mutex<&'static str>,
    methods: Mutex<Vec<String>>,
    halves: watch::Sender<usize>,
    may_end: watch::Sender<bool>,
}

impl SlowObject {
    /// An object of so many zeroes.
    pub(crate) async fn start(bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let object = Arc::new(Object {
            bytes,
            e_tag: Mutex::new("\"first\""),
            methods: Mutex::default(),
            halves: watch::channel(0).0,
            may_end: watch::channel(false).0,
        });
        let task = tokio::spawn(serve(listener, object.clone()));
        Self { endpoint, object, task }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Waits until the first half was sent.
    pub(crate) async fn until_half_way(&self) {
        drop(self.object.halves.subscribe().wait_for(|halves| *halves > 0).await.unwrap());
    }

    pub(crate) fn send_the_rest(&self) {
        self.object.may_end.send_replace(true);
    }

    /// Replaces the object by one of the same size.
    pub(crate) fn replace(&self) {
        *self.object.e_tag.lock() = "\"second\"";
    }

    /// The requests that came since this was last asked.
    pub(crate) fn methods(&self) -> Vec<String> {
        std::mem::take(&mut *self.object.methods.lock())
    }
}

impl Drop for SlowObject {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, object: Arc<Object>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let object = object.clone();
        tokio::spawn(async move { object.converse(client).await });
    }
}

impl Object {
    async fn converse(&self, mut client: TcpStream) {
        while let Some(request) = Message::read(&mut client).await {
            let method = request.head().split(' ').next().unwrap_or_default().to_uppercase();
            self.methods.lock().push(method.clone());
            let (bytes, e_tag) = (self.bytes, *self.e_tag.lock());
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\netag: {e_tag}\r\n\
                 last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n"
            );
            drop(client.write_all(head.as_bytes()).await);
            if method == "GET" {
                drop(client.write_all(&vec![0; bytes / 2]).await);
                self.halves.send_modify(|halves| *halves += 1);
                drop(self.may_end.subscribe().wait_for(|may| *may).await);
                drop(client.write_all(&vec![0; bytes - bytes / 2]).await);
            }
        }
    }
}
