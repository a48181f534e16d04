use super::error::SetupError;
use super::options::Options;
use super::{listen, local_address};
use crate::config::RelayConfig;
use crate::relay::ClusterSecret;
use tokio::net::TcpListener;

/// The relay's listener and configuration, where the node has one.
pub(super) async fn relay(options: &Options) -> Result<Option<(TcpListener, RelayConfig)>, SetupError> {
    const SECRET: &str = "--cluster-secret";
    let Some(wanted) = options.relay_listen else { return Ok(None) };
    let cause = "is missing: nodes that have a relay share a secret of 32 bytes or more";
    let secret = options.cluster_secret.as_deref();
    let secret = secret.ok_or(SetupError::Combination { option: SECRET, cause })?;
    let secret = ClusterSecret::from_argument(secret).map_err(|error| SetupError::value(SECRET, error))?;
    let listener = listen("--relay-listen", wanted).await?;
    let address = match &options.relay_address {
        Some(address) => address.clone(),
        None => local_address("--relay-listen", &listener)?.to_string(),
    };
    Ok(Some((listener, RelayConfig { address, secret })))
}
