use super::is_public;
use crate::bounds::{HOST_LABEL_BYTES_MAX, HOST_NAME_BYTES_MAX, WEBHOOK_URL_BYTES_MAX};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The URL of a webhook: `https`, with a host that can be, without user and fragment. Whether the host's addresses are public is seen
/// at each delivery, once its name is resolved.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    text: String,
    host: String,
    port: u16,
}

/// Its host alone: path and query may hold a receiver's secret.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebhookUrl").field(&self.host).finish()
    }
}

/// A text is no URL that events may be delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhookUrl {
    /// It is no such URL.
    #[error(
        "expected an https:// URL with a host, a name of at most 253 bytes or an address, without user and fragment, of at most \
         2048 bytes of ASCII"
    )]
    Form,
    /// Its host is an address that no stranger may have deliveries sent to.
    #[error("expected a public host: {0} is private, loopback, link-local or reserved")]
    Private(IpAddr),
    /// Its port is not one that a receiver in the public internet listens at.
    #[error("expected port 443 or one from 1024 on: {0} is that of another service")]
    Port(u16),
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
    /// Ports from here on are no known service's.
    const FREE_PORTS: u16 = 1024;

    /// Parses a URL.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl::Form`].
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookUrl> {
        let is_plain =
            text.len() <= WEBHOOK_URL_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_uri = !text.contains(NO_URI) && has_whole_escapes(text);
        let rest = text.strip_prefix("https://").filter(|_| is_plain && is_uri);
        let rest = rest.ok_or(InvalidWebhookUrl::Form)?;
        let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
        let (host, port) = Self::authority(authority).ok_or(InvalidWebhookUrl::Form)?;
        Ok(Self { text: text.to_owned(), host, port })
    }

    fn authority(authority: &str) -> Option<(String, u16)> {
        let end_of_host = match authority.starts_with('[') {
            true => authority.find(']')? + 1,
            false => authority.find(':').unwrap_or(authority.len()),
        };
        let (host, port) = authority.split_at(end_of_host);
        let port = if port.is_empty() { Self::HTTPS_PORT } else { parse_port(port.strip_prefix(':')?)? };
        let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => is_name(host),
        };
        is_host.then(|| (host.to_ascii_lowercase(), port))
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

    /// Whether the host, as it is spelled, may be one of the public internet's, and the port that of a receiver there.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl::Private`], [`InvalidWebhookUrl::PrivateName`], [`InvalidWebhookUrl::Port`].
    pub fn check_public(&self) -> Result<(), InvalidWebhookUrl> {
        self.check_host()?;
        self.check_port()
    }

    /// Whether the port may be that of a receiver in the public internet: below 1024 listen services that nobody is to be
    /// made to speak to.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl::Port`].
    pub fn check_port(&self) -> Result<(), InvalidWebhookUrl> {
        if self.port == Self::HTTPS_PORT || self.port >= Self::FREE_PORTS {
            Ok(())
        } else {
            Err(InvalidWebhookUrl::Port(self.port))
        }
    }

    fn check_host(&self) -> Result<(), InvalidWebhookUrl> {
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

fn parse_port(digits: &str) -> Option<u16> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| is_plain && *port > 0)
}

/// Whether a host is a name as DNS has them, or an IPv4 address. A dot after its last label is let be.
fn is_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    name.len() <= HOST_NAME_BYTES_MAX && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let has_length = (1..=HOST_LABEL_BYTES_MAX).contains(&label.len());
    let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_plain && has_length && !label.starts_with('-') && !label.ends_with('-')
}

/// Whether each percent sign begins an escape of two hex digits.
fn has_whole_escapes(text: &str) -> bool {
    let mut after = text.split('%').skip(1);
    after.all(|after| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
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
            "https://h.example.com]/",
            "https://a[b/",
            "https://[::1]]/",
            "https://[1.2.3.4]/",
            "https://...../",
            "https://a..b/",
            "https://.a.b/",
            "https://a.b../",
            "https://-.-/",
            "https://-a.example.com/",
            "https://a-.example.com/",
            "https://example.com/%zz",
            "https://example.com/a%2",
            "https://example.com/?q=%",
            &long,
        ] {
            assert_eq!(url(bad), Err(InvalidWebhookUrl::Form), "{bad}");
        }
    }

    #[test]
    fn a_name_is_made_of_labels_and_has_bounds() {
        for good in ["a", "a--b.c", "_dmarc.a_.example.com", "1.2.3.4", "xn--bcher-kva.example", "a.b.c."] {
            assert_eq!(url(&format!("https://{good}/%2F%aB?%00")), Ok((good.into(), 443)));
        }
        let label = |bytes: usize| "a".repeat(bytes);
        assert!(url(&format!("https://{}.com", label(63))).is_ok());
        assert!(url(&format!("https://{}.com", label(64))).is_err());
        let name = |last: usize| format!("https://{0}.{0}.{0}.{1}", label(63), label(last));
        assert!(url(&name(61)).is_ok() && url(&format!("{}./", name(61))).is_ok(), "253 bytes");
        assert!(url(&name(62)).is_err(), "254 bytes");
    }

    #[test]
    fn only_ports_of_receivers_are_delivered_to() {
        let checked =
            |port: u16| WebhookUrl::parse(&format!("https://example.com:{port}/")).unwrap().check_public();
        for good in [443, 1024, 8443, u16::MAX] {
            assert_eq!(checked(good), Ok(()), "{good}");
        }
        for bad in [1, 22, 25, 442, 444, 1023] {
            assert_eq!(checked(bad), Err(InvalidWebhookUrl::Port(bad)));
        }
    }

    #[test]
    fn what_is_shown_of_a_url_is_its_host() {
        let url = WebhookUrl::parse("https://example.com:8443/hook/secret?key=secret").unwrap();
        assert_eq!(format!("{url:?}"), "WebhookUrl(\"example.com\")");
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
}
