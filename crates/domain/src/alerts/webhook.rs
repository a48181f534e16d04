use super::EventKind;
use crate::bounds::WEBHOOK_URL_BYTES_MAX;
use crate::ids::{TenantId, WebhookId};
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A place of a tenant's that its events are delivered to.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id: `wh_…`.
    pub id: WebhookId,
    /// Whose.
    pub tenant: TenantId,
    /// Where it is.
    pub url: WebhookUrl,
    /// What it wants to be told; never empty.
    pub events: BTreeSet<EventKind>,
    /// What people call it; may be empty.
    pub description: String,
    /// The secret that deliveries are signed with, sealed by the vault under the webhook's id.
    pub sealed_secret: Vec<u8>,
    /// Seconds since 1970 at which it was made.
    pub created_unix_s: u64,
}

/// Without its secret, sealed as that is.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut webhook = f.debug_struct("Webhook");
        webhook.field("id", &self.id).field("tenant", &self.tenant).field("url", &self.url);
        webhook.field("events", &self.events).finish_non_exhaustive()
    }
}

/// Which hosts events may be delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hosts {
    /// Those of the public internet.
    #[default]
    Public,
    /// All, this machine among them: for development.
    Any,
}

/// The URL of a webhook: `https`, with a host, without user and fragment. Whether the host's addresses are public is seen
/// at each delivery, once its name is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    text: String,
    host: String,
    port: u16,
}

/// A text is no URL that events may be delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhookUrl {
    /// It is no such URL.
    #[error(
        "expected an https:// URL with a host, without user and fragment, of at most 2048 bytes of ASCII"
    )]
    Form,
    /// Its host is an address that no stranger may have deliveries sent to.
    #[error("expected a public host: {0} is private, loopback, link-local or reserved")]
    Private(IpAddr),
    /// Its host is a name of this machine or a private network.
    #[error(
        "expected a public host: a name without a dot, or one that ends in .localhost, .local or .internal, is none"
    )]
    PrivateName,
}

/// What may not stand in a URL of the kind: a fragment, and what no URI holds (RFC 3986 appendix A).
const NO_URI: [char; 10] = ['#', '\\', '"', '<', '>', '^', '`', '{', '|', '}'];

impl WebhookUrl {
    const HTTPS_PORT: u16 = 443;

    /// Parses a URL.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl::Form`].
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookUrl> {
        let is_plain =
            text.len() <= WEBHOOK_URL_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        let rest = text.strip_prefix("https://").filter(|_| is_plain && !text.contains(NO_URI));
        let rest = rest.ok_or(InvalidWebhookUrl::Form)?;
        let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
        let (host, port) = Self::authority(authority).ok_or(InvalidWebhookUrl::Form)?;
        Ok(Self { text: text.to_owned(), host, port })
    }

    fn authority(authority: &str) -> Option<(String, u16)> {
        let end_of_host = if authority.starts_with('[') {
            authority.find(']')? + 1
        } else {
            authority.find(':').unwrap_or(authority.len())
        };
        let (host, port) = authority.split_at(end_of_host);
        let port = match port.strip_prefix(':') {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().ok().filter(|port| *port > 0)?
            }
            Some(_) => return None,
            None if port.is_empty() => Self::HTTPS_PORT,
            None => return None,
        };
        let is_address =
            host.strip_prefix('[').is_none_or(|host| host.trim_end_matches(']').parse::<Ipv6Addr>().is_ok());
        let is_named = host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'[' | b']' | b':'));
        (!host.is_empty() && is_address && is_named).then(|| (host.to_ascii_lowercase(), port))
    }

    /// The URL as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host in small letters: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host, as it is spelled, may be one of the public internet's.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl::Private`], [`InvalidWebhookUrl::PrivateName`].
    pub fn check_public(&self) -> Result<(), InvalidWebhookUrl> {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return if is_public(address) { Ok(()) } else { Err(InvalidWebhookUrl::Private(address)) };
        }
        let name = self.host.trim_end_matches('.');
        let is_inner = [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end));
        // What ends in a number is an IPv4 address to some resolvers: `127.1`, `0x7f000001`.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.starts_with(|first: char| first.is_ascii_digit());
        if is_inner || is_number || !name.contains('.') {
            Err(InvalidWebhookUrl::PrivateName)
        } else {
            Ok(())
        }
    }
}

/// Whether an address is one of the public internet's: none that is special by RFC 6890 and its successors, however it is
/// wrapped into IPv6.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        // This network, private, shared, loopback, link-local, IETF's, documentation, 6to4 relays, benchmarks.
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            // Multicast, reserved, broadcast.
            | (224..=255, ..)
    );
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // IPv4 in IPv6: mapped, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // IETF's (Teredo among it), and documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Of all other addresses, only 2000::/3 is global unicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<(String, u16), InvalidWebhookUrl> {
        WebhookUrl::parse(text).map(|url| (url.host().to_owned(), url.port()))
    }

    #[test]
    fn a_url_is_https_with_a_host() {
        assert_eq!(url("https://Hooks.example.com/a?b=c"), Ok(("hooks.example.com".into(), 443)));
        assert_eq!(url("https://example.com:8443"), Ok(("example.com".into(), 8443)));
        assert_eq!(url("https://[2606:4700::1]:1/"), Ok(("[2606:4700::1]".into(), 1)));
        let long = format!("https://e.com/{}", "a".repeat(WEBHOOK_URL_BYTES_MAX));
        for bad in [
            "",
            "http://example.com",
            "https://",
            "https:///x",
            "https://u@example.com",
            "https://u:p@example.com/",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://example.com:/",
            "https://a b.com",
            "https://example.com/#f",
            "https://[::1",
            "https://[::1]x/",
            "https://ex\\ample.com",
            "https://é.com",
            "https://example.com/<a>",
            "https://example.com/?q=\"a\"",
            &long,
        ] {
            assert_eq!(url(bad), Err(InvalidWebhookUrl::Form), "{bad}");
        }
    }

    #[test]
    fn only_public_hosts_are_delivered_to() {
        let public = |text: &str| WebhookUrl::parse(text).unwrap().check_public().is_ok();
        for good in
            ["https://example.com", "https://93.184.216.34", "https://[2606:4700::1111]", "https://a.b.c."]
        {
            assert!(public(good), "{good}");
        }
        for bad in [
            "https://localhost",
            "https://LOCALHOST.",
            "https://a.localhost",
            "https://intranet",
            "https://x.internal",
            "https://127.0.0.1",
            "https://127.1",
            "https://0x7f.1",
            "https://2130706433",
            "https://10.1.2.3",
            "https://169.254.169.254",
            "https://[::1]",
            "https://[::ffff:10.0.0.1]",
            "https://[fd00::1]",
            "https://[fe80::1]",
            "https://0.0.0.0",
            "https://printer.local.",
        ] {
            assert!(!public(bad), "{bad}");
        }
    }

    #[test]
    fn special_addresses_are_not_public_however_they_are_wrapped() {
        let public = |text: &str| is_public(text.parse().unwrap());
        for good in [
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "2a00::1",
            "2002:808:808::1",
            "64:ff9b::808:808",
        ] {
            assert!(public(good), "{good}");
        }
        for bad in [
            "0.1.2.3",
            "100.64.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "ff02::1",
            "fec0::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "::ffff:127.0.0.1",
            "100::1",
        ] {
            assert!(!public(bad), "{bad}");
        }
    }
}
