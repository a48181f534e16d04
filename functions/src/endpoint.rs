//! What there is at which path, as far as every answer's headers and the log need it.

use domain::metering;

/// An endpoint, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Discovery,
    Usage,
    Token,
    KeySet,
    Reports,
    Report,
    Webhooks,
    Webhook,
    ConnectionCount,
    Stats,
    Description,
    /// Nothing is served there.
    Other,
}

impl Endpoint {
    /// `GET`, as axum spells its path.
    pub(crate) const DISCOVERY: &str = "/discovery";
    /// `GET`.
    pub(crate) const USAGE: &str = "/usage";
    /// `POST`.
    pub(crate) const TOKEN: &str = "/connect/token";
    /// `GET`.
    pub(crate) const KEY_SET: &str = "/{tenantId}/.well-known/jwks";
    /// `GET`.
    pub(crate) const REPORTS: &str = "/v1/usage";
    /// `GET`.
    pub(crate) const REPORT: &str = "/v1/usage/{api_id}";
    /// `POST` and `GET`.
    pub(crate) const WEBHOOKS: &str = "/v1/webhooks";
    /// `DELETE`.
    pub(crate) const WEBHOOK: &str = "/v1/webhooks/{id}";
    /// `GET`.
    pub(crate) const CONNECTION_COUNT: &str = "/admin/connection-count";
    /// `GET`.
    pub(crate) const STATS: &str = "/admin/stats";
    /// `GET`.
    pub(crate) const DESCRIPTION: &str = "/openapi.json";

    /// Every path, as axum spells it.
    pub(crate) const PATHS: [&str; 11] = [
        Self::DISCOVERY,
        Self::USAGE,
        Self::TOKEN,
        Self::KEY_SET,
        Self::REPORTS,
        Self::REPORT,
        Self::WEBHOOKS,
        Self::WEBHOOK,
        Self::CONNECTION_COUNT,
        Self::STATS,
        Self::DESCRIPTION,
    ];

    pub(crate) fn of(path: &str) -> Self {
        match path {
            Self::DISCOVERY => Self::Discovery,
            Self::USAGE => Self::Usage,
            Self::TOKEN => Self::Token,
            Self::REPORTS => Self::Reports,
            Self::WEBHOOKS => Self::Webhooks,
            Self::CONNECTION_COUNT => Self::ConnectionCount,
            Self::STATS => Self::Stats,
            Self::DESCRIPTION => Self::Description,
            _ if is_one_below(path, Self::REPORTS) => Self::Report,
            _ if is_one_below(path, Self::WEBHOOKS) => Self::Webhook,
            _ if is_key_set(path) => Self::KeySet,
            _ => Self::Other,
        }
    }

    /// As the log says it: without anything of the path, which could hold anything, a token included.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => Self::DISCOVERY,
            Self::Usage => Self::USAGE,
            Self::Token => Self::TOKEN,
            Self::KeySet => Self::KEY_SET,
            Self::Reports => Self::REPORTS,
            Self::Report => Self::REPORT,
            Self::Webhooks => Self::WEBHOOKS,
            Self::Webhook => Self::WEBHOOK,
            Self::ConnectionCount => Self::CONNECTION_COUNT,
            Self::Stats => Self::STATS,
            Self::Description => Self::DESCRIPTION,
            Self::Other => "other",
        }
    }

    /// The methods that it answers, as `Allow` lists them.
    pub(crate) fn methods(self) -> &'static str {
        match self {
            Self::Token => "POST, OPTIONS",
            Self::Webhooks => "GET, HEAD, POST, OPTIONS",
            Self::Webhook => "DELETE, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    /// The headers that a browser may send with a request of another origin, beside those that it always may.
    pub(crate) fn request_headers(self) -> &'static str {
        match self {
            Self::Token | Self::Webhooks => "Authorization, Content-Type",
            Self::ConnectionCount | Self::Stats => "IM-API-KEY",
            _ => "Authorization",
        }
    }

    /// What requests of an app count as. `None` where they count as nothing.
    pub(crate) fn metered(self) -> Option<metering::Endpoint> {
        match self {
            Self::Discovery => Some(metering::Endpoint::Discovery),
            Self::Usage => Some(metering::Endpoint::Usage),
            _ => None,
        }
    }
}

/// Whether there is one segment more than in `parent`.
fn is_one_below(path: &str, parent: &str) -> bool {
    let name = path.strip_prefix(parent).and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

fn is_key_set(path: &str) -> bool {
    let tenant = path.strip_prefix('/').and_then(|path| path.strip_suffix("/.well-known/jwks"));
    tenant.is_some_and(|tenant| !tenant.is_empty() && !tenant.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_set_belongs_to_one_tenant() {
        assert_eq!(Endpoint::of("/acme/.well-known/jwks"), Endpoint::KeySet);
        for other in
            ["/.well-known/jwks", "//.well-known/jwks", "/a/b/.well-known/jwks", "/acme/.well-known/jwks/"]
        {
            assert_eq!(Endpoint::of(other), Endpoint::Other, "{other}");
        }
    }

    #[test]
    fn an_id_is_one_segment() {
        assert_eq!(Endpoint::of("/v1/usage/a%2Fb"), Endpoint::Report);
        assert_eq!(Endpoint::of("/v1/webhooks/wh_1"), Endpoint::Webhook);
        for other in ["/v1/usage/", "/v1/usage/a/b", "/v1/usagea", "/v1/webhooks/", "/admin/", "/admin"] {
            assert_eq!(Endpoint::of(other), Endpoint::Other, "{other}");
        }
    }
}
