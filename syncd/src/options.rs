//! Options that every binary with a node in it has, and how their values are read. An error says what would be
//! right; the command line names the option and the value.

use clap::ValueEnum;
use domain::ids::{NodeName, Region};
use domain::policy::RatePolicies;
use ipnet::IpNet;
use std::net::IpAddr;
use std::time::Duration;

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

/// Where documents are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DocumentStore {
    /// In the data folder; they survive a restart.
    Disk,
    /// In memory; they end with the process.
    Memory,
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
    fn a_proxy_may_be_a_range_or_one_address() {
        assert_eq!(cidr("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(cidr("::1").unwrap().to_string(), "::1/128");
        assert!(cidr("10.0.0.0/33").is_err());
        assert!(cidr("localhost").is_err());
    }
}
