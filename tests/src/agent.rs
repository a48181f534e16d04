use crate::gauges::text;
use crate::node::NodeProcess;
use crate::recording::Recording;
use crate::waiting::{PATIENCE, within};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::sync::{mpsc, oneshot};

/// The stock clients, as `clients/flavours.mjs` calls them.
pub const FLAVOURS: [&str; 3] = ["y-websocket 2", "y-websocket 3", "@y/websocket 4"];

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// A Node process full of stock clients, driven by commands. Killed when dropped.
#[derive(Debug)]
pub struct Agent {
    commands: mpsc::UnboundedSender<String>,
    waiting: Waiting,
    next_id: AtomicU64,
    _process: Child,
}

/// How a stock client is opened. `url` and `room` are what its provider is constructed with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// One of [`FLAVOURS`].
    pub flavour: &'static str,
    /// The provider's server URL.
    pub url: String,
    /// The provider's room name.
    pub room: String,
    /// The token, as the query parameter `token`; empty for none.
    pub token: String,
}

impl Agent {
    /// Starts the process.
    #[must_use]
    pub fn start() -> Self {
        let (process, stdin, mut lines) = NodeProcess::start("agent.mjs", &Value::Null).into_parts();
        let waiting = Waiting::default();
        let answers = Arc::clone(&waiting);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                answer(&answers, &line);
            }
            answers.lock().expect("no holder panics").clear();
        });
        let (commands, queue) = mpsc::unbounded_channel();
        tokio::spawn(write_commands(stdin, queue));
        Self { commands, waiting, next_id: AtomicU64::new(0), _process: process }
    }

    /// Opens a stock client, connecting at once.
    pub async fn open(&self, name: &str, opening: &Opening) -> StockClient<'_> {
        let Opening { flavour, url, room, token } = opening;
        let params = if token.is_empty() { json!({}) } else { json!({ "token": token }) };
        self.open_with(name, &json!({"flavour": flavour, "url": url, "room": room, "params": params})).await
    }

    /// Opens a stock client with the options of `clients/stock_client.mjs`.
    pub async fn open_with(&self, name: &str, options: &Value) -> StockClient<'_> {
        self.command(name, "open", options, PATIENCE).await;
        StockClient { agent: self, name: name.to_owned() }
    }

    /// A stock client that was opened under this name.
    #[must_use]
    pub fn client(&self, name: &str) -> StockClient<'_> {
        StockClient { agent: self, name: name.to_owned() }
    }

    /// Opens one bare WebSocket as `clients/dial.mjs` describes, and tells what became of it.
    pub async fn dial(&self, options: &Value) -> Value {
        self.command("", "dial", options, PATIENCE).await
    }

    async fn command(&self, client: &str, verb: &str, details: &Value, patience: Duration) -> Value {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().expect("no holder panics").insert(id, sender);
        let line = json!({"id": id, "client": client, "do": verb, "with": details});
        self.commands.send(format!("{line}\n")).expect("the agent lives");
        let what = format!("{verb} of {client} with {details}");
        let answer = within(patience, &what, receiver).await;
        let mut answer = answer.unwrap_or_else(|_| panic!("{what}: the agent ended"));
        match answer.get("error") {
            Some(error) => panic!("{what}: {error}"),
            None => answer["ok"].take(),
        }
    }
}

async fn write_commands(mut stdin: ChildStdin, mut queue: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = queue.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(waiting: &Waiting, line: &str) {
    let answer: Value = serde_json::from_str(line).expect("the agent prints JSON lines only");
    let id = answer["id"].as_u64().expect("every answer has an id");
    let sender = waiting.lock().expect("no holder panics").remove(&id);
    // Whoever asked may have given up.
    if let Some(sender) = sender {
        let _ = sender.send(answer);
    }
}

/// One stock client within an [`Agent`]. Waiting methods wait for at most [`PATIENCE`] and panic after it.
#[derive(Debug)]
pub struct StockClient<'a> {
    agent: &'a Agent,
    name: String,
}

impl StockClient<'_> {
    async fn run(&self, verb: &str, details: Value) -> Value {
        self.agent.command(&self.name, verb, &details, PATIENCE).await
    }

    /// Waits until the provider reports `synced`.
    pub async fn synced(&self) {
        self.run("synced", Value::Null).await;
    }

    /// Waits until the provider reports that it is disconnected.
    pub async fn disconnected(&self) {
        self.run("disconnected", Value::Null).await;
    }

    /// Waits until the provider has connected `count` times in all, and is synced.
    pub async fn synced_again(&self, count: u64) {
        self.run("connects_reach", json!({ "count": count })).await;
    }

    /// Waits for the next close of its socket: code and reason.
    pub async fn next_close(&self) -> (u64, String) {
        let close = self.run("next_close", Value::Null).await;
        (close["code"].as_u64().expect("a close has a code"), text(&close["reason"]).to_owned())
    }

    /// Calls the provider's `connect`.
    pub async fn connect(&self) {
        self.run("connect", Value::Null).await;
    }

    /// Calls the provider's `disconnect`.
    pub async fn disconnect(&self) {
        self.run("disconnect", Value::Null).await;
    }

    /// Has it connect to another server from its next try on.
    pub async fn moves_to(&self, url: &str) {
        self.run("moves_to", json!({ "url": url })).await;
    }

    /// What each server has had of it, by `HOST:PORT`: `{"handshakes", "ops"}`.
    pub async fn has_sent(&self) -> Value {
        self.run("has_sent", Value::Null).await
    }

    /// Breaks its TCP connection without a close frame; the provider reconnects by itself.
    pub async fn cut(&self) {
        self.run("cut", Value::Null).await;
    }

    /// Breaks its TCP connection without a word, for good. A provider that disconnects by itself takes its
    /// awareness state back first; here only the server can.
    pub async fn vanish(&self) {
        self.run("vanish", Value::Null).await;
    }

    /// Destroys the provider and its document.
    pub async fn leave(self) {
        self.run("destroy", Value::Null).await;
    }

    /// Inserts into the shared text; a position past the end means the end.
    pub async fn insert(&self, at: usize, text: &str) {
        self.run("insert", json!({"at": at, "text": text})).await;
    }

    /// Deletes UTF-16 units of the shared text.
    pub async fn delete(&self, at: usize, count: usize) {
        self.run("delete", json!({"at": at, "count": count})).await;
    }

    /// Makes the next `count` transactions of a recording of one writer, in a text that nobody else edits.
    /// Returns how many are left.
    pub async fn replay(&self, recording: &Recording, count: usize) -> u64 {
        let left = self.run("replay", json!({"recording": recording.path(), "count": count})).await;
        left.as_u64().expect("a number is left")
    }

    /// The shared text.
    pub async fn read(&self) -> String {
        text(&self.run("read", Value::Null).await).to_owned()
    }

    /// The whole document as an update, in base64.
    pub async fn state(&self) -> String {
        text(&self.run("state", Value::Null).await).to_owned()
    }

    /// Whether the document has everything that another's [`StockClient::state`] has.
    pub async fn has(&self, state: &str) -> bool {
        self.run("has", json!({ "state": state })).await == true
    }

    /// Waits until the shared text is `text`.
    pub async fn text_is(&self, text: &str) {
        self.run("text_is", json!({ "text": text })).await;
    }

    /// Waits until the shared text holds every part, and returns it.
    pub async fn text_has(&self, parts: &[&str]) -> String {
        text(&self.run("text_has", json!({ "parts": parts })).await).to_owned()
    }

    /// Its awareness id.
    pub async fn client_id(&self) -> u64 {
        self.run("client_id", Value::Null).await.as_u64().expect("ids are integers")
    }

    /// Sets its awareness state.
    pub async fn set_state(&self, state: &Value) {
        self.run("set_state", json!({ "state": state })).await;
    }

    /// Waits until it sees `state` as the state of the client with that awareness id; `null` means gone.
    pub async fn sees_state(&self, client: u64, state: &Value) {
        self.run("sees_state", json!({"client": client, "state": state})).await;
    }

    /// `{synced, connected, connects, closes}` at this moment.
    pub async fn report(&self) -> Value {
        self.run("report", Value::Null).await
    }
}
