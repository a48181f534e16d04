use super::form::Form;
use domain::oauth::OAuthError;

/// What a token is asked for with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GrantType {
    /// The client's own secret.
    ClientCredentials,
    /// A refresh token.
    RefreshToken,
}

impl GrantType {
    pub(super) fn of(form: &Form) -> Result<Self, OAuthError> {
        match form.required("grant_type")? {
            "client_credentials" => Ok(Self::ClientCredentials),
            "refresh_token" => Ok(Self::RefreshToken),
            _ => Err(OAuthError::UnsupportedGrantType),
        }
    }
}
