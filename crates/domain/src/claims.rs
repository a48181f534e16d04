//! The claims of a JWT, read once at the handshake.

use crate::bounds::{ALLOWED_DOMAINS_MAX, TOKEN_LEEWAY_SECONDS};
use crate::ids::{AppId, AppKey, HomeRegion, TenantId};
use crate::limits::PlanLimits;
use crate::token::{Forbidden, InvalidToken, TokenRefusal};
use serde_json::{Map, Value};
use std::fmt;

/// The audience and the scope that a token must carry.
pub const API: &str = "WireSocket.API";

/// What a genuine token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The tenant and app that the token speaks for.
    pub app: AppKey,
    /// The app's plan limits.
    pub limits: PlanLimits,
    /// Where the app's ledger lives; `None` means the deployment's default.
    pub home: Option<HomeRegion>,
    /// Domains that a browser's `Origin` must match one of; empty means any.
    pub allowed_domains: Vec<AllowedDomain>,
    /// Seconds since 1970 at which the token expires, leeway not included.
    pub expires_unix_s: u64,
}

/// One `allowed_domain_N` rule: `host` or `host:port`, as it is printed too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedDomain {
    host: String,
    port: Option<u16>,
}

/// The registered time claims of a token, in seconds since 1970, leeway not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// `exp`.
    pub expires_unix_s: u64,
    /// The later of `nbf` and `iat`; 0 with neither.
    pub begins_unix_s: u64,
}

impl Times {
    /// Reads the three claims of a payload.
    ///
    /// # Errors
    /// [`InvalidToken::Malformed`] where `exp` is missing or one of the three is no number.
    pub fn from_payload(payload: &Map<String, Value>) -> Result<Self, InvalidToken> {
        let expires_unix_s = time_claim(payload, "exp")?.ok_or(InvalidToken::Malformed)?;
        let begins = time_claim(payload, "nbf")?.max(time_claim(payload, "iat")?);
        Ok(Self { expires_unix_s, begins_unix_s: begins.unwrap_or(0) })
    }

    /// Whether the token may be used at this time.
    ///
    /// # Errors
    /// [`InvalidToken::Expired`], [`InvalidToken::NotYetValid`].
    pub fn check(self, now_unix_s: u64) -> Result<(), InvalidToken> {
        if now_unix_s > self.expires_unix_s.saturating_add(TOKEN_LEEWAY_SECONDS) {
            Err(InvalidToken::Expired)
        } else if self.begins_unix_s > now_unix_s.saturating_add(TOKEN_LEEWAY_SECONDS) {
            Err(InvalidToken::NotYetValid)
        } else {
            Ok(())
        }
    }
}

/// Checks the registered time claims of a token's payload. Returns when it expires.
///
/// # Errors
/// [`InvalidToken::Malformed`] where `exp` is missing or one of the three is no number,
/// [`InvalidToken::Expired`], [`InvalidToken::NotYetValid`].
pub fn check_times(payload: &Map<String, Value>, now_unix_s: u64) -> Result<u64, InvalidToken> {
    let times = Times::from_payload(payload)?;
    times.check(now_unix_s)?;
    Ok(times.expires_unix_s)
}

/// A NumericDate (RFC 7519 section 2), which may have a fraction.
fn time_claim(payload: &Map<String, Value>, name: &str) -> Result<Option<u64>, InvalidToken> {
    match payload.get(name) {
        None => Ok(None),
        Some(value) => match (value.as_u64(), value.as_f64()) {
            (Some(seconds), _) => Ok(Some(seconds)),
            (None, Some(seconds)) if seconds >= 0.0 => Ok(Some(seconds as u64)),
            _ => Err(InvalidToken::Malformed),
        },
    }
}

impl Claims {
    /// Reads a genuine token's payload, in the order in which SPEC names the causes.
    ///
    /// # Errors
    /// [`TokenRefusal::Invalid`] for its times, [`TokenRefusal::Forbidden`] for everything else.
    pub fn from_payload(payload: &Map<String, Value>, now_unix_s: u64) -> Result<Self, TokenRefusal> {
        let expires_unix_s = check_times(payload, now_unix_s)?;
        if !contains(payload.get("aud"), Separator::None) {
            return Err(Forbidden::Audience.into());
        }
        let in_scope = ["scope", "scp"].iter().any(|name| contains(payload.get(*name), Separator::Space));
        if !in_scope {
            return Err(Forbidden::Scope.into());
        }
        let tenant = named_tenant(payload);
        let app = text(payload, &["appId"]).and_then(|t| AppId::parse(t).ok());
        let limits = payload.get("limits").and_then(|value| PlanLimits::from_claim(value).ok());
        Ok(Self {
            app: AppKey { tenant: tenant.ok_or(Forbidden::Tenant)?, app: app.ok_or(Forbidden::App)? },
            limits: limits.ok_or(Forbidden::Limits)?,
            home: home(payload)?,
            allowed_domains: allowed_domains(payload),
            expires_unix_s,
        })
    }

    /// Whether a handshake with this `Origin` header may use the token. Programs send none and pass.
    ///
    /// # Errors
    /// [`Forbidden::Origin`] where there are allowed domains and the origin is on none of them.
    pub fn check_origin(&self, origin: Option<&str>) -> Result<(), Forbidden> {
        let Some(origin) = origin else { return Ok(()) };
        let fits = self.allowed_domains.is_empty() || self.allowed_domains.iter().any(|d| d.matches(origin));
        if fits { Ok(()) } else { Err(Forbidden::Origin) }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Separator {
    None,
    Space,
}

fn contains(claim: Option<&Value>, separator: Separator) -> bool {
    match claim {
        Some(Value::String(text)) if separator == Separator::Space => text.split(' ').any(|w| w == API),
        Some(Value::String(text)) => text == API,
        Some(Value::Array(items)) => items.iter().any(|item| item.as_str() == Some(API)),
        _ => false,
    }
}

/// The tenant that a token's payload names, believed or not: whose keys may have signed it.
#[must_use]
pub fn named_tenant(payload: &Map<String, Value>) -> Option<TenantId> {
    text(payload, &["tenantid", "tenantId"]).and_then(|tenant| TenantId::parse(tenant).ok())
}

fn text<'a>(payload: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| payload.get(*name)).and_then(Value::as_str)
}

fn home(payload: &Map<String, Value>) -> Result<Option<HomeRegion>, Forbidden> {
    match payload.get("dbCode") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(code)) => HomeRegion::parse(code).map(Some).map_err(|_| Forbidden::HomeRegion),
        Some(_) => Err(Forbidden::HomeRegion),
    }
}

/// A rule that can't be read still counts as a rule: it allows no origin, rather than every one.
fn allowed_domains(payload: &Map<String, Value>) -> Vec<AllowedDomain> {
    (1..=ALLOWED_DOMAINS_MAX)
        .filter_map(|n| payload.get(&format!("allowed_domain_{n}")))
        .filter(|value| !value.is_null() && value.as_str() != Some(""))
        .map(|value| value.as_str().and_then(AllowedDomain::parse).unwrap_or(AllowedDomain::NOWHERE))
        .collect()
}

impl AllowedDomain {
    /// Matches no origin, since an origin's host is never empty.
    const NOWHERE: Self = Self { host: String::new(), port: None };

    /// Parses `host` or `host:port`; an IPv6 host stands in brackets.
    #[must_use]
    pub fn parse(rule: &str) -> Option<Self> {
        let (host, port) = split_host_port(rule.trim())?;
        Some(Self { host: host.to_ascii_lowercase(), port })
    }

    /// Whether an `Origin` header (RFC 6454 section 7: `scheme://host[:port]`) is on this domain.
    /// A rule without port matches any port; `null` never matches.
    #[must_use]
    pub fn matches(&self, origin: &str) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        let Some((host, port)) = split_host_port(authority) else { return false };
        let port = port.or_else(|| default_port(scheme));
        self.host.eq_ignore_ascii_case(host) && (self.port.is_none() || self.port == port)
    }
}

impl fmt::Display for AllowedDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(443),
        "http" | "ws" => Some(80),
        _ => None,
    }
}

fn split_host_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_host = authority.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match authority[after_host..].find(':') {
        Some(colon) => {
            let at = after_host + colon;
            (&authority[..at], Some(authority[at + 1..].parse().ok()?))
        }
        None => (authority, None),
    };
    let plain = !host.is_empty() && !host.contains(['/', ' ', '@', '?', '#']);
    plain.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_000_000;

    fn payload(change: impl FnOnce(&mut Map<String, Value>)) -> Map<String, Value> {
        let mut payload = json!({
            "exp": NOW + 60, "aud": API, "scope": "openid WireSocket.API", "tenantid": "t", "appId": "a",
            "limits": {"maxConnections": 1, "maxDocuments": 2, "maxUsersPerDoc": 3, "opsPerMinute": 4}
        })
        .as_object()
        .cloned()
        .unwrap();
        change(&mut payload);
        payload
    }

    fn refusal(change: impl FnOnce(&mut Map<String, Value>)) -> TokenRefusal {
        Claims::from_payload(&payload(change), NOW).unwrap_err()
    }

    #[test]
    fn a_whole_token_is_read() {
        let claims = Claims::from_payload(&payload(|_| {}), NOW).unwrap();
        assert_eq!(claims.app.to_string(), "t::a");
        assert_eq!(claims.home, None);
        assert_eq!(claims.limits.users_per_document_max, 3);
    }

    #[test]
    fn audience_and_scope_may_be_arrays_and_scp_and_tenant_id_are_spellings() {
        let change = |p: &mut Map<String, Value>| {
            p.insert("aud".into(), json!(["other", API]));
            p.remove("scope");
            p.insert("scp".into(), json!([API]));
            p.remove("tenantid");
            p.insert("tenantId".into(), json!("t2"));
            p.insert("dbCode".into(), json!("aws-us-east-1"));
        };
        let claims = Claims::from_payload(&payload(change), NOW).unwrap();
        assert_eq!(claims.app.tenant.as_str(), "t2");
        assert_eq!(claims.home.unwrap().as_str(), "aws-us-east-1");
    }

    #[test]
    fn times_have_a_leeway_of_30_seconds() {
        let at = |name: &'static str, t: i64| {
            Claims::from_payload(&payload(|p| drop(p.insert(name.into(), json!(t)))), NOW).err()
        };
        let now = NOW as i64;
        assert_eq!(at("exp", now - 30), None);
        assert_eq!(at("exp", now - 31), Some(InvalidToken::Expired.into()));
        assert_eq!(at("nbf", now + 30), None);
        assert_eq!(at("nbf", now + 31), Some(InvalidToken::NotYetValid.into()));
        assert_eq!(at("iat", now + 31), Some(InvalidToken::NotYetValid.into()));
        assert_eq!(at("exp", -1), Some(InvalidToken::Malformed.into()));
        assert_eq!(refusal(|p| drop(p.remove("exp"))), InvalidToken::Malformed.into());
    }

    #[test]
    fn each_broken_claim_has_its_cause() {
        let cases: [(&str, Value, Forbidden); 8] = [
            ("aud", json!("WireSocket"), Forbidden::Audience),
            ("scope", json!("WireSocket.API2"), Forbidden::Scope),
            ("tenantid", json!("a b"), Forbidden::Tenant),
            ("tenantid", json!(7), Forbidden::Tenant),
            ("appId", json!(""), Forbidden::App),
            ("limits", json!({}), Forbidden::Limits),
            ("dbCode", json!(7), Forbidden::HomeRegion),
            ("dbCode", json!("a/b"), Forbidden::HomeRegion),
        ];
        for (name, value, cause) in cases {
            assert_eq!(refusal(|p| drop(p.insert(name.into(), value))), cause.into(), "{name}");
        }
    }

    #[test]
    fn an_origin_must_match_one_allowed_domain() {
        let with = |rules: &[&str]| {
            let change = |p: &mut Map<String, Value>| {
                for (i, rule) in rules.iter().enumerate() {
                    p.insert(format!("allowed_domain_{}", i + 1), json!(rule));
                }
            };
            Claims::from_payload(&payload(change), NOW).unwrap()
        };
        let claims = with(&["App.example.com", "localhost:3000", "[::1]:80"]);
        for origin in [
            "https://app.EXAMPLE.com",
            "http://app.example.com:8080",
            "http://localhost:3000",
            "http://[::1]",
        ] {
            assert_eq!(claims.check_origin(Some(origin)), Ok(()), "{origin}");
        }
        for origin in [
            "null",
            "https://localhost",
            "https://evil.example.com",
            "app.example.com",
            "https://app.example.com@evil",
            "https://app.example.com.evil.net",
            "",
        ] {
            assert_eq!(claims.check_origin(Some(origin)), Err(Forbidden::Origin), "{origin}");
        }
        assert_eq!(claims.check_origin(None), Ok(()));
        assert_eq!(with(&["a:b"]).check_origin(Some("https://a")), Err(Forbidden::Origin));
        assert_eq!(with(&[]).check_origin(Some("null")), Ok(()));
    }
}
