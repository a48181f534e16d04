use domain::alerts::{Hosts, WebhookUrl, is_public};
use domain::ports::Undelivered;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long one address may take to answer, so that a second one has its turn within the deadline of all.
const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// Addresses of a host that are tried.
const ADDRESSES_MAX: usize = 4;
/// Look-ups at once in this process.
const LOOKUPS_MAX: usize = 16;

/// Connects to a webhook's host, and to an address of it that was looked at: the name is resolved once, so nobody can have
/// it mean another address between the look and the connection. The certificate must be the host's.
pub(super) async fn connect(
    url: &WebhookUrl,
    hosts: Hosts,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, Undelivered> {
    let bare = bare_host(url);
    if hosts == Hosts::Public {
        url.check_port().map_err(|error| Undelivered(error.to_string()))?;
    }
    let addresses = checked(bare, resolved(bare, url.port()).await?, hosts)?;
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

/// The addresses of a host, as the machine's resolver tells them. Each look-up holds a thread until it ends, also where nobody
/// waits for it any more, so that there is a bound on those.
async fn resolved(host: &str, port: u16) -> Result<Vec<SocketAddr>, Undelivered> {
    static TURNS: Semaphore = Semaphore::const_new(LOOKUPS_MAX);
    let unresolved = |cause: &dyn std::fmt::Display| Undelivered(format!("cannot resolve {host}: {cause}"));
    let turn = TURNS.acquire().await.map_err(|error| unresolved(&error))?;
    let asked = host.to_owned();
    let looking_up = tokio::spawn(async move {
        let _turn = turn;
        lookup_host((asked, port)).await.map(Iterator::collect::<Vec<_>>)
    });
    let found = looking_up.await.map_err(|error| unresolved(&error))?;
    let addresses = found.map_err(|error| unresolved(&error))?;
    if addresses.is_empty() { Err(unresolved(&"it has no addresses")) } else { Ok(addresses) }
}

/// The same addresses, unless one of them is none to deliver to.
fn checked(host: &str, addresses: Vec<SocketAddr>, hosts: Hosts) -> Result<Vec<SocketAddr>, Undelivered> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(addresses: &[&str], hosts: Hosts) -> Result<usize, Undelivered> {
        let addresses = addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 443));
        checked("h.example", addresses.collect(), hosts).map(|addresses| addresses.len())
    }

    #[test]
    fn a_name_with_one_private_address_is_refused_whole() {
        let mixed =
            [["93.184.216.34", "10.0.0.1"], ["::1", "2606:4700::1111"], ["1.1.1.1", "::ffff:127.0.0.1"]];
        for mixed in mixed {
            assert!(of(&mixed, Hosts::Public).unwrap_err().0.ends_with("which is not public"), "{mixed:?}");
            assert_eq!(of(&mixed, Hosts::Any), Ok(2));
        }
        assert_eq!(of(&["93.184.216.34", "2606:4700::1111"], Hosts::Public), Ok(2));
    }

    #[tokio::test]
    async fn an_ipv6_literal_is_looked_at_as_any_address() {
        for (host, is_public) in [("[2606:4700::1111]", true), ("[fd00::1]", false), ("[::]", false)] {
            let url = WebhookUrl::parse(&format!("https://{host}/")).unwrap();
            let found = resolved(bare_host(&url), url.port()).await.unwrap();
            assert_eq!(checked(host, found, Hosts::Public).is_ok(), is_public, "{host}");
        }
    }
}
