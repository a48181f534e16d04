use super::entries::{Client, Refresh};
use crate::claims::API;
use crate::oauth::OAuthError;

/// The scope with which a refresh token is issued.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `WireSocket.API`.
    Api,
    /// `WireSocket.API offline_access`: the same, and a refresh token.
    ApiAndOffline,
}

impl Scope {
    /// Reads the `scope` that a client asks for (RFC 6749 section 3.3): words in any order. None, or an empty one,
    /// means [`Scope::Api`], which a token always has.
    ///
    /// # Errors
    /// [`OAuthError::InvalidScope`] with the word that there is not, or that this client may not have.
    pub fn asked(text: Option<&str>, client: &Client) -> Result<Self, OAuthError> {
        let mut scope = Self::Api;
        for word in text.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
            match word {
                API => {}
                OFFLINE_ACCESS if client.refresh == Refresh::Allowed => scope = Self::ApiAndOffline,
                _ => return Err(OAuthError::InvalidScope(shown(word))),
            }
        }
        Ok(scope)
    }

    /// As a token and an answer say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => API,
            Self::ApiAndOffline => "WireSocket.API offline_access",
        }
    }
}

/// A word of a request in a message: its first characters, without what RFC 6749 section 5.2 does not allow there.
fn shown(word: &str) -> String {
    const CHARACTERS_MAX: usize = 40;
    let plain = |c: char| if c.is_ascii_graphic() && !"\"\\".contains(c) { c } else { '?' };
    word.chars().take(CHARACTERS_MAX).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AppId, AppKey, ClientId, TenantId};
    use crate::registry::SecretHash;

    fn client(refresh: Refresh) -> Client {
        Client {
            id: ClientId::parse("c").unwrap(),
            app: AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse("a").unwrap() },
            secret: SecretHash(String::new()),
            refresh,
            created_unix_s: 0,
            revoked_unix_s: None,
        }
    }

    #[test]
    fn a_client_gets_the_scope_that_it_asks_for_and_may_have() {
        let asked = |text, refresh| Scope::asked(text, &client(refresh));
        assert_eq!(asked(None, Refresh::Denied), Ok(Scope::Api));
        assert_eq!(asked(Some(""), Refresh::Denied), Ok(Scope::Api));
        assert_eq!(asked(Some("offline_access  WireSocket.API"), Refresh::Allowed), Ok(Scope::ApiAndOffline));
        let refused = |word: &str| Err(OAuthError::InvalidScope(word.to_owned()));
        assert_eq!(asked(Some("offline_access"), Refresh::Denied), refused("offline_access"));
        assert_eq!(asked(Some("WireSocket.API openid"), Refresh::Allowed), refused("openid"));
        assert_eq!(asked(Some("a\"b\u{e9}"), Refresh::Allowed), refused("a?b?"));
    }
}
