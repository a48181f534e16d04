//! What a client gets: an access token with its app's limits, and a refresh token where it asked for one.

use super::TokenPlane;
use super::client::Presented;
use super::deadline::Deadline;
use super::digest::{drawn, sha256};
use super::failure::TokenFailure;
use super::form::Form;
use domain::bounds::{ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS};
use domain::ids::{AppKey, FamilyId};
use domain::oauth::OAuthError;
use domain::ports::Unavailable;
use domain::registry::{App, Client, Grant, Plan, RefreshFamily, RefreshToken, Scope, access_claims};
use serde::Serialize;
use std::collections::BTreeSet;

/// The answer (RFC 6749 section 5.1).
#[derive(Serialize)]
pub(super) struct Issued {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    token_type: &'static str,
    expires_in: u64,
    /// Where it is another one than was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
}

impl Issued {
    /// What answers a request for the scope `asked`.
    pub(super) fn new(
        access_token: String,
        refresh: Option<RefreshToken>,
        scope: Scope,
        asked: Option<&str>,
    ) -> Self {
        let refresh_token = refresh.map(|token| token.reveal());
        let scope = asked.filter(|asked| words(asked) != words(scope.as_str())).map(|_| scope.as_str());
        Self { access_token, refresh_token, token_type: "Bearer", expires_in: ACCESS_TOKEN_SECONDS, scope }
    }
}

/// The words of a scope, whose order says nothing.
fn words(scope: &str) -> BTreeSet<&str> {
    scope.split(' ').filter(|word| !word.is_empty()).collect()
}

impl TokenPlane {
    /// The grant `client_credentials`.
    pub(super) async fn client_credentials(
        &self,
        presented: &Presented,
        form: &Form,
        deadline: Deadline,
    ) -> Result<Issued, TokenFailure> {
        let client = self.authenticated(presented, deadline).await?;
        if client.revoked_unix_s.is_some() {
            return Err(OAuthError::InvalidClient.into());
        }
        let asked = form.value("scope");
        let scope = Scope::asked(asked, &client)?;
        let access_token = self.access_token(&client, scope, deadline).await?;
        let refresh = match scope {
            Scope::Api => None,
            Scope::ApiAndOffline => Some(self.first_of_family(&client, deadline).await?),
        };
        tracing::info!(client = %client.id, tenant = %client.app.tenant, app = %client.app.app, scope = scope.as_str(), "issued a token");
        Ok(Issued::new(access_token, refresh, scope, asked))
    }

    /// An access token that says what the app's plan allows at this moment.
    pub(super) async fn access_token(
        &self,
        client: &Client,
        scope: Scope,
        deadline: Deadline,
    ) -> Result<String, TokenFailure> {
        let (app, plan) = self.app_and_plan(&client.app, deadline).await?;
        let now_unix_s = self.now_unix_s();
        let claims = access_claims(&Grant { client: &client.id, app: &app, plan: &plan, scope }, now_unix_s);
        let tenant = &client.app.tenant;
        let signed =
            deadline.answered("signer", self.issuer.signer.sign(tenant, &claims, now_unix_s)).await?;
        Ok(signed.ok_or_else(|| incomplete(format_args!("the tenant {tenant} has no key that may sign")))?)
    }

    async fn app_and_plan(&self, key: &AppKey, deadline: Deadline) -> Result<(App, Plan), Unavailable> {
        let registry = &self.issuer.registry;
        let app = deadline.answered("registry", registry.app(key)).await?;
        let app = app.ok_or_else(|| incomplete(format_args!("there is no app {key}")))?;
        let plan = deadline.answered("registry", registry.plan(&app.plan)).await?;
        let plan =
            plan.ok_or_else(|| incomplete(format_args!("there is no plan {}, which {key} has", app.plan)))?;
        Ok((app, plan))
    }

    async fn first_of_family(
        &self,
        client: &Client,
        deadline: Deadline,
    ) -> Result<RefreshToken, Unavailable> {
        let family = FamilyId::parse(&drawn::<2>(&*self.front.entropy)).expect("32 hex digits are an id");
        let token = self.next_of_family(family);
        let family = RefreshFamily {
            id: token.family.clone(),
            client: client.id.clone(),
            current: sha256(token.secret.as_bytes()),
            expires_unix_s: self.refresh_expires_unix_s(),
            revoked: false,
        };
        deadline.answered("refresh families", self.issuer.families.begin(&family)).await?;
        Ok(token)
    }

    /// A refresh token of this family that nobody has had: 256 random bits.
    pub(super) fn next_of_family(&self, family: FamilyId) -> RefreshToken {
        RefreshToken { family, secret: drawn::<4>(&*self.front.entropy) }
    }

    /// When a refresh token expires that is issued at this moment.
    pub(super) fn refresh_expires_unix_s(&self) -> u64 {
        self.now_unix_s().saturating_add(REFRESH_TOKEN_SECONDS)
    }

    pub(super) fn now_unix_s(&self) -> u64 {
        self.front.clock.unix_ms() / 1000
    }
}

/// The books lack something that an operator can add: nothing that the client does helps, but for asking later.
fn incomplete(what: std::fmt::Arguments<'_>) -> Unavailable {
    Unavailable::new("registry", what)
}
