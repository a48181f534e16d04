use crate::control_plane::{REGION, StoresAt};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder of the built functions.
const FUNCTIONS: &str = "WIRESOCKET_FUNCTIONS";

/// One of the control plane's Lambda functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// `GET /discovery`, and what is served nowhere.
    Discovery,
    /// `GET /usage`.
    Usage,
    /// `POST /connect/token` and tenants' key sets.
    Token,
    /// `/v1/*`: tenants' reports and webhooks.
    Reports,
    /// `/admin/*`: the platform's counts.
    Admin,
    /// What takes dead nodes off the books each minute.
    Sweep,
    /// What tells tenants each minute of their usage.
    Webhooks,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Discovery, Self::Usage, Self::Token, Self::Reports, Self::Admin, Self::Sweep, Self::Webhooks];
    /// Those that answer the events of an HTTP API.
    pub const OF_ROUTES: [Self; 5] = [Self::Discovery, Self::Usage, Self::Token, Self::Reports, Self::Admin];

    /// Its binary's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Usage => "usage",
            Self::Token => "token",
            Self::Reports => "reports",
            Self::Admin => "admin",
            Self::Sweep => "sweep",
            Self::Webhooks => "webhooks",
        }
    }

    pub(super) fn binary(self) -> PathBuf {
        let binary = PathBuf::from(named(FUNCTIONS, "the folder of the built functions")).join(self.name());
        assert!(
            binary.is_file(),
            "{FUNCTIONS} holds no {}: run `cargo build -p functions --bins`",
            self.name()
        );
        binary
    }

    /// The function that the template's routes lead a path to, whatever the method.
    #[must_use]
    pub fn behind(path: &str) -> Self {
        let tenant = path.strip_prefix('/').and_then(|path| path.strip_suffix("/.well-known/jwks"));
        match path {
            "/usage" => Self::Usage,
            "/connect/token" => Self::Token,
            _ if path.starts_with("/v1/") => Self::Reports,
            _ if path.starts_with("/admin/") => Self::Admin,
            _ if tenant.is_some_and(|tenant| !tenant.is_empty() && !tenant.contains('/')) => Self::Token,
            _ => Self::Discovery,
        }
    }

    /// What it is told of its stores and its place, as the template does.
    #[must_use]
    pub fn variables(self, stores: &StoresAt) -> Vec<(&'static str, String)> {
        let region = ("WIRESOCKET_REGION", REGION.to_owned());
        let home = ("WIRESOCKET_HOME", stores.homes());
        let registry = ("WIRESOCKET_REGISTRY", stores.registry());
        let (usage, vault) = (("WIRESOCKET_USAGE", stores.usage()), ("WIRESOCKET_VAULT", stores.vault()));
        match self {
            Self::Discovery | Self::Usage | Self::Admin => vec![region, home, registry, usage],
            Self::Token => vec![region, home, registry, vault],
            Self::Reports | Self::Webhooks => vec![region, home, registry, usage, vault],
            Self::Sweep => vec![region, home],
        }
    }
}

/// The path that a variable names.
pub(super) fn named(variable: &str, what: &str) -> OsString {
    let advice = "`cargo xtask test --only tests` sets it";
    let path = std::env::var_os(variable);
    let path = path.unwrap_or_else(|| panic!("{variable} does not say where {what} is: {advice}"));
    assert!(Path::new(&path).exists(), "{variable}={} is not there: {advice}", path.display());
    path
}
