//! A request's form (`application/x-www-form-urlencoded`), read strictly: what is there twice, or is no UTF-8, is refused
//! rather than guessed at.

use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use domain::bounds::TOKEN_REQUEST_BYTES_MAX;
use domain::oauth::OAuthError;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::fmt;

/// The parameters of a request. An empty one is as good as none (RFC 6749 section 3.2). Printed without what they hold.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, OAuthError> {
        if !is_form(headers) {
            return Err(invalid("the content type must be application/x-www-form-urlencoded"));
        }
        let bytes = to_bytes(body, TOKEN_REQUEST_BYTES_MAX).await;
        let bytes = bytes.map_err(|_| {
            invalid(format_args!(
                "the body must come whole, and have at most {TOKEN_REQUEST_BYTES_MAX} bytes"
            ))
        })?;
        let text = std::str::from_utf8(&bytes).map_err(|_| invalid("the body is no UTF-8"))?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut parameters = BTreeMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let broken = || invalid("the body has an escape that is broken, or is no UTF-8");
            let name = decoded(name).ok_or_else(broken)?;
            let value = decoded(value).ok_or_else(broken)?;
            if parameters.insert(name, value).is_some() {
                return Err(invalid("a parameter is there twice"));
            }
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter, where it has one.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a parameter that there must be.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.value(name).ok_or_else(|| invalid(format_args!("the parameter {name} is missing")))
    }
}

/// Decodes a name or a value of a form: `+` is a space. `None` where an escape is broken, or makes no UTF-8.
pub(super) fn decoded(raw: &str) -> Option<String> {
    let spaced = raw.replace('+', " ");
    if has_broken_escape(&spaced) {
        return None;
    }
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| text.into_owned())
}

/// What is wrong with the request itself.
pub(super) fn invalid(what: impl fmt::Display) -> OAuthError {
    OAuthError::InvalidRequest(what.to_string())
}

fn has_broken_escape(text: &str) -> bool {
    let mut after_percent = text.split('%').skip(1);
    after_percent
        .any(|rest| !rest.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)))
}

/// Whether the body is said to be a form, in whichever charset: it is read as UTF-8.
fn is_form(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (said.next(), said.next()) else { return false };
    let essence = only.to_str().ok().and_then(|text| text.split(';').next());
    essence.is_some_and(|text| text.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> Option<String> {
        Form::parse(text).unwrap().value(name).map(str::to_owned)
    }

    #[test]
    fn a_plus_and_an_escape_are_decoded_once() {
        assert_eq!(value("a=x+y%2Bz%2525&b=%C3%BC", "a").as_deref(), Some("x y+z%25"));
        assert_eq!(value("a=x+y%2Bz%2525&b=%C3%BC", "b").as_deref(), Some("\u{fc}"));
        assert_eq!(value("%61=1", "a").as_deref(), Some("1"));
        assert_eq!(value("a=1=2", "a").as_deref(), Some("1=2"));
    }

    #[test]
    fn an_empty_parameter_is_none() {
        for text in ["", "&&", "a", "a=", "b=1"] {
            assert_eq!(value(text, "a"), None, "{text}");
        }
    }

    #[test]
    fn what_is_there_twice_or_broken_is_refused() {
        for text in ["a=1&a=1", "a=&a=1", "x=1&a=2&%78=3", "a=%", "a=%2", "a=%zz", "a=%ff", "%e2%82=1"] {
            assert!(matches!(Form::parse(text), Err(OAuthError::InvalidRequest(_))), "{text}");
        }
    }
}
