use super::RedisUrl;
use super::failure::{self, Failure, Verdict};
use super::masters::ServerState;
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{AsyncConnectionConfig, Client, Cmd, RedisError, RedisResult, TlsCertificates, Value};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::HashMap;
use std::time::Duration;

/// How long an attempt to connect may take, with TLS, password and the first look at the server.
const CONNECT_DEADLINE: Duration = Duration::from_millis(1_200);
/// How long the nodes of a cluster, which are connected to at once, may each take, and then their first look: an attempt
/// may wait three times for one that is silent, and still has the others.
const NODE_DEADLINE: Duration = Duration::from_millis(300);
/// Every call has a deadline of its own, which is shorter.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
/// How often a cluster is asked again that has moved a key or is choosing a master.
const CLUSTER_RETRIES: u32 = 3;
/// Milliseconds between two of them.
const CLUSTER_RETRY_MS: std::ops::Range<u64> = 10..100;
/// Calls that wait to be written together, and the bytes up to which they are.
const WRITTEN_TOGETHER: usize = 1_024;
const WRITTEN_TOGETHER_BYTES: usize = 64 * 1024;

/// Why a Redis can't be used as it is given.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCa {
    /// There is nothing to believe in.
    #[error("the CA of Redis holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// A certificate can't be read.
    #[error("a certificate in the CA of Redis can't be read: {0}")]
    Malformed(String),
    /// The connection would not be encrypted.
    #[error("a CA is of no use for redis://, which does not encrypt: say rediss://")]
    NotEncrypted,
}

/// Where a Redis is, and how it is known.
pub(super) struct Target {
    client: Client,
    ca: Option<Vec<u8>>,
}

/// A connection to one server, or to all of a cluster.
#[derive(Clone)]
pub(super) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Target {
    /// Nothing is sent yet.
    pub(super) fn new(url: &RedisUrl, ca_pem: Option<Vec<u8>>) -> Result<Self, InvalidCa> {
        let info = url.info().clone();
        let is_encrypted = matches!(info.addr(), redis::ConnectionAddr::TcpTls { .. });
        if is_encrypted {
            // What the HTTPS clients use, too. If the process has already chosen, its choice stands.
            drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        }
        let malformed = |error: RedisError| InvalidCa::Malformed(error.to_string());
        let client = match &ca_pem {
            None => Client::open(info).map_err(malformed)?,
            Some(_) if !is_encrypted => return Err(InvalidCa::NotEncrypted),
            Some(pem) if CertificateDer::pem_slice_iter(pem).next().is_none() => {
                return Err(InvalidCa::NoCertificate);
            }
            Some(pem) => Client::build_with_tls(info, certificates(pem)).map_err(malformed)?,
        };
        Ok(Self { client, ca: ca_pem })
    }

    /// Connects to whatever the name leads to, and sees that it takes writes. Returns what the masters say of
    /// themselves, where all of them do.
    ///
    /// # Errors
    /// What is wrong, for the log.
    pub(super) async fn connect(&self) -> Result<(Connection, Option<Vec<ServerState>>), String> {
        match tokio::time::timeout(CONNECT_DEADLINE, Box::pin(self.connect_unhurried())).await {
            Ok(Ok(connected)) => Ok(connected),
            Ok(Err(failure)) => Err(failure.to_string()),
            Err(_) => Err(Failure::Late(CONNECT_DEADLINE).to_string()),
        }
    }

    async fn connect_unhurried(&self) -> Result<(Connection, Option<Vec<ServerState>>), Failure> {
        let mut single = self.single().await?;
        let states = Connection::Single(single.clone()).states().await?;
        if states.iter().any(|state| state.in_cluster) {
            let state: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut single).await?;
            if !state.contains("cluster_state:ok") {
                return Err(Failure::Away("the cluster is down".into()));
            }
            let cluster = Connection::Cluster(self.cluster().await?);
            let states = tokio::time::timeout(NODE_DEADLINE, cluster.states()).await;
            return Ok((cluster, states.ok().and_then(Result::ok)));
        }
        if states.iter().any(|state| state.is_loading) {
            return Err(Failure::Away("the server is loading what it had saved".into()));
        }
        if states.iter().any(|state| !state.is_master) {
            return Err(Failure::Away("the server is a replica, which takes no writes".into()));
        }
        Ok((Connection::Single(single), Some(states)))
    }

    async fn single(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(WRITTEN_TOGETHER)
            .set_write_backpressure_boundary(WRITTEN_TOGETHER_BYTES);
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    async fn cluster(&self) -> RedisResult<ClusterConnection> {
        let mut builder = ClusterClient::builder([self.client.get_connection_info().clone()])
            .connection_timeout(NODE_DEADLINE)
            .response_timeout(ANSWER_DEADLINE)
            .overall_response_timeout(None)
            .retries(CLUSTER_RETRIES)
            .min_retry_wait(CLUSTER_RETRY_MS.start)
            .max_retry_wait(CLUSTER_RETRY_MS.end)
            .write_backpressure_boundary(WRITTEN_TOGETHER_BYTES);
        if let Some(pem) = &self.ca {
            builder = builder.certs(certificates(pem));
        }
        builder.build()?.get_async_connection().await
    }
}

fn certificates(ca_pem: &[u8]) -> TlsCertificates {
    TlsCertificates { client_tls: None, root_cert: Some(ca_pem.to_vec()) }
}

impl Connection {
    /// Sends a command, in a cluster to the server that has its key.
    pub(super) async fn ask(&self, command: &Cmd) -> RedisResult<Value> {
        match self.clone() {
            Self::Single(mut connection) => command.query_async(&mut connection).await,
            Self::Cluster(mut connection) => command.query_async(&mut connection).await,
        }
    }

    /// What the masters say of themselves.
    pub(super) async fn states(&self) -> RedisResult<Vec<ServerState>> {
        let info = redis::cmd("INFO");
        match self.clone() {
            Self::Single(mut connection) => {
                let info: String = info.query_async(&mut connection).await?;
                Ok(vec![ServerState::parse(&info)])
            }
            Self::Cluster(mut connection) => {
                let masters = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                let infos = connection.route_command(info, masters).await?;
                let infos: HashMap<String, String> = redis::from_redis_value(infos)?;
                Ok(infos.values().map(|info| ServerState::parse(info)).collect())
            }
        }
    }

    /// What an error says about this connection.
    pub(super) fn judge(&self, error: &RedisError) -> Verdict {
        match self {
            Self::Single(_) => failure::of_single(error),
            Self::Cluster(_) => failure::of_cluster(error),
        }
    }
}
