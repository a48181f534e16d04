//! The grant `refresh_token`: the next access token, and the next refresh token in place of the one that is spent.

use super::TokenPlane;
use super::client::Presented;
use super::deadline::Deadline;
use super::digest::sha256;
use super::failure::TokenFailure;
use super::form::{Form, invalid};
use super::issue::Issued;
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
        deadline: Deadline,
    ) -> Result<Issued, TokenFailure> {
        let spent = form.required("refresh_token")?;
        let client = self.refreshing(presented, form, deadline).await?;
        let spent = RefreshToken::parse(spent).ok_or(OAuthError::InvalidGrant)?;
        let asked = form.value("scope");
        let scope = match asked {
            None => Scope::ApiAndOffline,
            asked => Scope::asked(asked, &client)?,
        };
        let access_token = self.access_token(&client, scope, deadline).await?;
        let next = self.turned(&client, &spent, deadline).await?;
        tracing::info!(client = %client.id, tenant = %client.app.tenant, app = %client.app.app, scope = scope.as_str(), "refreshed a token");
        Ok(Issued::new(access_token, Some(next), scope, asked))
    }

    /// The client that presents a refresh token, which is enough to know it by; a secret that it gives must fit all the
    /// same. Who gives none is told only that the token is no good: anybody could ask which clients there are, and what
    /// they may do.
    async fn refreshing(
        &self,
        presented: &Presented,
        form: &Form,
        deadline: Deadline,
    ) -> Result<Client, TokenFailure> {
        let (client, denied) = match presented.secret {
            Some(_) => {
                let client = self.authenticated(presented, deadline).await?;
                (client, OAuthError::UnauthorizedClient("refresh_token"))
            }
            None if form.value("client_id").is_none() => {
                return Err(invalid("the parameter client_id is missing").into());
            }
            None => {
                let client = self.client(presented, deadline).await?;
                (client.ok_or(OAuthError::InvalidGrant)?, OAuthError::InvalidGrant)
            }
        };
        if client.revoked_unix_s.is_some() {
            return Err(OAuthError::InvalidGrant.into());
        }
        match client.refresh {
            Refresh::Allowed => Ok(client),
            Refresh::Denied => Err(denied.into()),
        }
    }

    /// The token that takes the place of the spent one. A turn is begun only where there is time to hear of its end: who
    /// is cut off in it may have spent a token without getting the next.
    async fn turned(
        &self,
        client: &Client,
        spent: &RefreshToken,
        deadline: Deadline,
    ) -> Result<RefreshToken, TokenFailure> {
        deadline.leaves("refresh families", TURN_TRIES_MAX)?;
        let next = self.next_of_family(spent.family.clone());
        let turn = Turn {
            family: spent.family.clone(),
            client: client.id.clone(),
            spent: sha256(spent.secret.as_bytes()),
            next: sha256(next.secret.as_bytes()),
            expires_unix_s: self.refresh_expires_unix_s(),
        };
        match self.turn(&turn, deadline).await? {
            Standing::Good | Standing::Repeated => Ok(next),
            Standing::Reused => {
                tracing::warn!(client = %client.id, tenant = %client.app.tenant, family = %turn.family, "a spent refresh token was used again: its family is revoked");
                Err(OAuthError::InvalidGrant.into())
            }
            Standing::Refused => Err(OAuthError::InvalidGrant.into()),
        }
    }

    async fn turn(&self, turn: &Turn, deadline: Deadline) -> Result<Standing, Unavailable> {
        let mut tries = 1;
        loop {
            let turned = deadline
                .answered("refresh families", self.issuer.families.turn(turn, self.now_unix_s()))
                .await;
            match turned {
                Err(_) if tries < TURN_TRIES_MAX => tries += 1,
                turned => return turned,
            }
        }
    }
}
