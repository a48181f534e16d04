//! The command line.

use crate::modes::Mode;
use clap::{Args, Parser, ValueEnum};
use std::path::PathBuf;

/// Drives any server of the y-websocket protocol and prints one JSON line a run.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) server: ServerOptions,
    /// Runs, each against a freshly started server; with more than one, a last line gives their medians
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    #[command(subcommand)]
    pub(crate) mode: Mode,
}

/// Which server is measured, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerOptions {
    /// Which server to start
    #[arg(long, global = true, value_enum, default_value_t = ServerKind::Wiresocket)]
    pub(crate) server: ServerKind,
    /// The server's name in the output; by default its kind
    #[arg(long, global = true)]
    pub(crate) name: Option<String>,
    /// Shell command that starts a peer; {port} and the variables PORT and HOST say where it must listen
    #[arg(long, global = true)]
    pub(crate) command: Option<String>,
    /// Template such as ws://127.0.0.1:{port}/{doc}; may hold {token}
    #[arg(long, global = true)]
    pub(crate) url: Option<String>,
    /// Process id of a server that runs already, on a core of its own; needs --url
    #[arg(long, global = true)]
    pub(crate) pid: Option<u32>,
    /// JWT for a peer or a running server
    #[arg(long, global = true)]
    pub(crate) token: Option<String>,
    /// The `wiresocket` binary; by default the one beside this binary
    #[arg(long, global = true, env = "WIRESOCKET_BIN")]
    pub(crate) wiresocket: Option<PathBuf>,
    /// The core that the server is confined to
    #[arg(long, global = true, default_value_t = 0)]
    pub(crate) server_core: usize,
    /// The core that this generator is confined to
    #[arg(long, global = true, default_value_t = 1)]
    pub(crate) generator_core: usize,
    /// Confine neither
    #[arg(long, global = true)]
    pub(crate) unpinned: bool,
}

/// Kinds of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServerKind {
    /// `wiresocket serve`, with a data directory and a token of its own
    Wiresocket,
    /// Whatever --command starts
    Peer,
}

impl ServerOptions {
    /// The server's name in the output.
    pub(crate) fn name(&self) -> String {
        let kind = match (self.server, self.pid) {
            (_, Some(_)) => "running",
            (ServerKind::Wiresocket, None) => "wiresocket",
            (ServerKind::Peer, None) => "peer",
        };
        self.name.clone().unwrap_or_else(|| kind.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn server_options_may_follow_the_mode() {
        let options =
            Options::parse_from(["bench", "fanout", "--sessions", "3", "--runs", "2", "--name", "x"]);
        assert_eq!((options.runs, options.server.name()), (2, "x".to_owned()));
    }
}
