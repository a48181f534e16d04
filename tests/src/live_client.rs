use crate::raw_client::{Ending, RawClient};
use crate::tokens::{Token, tokens_in};
use crate::waiting::{PATIENCE, within};
use crate::wire;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, watch};

/// A raw client that reads by itself, so that what it has seen and whether it still lives are known at any
/// moment. It hangs up without a word when dropped.
#[derive(Debug)]
pub struct LiveClient {
    outgoing: mpsc::UnboundedSender<Outgoing>,
    seen: Arc<Mutex<HashSet<Token>>>,
    life: watch::Receiver<Life>,
}

#[derive(Debug)]
enum Outgoing {
    Message(Vec<u8>),
    Close,
}

/// Told anew with each message, until the end.
#[derive(Debug, Clone)]
enum Life {
    Reading,
    Over(Ending),
}

impl LiveClient {
    /// Joins the document at `path`, and reads on.
    ///
    /// # Errors
    /// The ending that came instead.
    pub async fn join(address: SocketAddr, path: &str, token: &str) -> Result<Self, Ending> {
        let mut client = RawClient::connect(address, path, token).await?;
        client.send(wire::sync_step_1()).await;
        let mut first = HashSet::new();
        loop {
            let message = client.next().await?;
            first.extend(tokens_in(&message));
            if wire::is_sync_step_2(&message) {
                break;
            }
        }
        let (outgoing, queue) = mpsc::unbounded_channel();
        let (sender, life) = watch::channel(Life::Reading);
        let seen = Arc::new(Mutex::new(first));
        tokio::spawn(live(client, queue, sender, Arc::clone(&seen)));
        Ok(Self { outgoing, seen, life })
    }

    /// Sends one binary message, where the connection lives.
    pub fn send(&self, message: Vec<u8>) {
        let _ = self.outgoing.send(Outgoing::Message(message));
    }

    /// Types a mark behind what `typist` typed last.
    pub fn types(&self, typist: &mut wire::Typist, token: Token) {
        self.send(wire::update_message(&typist.types(&token.to_string())));
    }

    /// How the connection ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Ending> {
        match &*self.life.borrow() {
            Life::Reading => None,
            Life::Over(ending) => Some(ending.clone()),
        }
    }

    /// Waits for the end of the connection.
    pub async fn ending(&self) -> Ending {
        let mut life = self.life.clone();
        let over = life.wait_for(|life| matches!(life, Life::Over(_)));
        let over = within(PATIENCE, "the end of a connection", over).await.map(|life| life.clone());
        match over {
            Ok(Life::Over(ending)) => ending,
            _ => Ending::Broken("its task ended".into()),
        }
    }

    /// Waits until it has received the mark from another.
    ///
    /// # Panics
    /// Where the connection ends before, or it takes longer than [`PATIENCE`].
    pub async fn sees(&self, token: Token) {
        let mut life = self.life.clone();
        let looking = async {
            while !self.seen.lock().expect("no holder panics").contains(&token) {
                let over = self.ended();
                assert!(over.is_none(), "{token} was not seen before {over:?}");
                life.changed().await.expect("the task tells the end first");
            }
        };
        within(PATIENCE, &format!("{token}"), looking).await;
    }

    /// Closes the connection as a browser does, and waits until the server has answered the close.
    pub async fn leave(self) {
        let _ = self.outgoing.send(Outgoing::Close);
        self.ending().await;
    }
}

async fn live(
    mut client: RawClient,
    mut queue: mpsc::UnboundedReceiver<Outgoing>,
    life: watch::Sender<Life>,
    seen: Arc<Mutex<HashSet<Token>>>,
) {
    let ending = loop {
        tokio::select! {
            outgoing = queue.recv() => match outgoing {
                Some(Outgoing::Message(message)) => client.send(message).await,
                Some(Outgoing::Close) => client.begin_leave().await,
                None => return,
            },
            message = client.receive() => match message {
                Ok(message) => {
                    seen.lock().expect("no holder panics").extend(tokens_in(&message));
                    life.send_replace(Life::Reading);
                }
                Err(ending) => break ending,
            },
        }
    };
    life.send_replace(Life::Over(ending));
}
