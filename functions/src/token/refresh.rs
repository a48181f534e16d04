//! The grant `refresh_token`: the next access token, and the next refresh token in place of the one that is spent.

use super::TokenPlane;
use super::client::Presented;
use super::digest::sha256;
use super::failure::TokenFailure;
use super::form::{Form, invalid};
use super::issue::Issued;
use crate::plane::answered;
use domain::oauth::OAuthError;
use domain::ports::{Turn, Unavailable};
use domain::registry::{Client, Presented as Standing, Refresh, RefreshToken, Scope};

/// How often a turn is asked for whose answer is lost. A client that comes back with a token that was spent for it
/// unheard loses its whole family.
const TURN_TRIES_MAX: u32 = 2;

impl TokenPlane {
    /// The refresh token is spent last: whatever fails before leaves it good.
    pub(super) async fn refresh_token(
        &self,
        presented: &Presented,
        form: &Form,
    ) -> Result<Issued, TokenFailure> {
        let spent = form.required("refresh_token")?;
        let client = self.refreshing(presented, form).await?;
        let spent = RefreshToken::parse(spent).ok_or(OAuthError::InvalidGrant)?;
        let scope = match form.value("scope") {
            None => Scope::ApiAndOffline,
            asked => Scope::asked(asked, &client)?,
        };
        let access_token = self.access_token(&client, scope).await?;
        let next = self.turned(&client, &spent).await?;
        tracing::info!(client = %client.id, tenant = %client.app.tenant, app = %client.app.app, scope = scope.as_str(), "refreshed a token");
        Ok(Issued::new(access_token, Some(next)))
    }

    /// The client that presents a refresh token, which is enough to know it by; a secret that it gives must fit all the
    /// same.
    async fn refreshing(&self, presented: &Presented, form: &Form) -> Result<Client, TokenFailure> {
        let client = match presented.secret {
            Some(_) => self.authenticated(presented).await?,
            None if form.value("client_id").is_none() => {
                return Err(invalid("the parameter client_id is missing").into());
            }
            None => self.client(presented).await?.ok_or(OAuthError::InvalidClient)?,
        };
        if client.revoked_unix_s.is_some() {
            return Err(OAuthError::InvalidGrant.into());
        }
        match client.refresh {
            Refresh::Allowed => Ok(client),
            Refresh::Denied => Err(OAuthError::UnauthorizedClient("refresh_token").into()),
        }
    }

    /// The token that takes the place of the spent one.
    async fn turned(&self, client: &Client, spent: &RefreshToken) -> Result<RefreshToken, TokenFailure> {
        let next = self.next_of_family(spent.family.clone());
        let turn = Turn {
            family: spent.family.clone(),
            client: client.id.clone(),
            spent: sha256(spent.secret.as_bytes()),
            next: sha256(next.secret.as_bytes()),
            expires_unix_s: self.refresh_expires_unix_s(),
        };
        match self.turn(&turn).await? {
            Standing::Good | Standing::Repeated => Ok(next),
            Standing::Reused => {
                tracing::warn!(client = %client.id, tenant = %client.app.tenant, family = %turn.family, "a spent refresh token was used again: its family is revoked");
                Err(OAuthError::InvalidGrant.into())
            }
            Standing::Refused => Err(OAuthError::InvalidGrant.into()),
        }
    }

    async fn turn(&self, turn: &Turn) -> Result<Standing, Unavailable> {
        let mut tries = 1;
        loop {
            let turned =
                answered("refresh families", self.issuer.families.turn(turn, self.now_unix_s())).await;
            match turned {
                Err(_) if tries < TURN_TRIES_MAX => tries += 1,
                turned => return turned,
            }
        }
    }
}
