//! Which tools the steps need, and whether this machine has them.

use crate::failure::Failure;
use crate::house::{House, output};
use std::fmt;

/// A program that some step starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Rust,
    Rustfmt,
    Clippy,
    Node,
    Npm,
    Python,
    Openssl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version([u32; 3]);

/// Checks each tool once.
///
/// # Errors
/// [`Failure::Tools`] with all that is missing or too old.
pub(crate) fn check<'t>(house: &House, tools: impl Iterator<Item = &'t Tool>) -> Result<(), Failure> {
    let mut distinct = Vec::new();
    for tool in tools {
        if !distinct.contains(tool) {
            distinct.push(*tool);
        }
    }
    let lacks: Vec<String> = distinct.iter().filter_map(|tool| tool.lack(house)).collect();
    if lacks.is_empty() { Ok(()) } else { Err(Failure::Tools(lacks)) }
}

impl Tool {
    fn command(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Rust => ("rustc", &["--version"]),
            Self::Rustfmt => ("cargo", &["fmt", "--version"]),
            Self::Clippy => ("cargo", &["clippy", "--version"]),
            Self::Node => ("node", &["--version"]),
            Self::Npm => ("npm", &["--version"]),
            Self::Python => ("python3", &["--version"]),
            Self::Openssl => ("openssl", &["version"]),
        }
    }

    fn least(self) -> Version {
        match self {
            Self::Rust => Version::first_in(env!("CARGO_PKG_RUST_VERSION")).unwrap_or(Version([1, 0, 0])),
            Self::Node => Version([20, 0, 0]),
            Self::Python => Version([3, 11, 0]),
            Self::Openssl => Version([1, 1, 1]),
            Self::Rustfmt | Self::Clippy | Self::Npm => Version([0, 0, 0]),
        }
    }

    fn install(self) -> &'static str {
        match self {
            Self::Rust => "install it with rustup (https://rustup.rs) or your system's packages",
            Self::Rustfmt => "`rustup component add rustfmt`",
            Self::Clippy => "`rustup component add clippy`",
            Self::Node => "install Node.js from https://nodejs.org or your system's packages",
            Self::Npm => "it comes with Node.js; some systems package it by itself as `npm`",
            Self::Python => "install Python with its venv module (Debian: python3 and python3-venv)",
            Self::Openssl => "install it from your system's packages (Debian: `apt-get install -y openssl`)",
        }
    }

    /// What is wrong with the tool on this machine, and what to do about it.
    fn lack(self, house: &House) -> Option<String> {
        let (program, args) = self.command();
        let printed = output(house.program(program).args(args)).ok();
        match printed.as_deref().and_then(Version::first_in) {
            Some(found) if found >= self.least() => None,
            Some(found) => {
                Some(format!("- {self:?} {} or newer (found {found}): {}", self.least(), self.install()))
            }
            None => Some(format!("- {self:?}: {}", self.install())),
        }
    }
}

impl Version {
    /// The first version in a line such as `rustc 1.95.0 (f2d3ce0bd 2026-03-21)` or `v20.20.2`.
    fn first_in(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace().map(|word| word.trim_start_matches('v'));
        let word = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let mut numbers = word.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
        Some(Self([0; 3].map(|none| numbers.next().unwrap_or(none))))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        let cases = [
            ("rustc 1.95.0 (f2d3ce0bd 2026-03-21)", Some([1, 95, 0])),
            ("rustfmt 1.8.0-stable (f2d3ce0bd 2026-03-21)", Some([1, 8, 0])),
            ("v20.20.2\n", Some([20, 20, 2])),
            ("Python 3.11.7", Some([3, 11, 7])),
            ("OpenSSL 3.0.17 1 Jul 2025 (Library: OpenSSL 3.0.17 1 Jul 2025)", Some([3, 0, 17])),
            ("10.8", Some([10, 8, 0])),
            ("command not found", None),
        ];
        for (printed, expected) in cases {
            assert_eq!(Version::first_in(printed).map(|version| version.0), expected, "{printed}");
        }
        assert!(Version([3, 9, 20]) < Version([3, 11, 0]));
    }
}
