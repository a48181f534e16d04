use super::entries::{App, Plan};
use super::scope::Scope;
use crate::bounds::ACCESS_TOKEN_SECONDS;
use crate::claims::API;
use crate::ids::ClientId;
use serde_json::{Value, json};

/// What an access token is issued for.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// Who asked for it.
    pub client: &'a ClientId,
    /// The app that it speaks for.
    pub app: &'a App,
    /// The app's plan.
    pub plan: &'a Plan,
    /// What it is good for.
    pub scope: Scope,
}

/// The claims of an access token that is issued at `now_unix_s`, as SPEC 2.2 wants them.
#[must_use]
pub fn access_claims(grant: &Grant<'_>, now_unix_s: u64) -> Value {
    let Grant { client, app, plan, scope } = grant;
    let mut claims = json!({
        "sub": client.as_str(),
        "iat": now_unix_s,
        "exp": now_unix_s.saturating_add(ACCESS_TOKEN_SECONDS),
        "aud": API,
        "scope": scope.as_str(),
        "tenantid": app.key.tenant.as_str(),
        "appId": app.key.app.as_str(),
        "limits": plan.limits.to_claim(),
    });
    if let Some(home) = &app.home {
        claims["dbCode"] = json!(home.as_str());
    }
    for (i, domain) in app.allowed_domains.iter().enumerate() {
        claims[format!("allowed_domain_{}", i + 1)] = json!(domain.to_string());
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{AllowedDomain, Claims};
    use crate::ids::{AppId, AppKey, HomeRegion, PlanId, TenantId};
    use crate::limits::PlanLimits;

    const NOW: u64 = 1_000_000;

    #[test]
    fn what_is_issued_is_what_a_handshake_reads() {
        let limits = PlanLimits {
            connections_max: 1,
            documents_max: 2,
            users_per_document_max: 3,
            ops_per_minute_max: 4,
        };
        let app = App {
            key: AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() },
            name: "A".to_owned(),
            plan: PlanId::parse("p").unwrap(),
            home: Some(HomeRegion::parse("aws-us-east-1").unwrap()),
            allowed_domains: ["app.example.com", "localhost:3000", "[::1]:80"]
                .map(|rule| AllowedDomain::parse(rule).unwrap())
                .to_vec(),
        };
        let plan = Plan { id: app.plan.clone(), limits, monthly_requests: None, price: Default::default() };
        let client = ClientId::parse("c").unwrap();
        let grant = Grant { client: &client, app: &app, plan: &plan, scope: Scope::ApiAndOffline };
        let claims = access_claims(&grant, NOW);
        let read = Claims::from_payload(claims.as_object().unwrap(), NOW).unwrap();
        assert_eq!((read.app, read.limits, read.home), (app.key, limits, app.home));
        assert_eq!(read.allowed_domains, app.allowed_domains);
        assert_eq!(read.expires_unix_s, NOW + ACCESS_TOKEN_SECONDS);
    }
}
