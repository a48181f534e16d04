//! What there is at which path, as far as every answer's headers and the log need it.

/// An endpoint, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Discovery,
    Usage,
    Token,
    KeySet,
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

    pub(crate) fn of(path: &str) -> Self {
        match path {
            Self::DISCOVERY => Self::Discovery,
            Self::USAGE => Self::Usage,
            Self::TOKEN => Self::Token,
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
            Self::Other => "other",
        }
    }

    /// The methods that it answers, as `Allow` lists them.
    pub(crate) fn methods(self) -> &'static str {
        match self {
            Self::Token => "POST, OPTIONS",
            Self::Discovery | Self::Usage | Self::KeySet | Self::Other => "GET, HEAD, OPTIONS",
        }
    }

    /// The headers that a browser may send with a request of another origin, beside those that it always may.
    pub(crate) fn request_headers(self) -> &'static str {
        match self {
            Self::Token => "Authorization, Content-Type",
            Self::Discovery | Self::Usage | Self::KeySet | Self::Other => "Authorization",
        }
    }
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
}
