use super::certificates::Certificates;
use parking_lot::Mutex;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// What a receiver of webhooks does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// Answers with these bytes.
    Says(String),
    /// Answers with these bytes, and goes on with one more again and again.
    SaysOn(String),
    /// Takes the connection, and says nothing, not even TLS.
    IsDeaf,
    /// Reads the request, and says nothing.
    IsDumb,
    /// Reads the request, and ends the connection.
    HangsUp,
}

/// A receiver of webhooks on a port of its own, with a certificate of 127.0.0.1 and localhost.
pub(crate) struct Receiver {
    certificates: Certificates,
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::start_at("127.0.0.1:0", manner).await
    }

    pub(crate) async fn start_at(address: &str, manner: Manner) -> Self {
        let certificates = Certificates::make();
        let acceptor = acceptor(&certificates);
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let task = tokio::spawn(serve(listener, acceptor, manner, heard.clone()));
        Self { certificates, address, heard, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a courier must believe in.
    pub(crate) fn ca_pem(&self) -> Vec<u8> {
        self.certificates.ca_pem()
    }

    /// Every request that was read, in full.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor(certificates: &Certificates) -> TlsAcceptor {
    let pem = |file: &str| fs::read(certificates.path(file)).unwrap();
    let chain = CertificateDer::pem_slice_iter(&pem("server.pem")).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&pem("server.key")).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()).into()
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, manner: Manner, heard: Arc<Mutex<Vec<String>>>) {
    let mut open = Vec::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if let Manner::IsDeaf = manner {
            open.push(stream);
        } else if let Ok(mut stream) = acceptor.accept(stream).await {
            let request = request(&mut stream).await;
            heard.lock().push(request);
            tokio::spawn(answer(stream, manner.clone()));
        }
    }
}

async fn request(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let end = text.split_once("\r\n\r\n").is_some_and(|(head, body)| body.len() >= length_of(head));
        if end || stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return text;
        }
    }
}

fn length_of(head: &str) -> usize {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(name, _)| *name == "content-length").map_or(0, |(_, length)| length.parse().unwrap())
}

/// Until the courier has gone.
async fn answer(mut stream: TlsStream<TcpStream>, manner: Manner) {
    match manner {
        Manner::IsDeaf | Manner::IsDumb => {}
        Manner::HangsUp => return drop(stream.shutdown().await),
        Manner::Says(text) => drop(stream.write_all(text.as_bytes()).await),
        Manner::SaysOn(text) => {
            drop(stream.write_all(text.as_bytes()).await);
            while stream.write_all(b"x").await.is_ok() && stream.flush().await.is_ok() {
                tokio::task::yield_now().await;
            }
        }
    }
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest).await);
}
