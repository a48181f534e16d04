use domain::alerts::{Hosts, WebhookUrl, is_public};
use domain::ports::Undelivered;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long one address may take to answer, so that a second one has its turn within the deadline of all.
const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// Addresses of a host that are tried.
const ADDRESSES_MAX: usize = 4;

/// Connects to a webhook's host, and to an address of it that was looked at: the name is resolved once, so nobody can have
/// it mean another address between the look and the connection. The certificate must be the host's.
pub(super) async fn connect(
    url: &WebhookUrl,
    hosts: Hosts,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, Undelivered> {
    let bare = bare_host(url);
    let addresses = addresses(bare, url.port(), hosts).await?;
    let name = ServerName::try_from(bare.trim_end_matches('.').to_owned())
        .map_err(|_| Undelivered(format!("{bare} is no host that a certificate can name")))?;
    let stream = reach(bare, &addresses).await?;
    let secured = TlsConnector::from(config).connect(name, stream).await;
    secured.map_err(|error| Undelivered(format!("no TLS with {bare}: {error}")))
}

/// As resolvers and certificates know it: without the brackets of an IPv6 address.
fn bare_host(url: &WebhookUrl) -> &str {
    url.host().trim_start_matches('[').trim_end_matches(']')
}

/// The addresses of a host; none where one of them is none to deliver to.
async fn addresses(host: &str, port: u16, hosts: Hosts) -> Result<Vec<SocketAddr>, Undelivered> {
    let unresolved = |cause: &dyn std::fmt::Display| Undelivered(format!("cannot resolve {host}: {cause}"));
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(|error| unresolved(&error))?.collect();
    if addresses.is_empty() {
        return Err(unresolved(&"it has no addresses"));
    }
    let refused = addresses.iter().find(|address| hosts == Hosts::Public && !is_public(address.ip()));
    match refused.map(SocketAddr::ip) {
        Some(address) => Err(Undelivered(format!("{host} has the address {address}, which is not public"))),
        None => Ok(addresses),
    }
}

async fn reach(host: &str, addresses: &[SocketAddr]) -> Result<TcpStream, Undelivered> {
    let mut failure = Undelivered(format!("{host} was not tried"));
    for address in addresses.iter().take(ADDRESSES_MAX) {
        let cause = match timeout(CONNECT_DEADLINE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", CONNECT_DEADLINE.as_secs()),
        };
        failure = Undelivered(format!("cannot connect to {host} at {address}: {cause}"));
    }
    Err(failure)
}
