//! Who asks: a client's id, and the secret that it gives with it (RFC 6749 section 2.3.1).

use super::TokenPlane;
use super::deadline::Deadline;
use super::failure::TokenFailure;
use super::form::{Form, decoded, invalid};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::bounds::SECRET_BYTES_MAX;
use domain::ids::ClientId;
use domain::oauth::OAuthError;
use domain::registry::Client;

/// Where a client says who it is: the answer to a wrong secret asks for another in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// In `Authorization: Basic`.
    Basic,
    /// In the form.
    Form,
}

/// What a client says of itself.
pub(super) struct Presented {
    /// The id; `None` where there can be no client of that name.
    pub(super) id: Option<ClientId>,
    /// The secret, where it gives one.
    pub(super) secret: Option<String>,
    pub(super) scheme: Scheme,
}

impl Presented {
    /// Reads it from the header, where there is one, or from the form.
    pub(super) fn of(headers: &HeaderMap, form: &Form) -> Result<Self, TokenFailure> {
        let id = form.value("client_id");
        let secret = form.value("client_secret");
        let mut credentials = headers.get_all(AUTHORIZATION).iter();
        let Some(header) = credentials.next() else {
            let secret = secret.map(str::to_owned);
            return Ok(Self { id: id.and_then(parsed), secret, scheme: Scheme::Form });
        };
        if credentials.next().is_some() || secret.is_some() {
            return Err(invalid("the client says twice who it is").into());
        }
        let basic = header.to_str().ok().and_then(basic);
        let refused = || TokenFailure::from(OAuthError::InvalidClient).asked_by(Scheme::Basic);
        let (basic_id, secret) = basic.ok_or_else(refused)?;
        if id.is_some_and(|id| id != basic_id) {
            return Err(invalid("client_id is another one in the form than in the header").into());
        }
        Ok(Self { id: parsed(&basic_id), secret: Some(secret), scheme: Scheme::Basic })
    }
}

impl TokenPlane {
    /// The client, where its secret is the one that it gives. Takes the same work for a client that there is not.
    pub(super) async fn authenticated(
        &self,
        presented: &Presented,
        deadline: Deadline,
    ) -> Result<Client, TokenFailure> {
        let Some(secret) = presented.secret.as_deref() else { return Err(OAuthError::InvalidClient.into()) };
        if secret.len() > SECRET_BYTES_MAX {
            return Err(OAuthError::InvalidClient.into());
        }
        let client = self.client(presented, deadline).await?;
        let hash = client.as_ref().map(|client| &client.secret);
        let fits = deadline.answered("secrets", self.issuer.secrets.fits(secret, hash)).await?;
        match client {
            Some(client) if fits => Ok(client),
            Some(client) => {
                tracing::warn!(client = %client.id, tenant = %client.app.tenant, "a wrong secret was given");
                Err(OAuthError::InvalidClient.into())
            }
            None => Err(OAuthError::InvalidClient.into()),
        }
    }

    /// The client of the id that is given, whoever gives it.
    pub(super) async fn client(
        &self,
        presented: &Presented,
        deadline: Deadline,
    ) -> Result<Option<Client>, TokenFailure> {
        let Some(id) = &presented.id else { return Ok(None) };
        Ok(deadline.answered("registry", self.issuer.registry.client(id)).await?)
    }
}

fn parsed(id: &str) -> Option<ClientId> {
    ClientId::parse(id).ok()
}

/// Id and secret of `Basic BASE64(ID:SECRET)`, each encoded as in a form. The scheme's case does not count.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.trim().split_once(' ')?;
    let credentials = scheme.eq_ignore_ascii_case("Basic").then(|| credentials.trim())?;
    let credentials = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((decoded(id)?, decoded(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_encoded_twice() {
        let header = |credentials: &str| format!("basic  {} ", STANDARD.encode(credentials));
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(basic(&header("c:s")), pair("c", "s"));
        assert_eq!(basic(&header("a%3Ab:x+y%25:z")), pair("a:b", "x y%:z"));
        assert_eq!(basic(&header(":")), pair("", ""));
        for bad in ["Basic", "Basic !", "Bearer Yzpz", &header("c"), &header("c:%zz")] {
            assert_eq!(basic(bad), None, "{bad}");
        }
    }
}
