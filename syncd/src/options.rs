//! How the values of options are read that every binary with a node in it has. An error says what would be right;
//! the command line names the option and the value.

use crate::config::OnLeaseLoss;
use clap::ValueEnum;
use domain::ids::{NodeName, Region};
use domain::policy::RatePolicies;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use stores::Retention;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// A switch as it stands on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Enabled.
    On,
    /// Disabled.
    Off,
}

impl From<Switch> for RatePolicies {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::On => Self::Enforced,
            Switch::Off => Self::Off,
        }
    }
}

/// What becomes of sessions whose node is cut off from their home table, as it stands on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LeaseLoss {
    /// They go on.
    Keep,
    /// They are closed.
    Close,
}

impl From<LeaseLoss> for OnLeaseLoss {
    fn from(loss: LeaseLoss) -> Self {
        match loss {
            LeaseLoss::Keep => Self::Keep,
            LeaseLoss::Close => Self::Close,
        }
    }
}

/// Where one process keeps its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DocumentStore {
    /// In the data folder; they survive a restart.
    Disk,
    /// In memory; they end with the process.
    Memory,
    /// On Redis; they outlive the process.
    Redis,
}

/// Reads a CIDR range, or a single address.
///
/// # Errors
/// What would be right.
pub fn cidr(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single).ok_or_else(|| {
        "expected an address range such as 10.0.0.0/8 or 2001:db8::/32, or one address".to_owned()
    })
}

/// Reads a region's name.
///
/// # Errors
/// What would be right.
pub fn region(text: &str) -> Result<Region, String> {
    Region::parse(text)
        .map_err(|_| "expected 1 to 64 letters, digits and hyphens, such as eu-central-1".into())
}

/// Reads a node's name.
///
/// # Errors
/// What would be right.
pub fn node_name(text: &str) -> Result<NodeName, String> {
    NodeName::parse(text).map_err(|_| "expected 1 to 64 characters of A-Z a-z 0-9 _ -, such as node-a".into())
}

/// Reads an address to listen on.
///
/// # Errors
/// What would be right.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = "expected an IP address and a port, such as 127.0.0.1:4400, 0.0.0.0:4400 or [::1]:0";
    text.parse().map_err(|_| wrong.to_owned())
}

/// Reads `host:port`, at which another machine is reached. An IPv6 host stands in brackets.
///
/// # Errors
/// What would be right.
pub fn host_port(text: &str) -> Result<String, String> {
    let wrong = || "expected a host and a port, such as 10.0.1.7:4401 or node-a.internal:4401".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bare {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)),
    };
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    if is_host && is_port { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// Reads the public URL of a region; a slash at its end is dropped.
///
/// # Errors
/// What would be right.
pub fn public_url(text: &str) -> Result<String, String> {
    let url = text.strip_suffix('/').unwrap_or(text);
    let host = url.strip_prefix("wss://").or_else(|| url.strip_prefix("ws://")).unwrap_or("");
    let is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    if host.is_empty() || !is_plain {
        return Err("expected wss://HOST or ws://HOST, with or without a port, and nothing after it".into());
    }
    Ok(url.to_owned())
}

/// Reads a length of time: a whole number and its unit, `s`, `m`, `h` or `d`.
///
/// # Errors
/// What would be right.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a number and its unit, such as 30s, 15m, 24h or 7d".to_owned();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = number.checked_mul(unit_s).filter(|seconds| *seconds <= 100 * 365 * 24 * 3600);
    seconds.map(Duration::from_secs).ok_or_else(|| "expected at most 36500d".to_owned())
}

/// Reads a length of time that something is done once in.
///
/// # Errors
/// What would be right.
pub fn period(text: &str) -> Result<Duration, String> {
    let period = duration(text)?;
    if period.is_zero() { Err("expected more than no time, such as 5m".to_owned()) } else { Ok(period) }
}

/// Reads for how long documents are kept.
///
/// # Errors
/// What would be right.
pub fn retention(text: &str) -> Result<Retention, String> {
    if text == "forever" {
        return Ok(Retention::Kept);
    }
    duration(text).map(Retention::lasting).map_err(|wrong| format!("{wrong}, or forever"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_a_bound() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("36500d"), Ok(Duration::from_secs(36_500 * 86_400)));
        for bad in ["", "24", "h", "1.5h", "-1s", "24 h", "36501d", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn documents_are_kept_for_a_time_or_forever() {
        assert_eq!(retention("forever"), Ok(Retention::Kept));
        assert_eq!(retention("0s"), Ok(Retention::DroppedAtRelease));
        assert_eq!(retention("24h"), Ok(Retention::For(Duration::from_secs(86_400))));
        assert!(retention("always").is_err_and(|wrong| wrong.contains("forever")));
    }

    #[test]
    fn what_is_done_once_in_a_time_needs_some() {
        assert_eq!(period("5m"), Ok(Duration::from_secs(300)));
        assert!(period("0s").is_err());
    }

    #[test]
    fn a_proxy_may_be_a_range_or_one_address() {
        assert_eq!(cidr("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(cidr("::1").unwrap().to_string(), "::1/128");
        assert!(cidr("10.0.0.0/33").is_err());
        assert!(cidr("localhost").is_err());
    }

    #[test]
    fn a_relay_is_reached_at_a_host_and_a_port() {
        for good in ["10.0.0.1:4401", "[::1]:1", "node-a.internal:65535", "localhost:80"] {
            assert_eq!(host_port(good).as_deref(), Ok(good));
        }
        for bad in ["", "a", ":1", "a:", "a:0", "a:65536", "::1:80", "http://a:1", "a b:1", "[a]:1"] {
            assert!(host_port(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_public_url_has_a_websocket_scheme_and_no_path() {
        assert_eq!(public_url("wss://eu.example.net/").as_deref(), Ok("wss://eu.example.net"));
        assert_eq!(public_url("ws://[::1]:4400").as_deref(), Ok("ws://[::1]:4400"));
        for bad in ["", "wss://", "https://a", "a.example", "wss://a/b", "wss://a b", "wss://u@a"] {
            assert!(public_url(bad).is_err(), "{bad}");
        }
    }
}
