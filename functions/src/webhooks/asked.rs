//! The body of a request for a webhook, read strictly: a field that nobody knows is refused rather than let be, as it is
//! mostly a known one that is misspelled.

use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use domain::alerts::{EventKind, Hosts, WebhookUrl};
use domain::bounds::{WEBHOOK_DESCRIPTION_CHARS_MAX, WEBHOOK_REQUEST_BYTES_MAX};
use domain::http_error::HttpError;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// A webhook that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) url: WebhookUrl,
    pub(super) events: BTreeSet<EventKind>,
    pub(super) description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    url: Option<Value>,
    events: Option<Value>,
    description: Option<Value>,
}

impl Asked {
    pub(super) async fn read(headers: &HeaderMap, body: Body, hosts: Hosts) -> Result<Self, HttpError> {
        if !is_json(headers) {
            return Err(HttpError::InvalidJson("the content type must be application/json".to_owned()));
        }
        let bytes = to_bytes(body, WEBHOOK_REQUEST_BYTES_MAX).await;
        let bytes = bytes.map_err(|_| {
            HttpError::InvalidJson(format!(
                "it must come whole, and have at most {WEBHOOK_REQUEST_BYTES_MAX} bytes"
            ))
        })?;
        Self::parse(&bytes, hosts)
    }

    fn parse(body: &[u8], hosts: Hosts) -> Result<Self, HttpError> {
        // A list of their values would do for fields, too, as far as serde goes.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(HttpError::InvalidJson("expected an object".to_owned()));
        }
        let fields: Fields =
            serde_json::from_slice(body).map_err(|wrong| HttpError::InvalidJson(wrong.to_string()))?;
        Ok(Self {
            url: url(fields.url, hosts)?,
            events: events(fields.events)?,
            description: description(fields.description)?,
        })
    }
}

fn url(field: Option<Value>, hosts: Hosts) -> Result<WebhookUrl, HttpError> {
    const NAME: &str = "url";
    let field = field.ok_or(HttpError::MissingField(NAME))?;
    let text = field.as_str().ok_or_else(|| invalid(NAME, "expected a string"))?;
    let url = WebhookUrl::parse(text).map_err(|wrong| invalid(NAME, wrong))?;
    match hosts {
        Hosts::Any => {}
        Hosts::Public => url.check_public().map_err(|wrong| invalid(NAME, wrong))?,
    }
    Ok(url)
}

fn events(field: Option<Value>) -> Result<BTreeSet<EventKind>, HttpError> {
    const NAME: &str = "events";
    let field = field.ok_or(HttpError::MissingField(NAME))?;
    let wrong =
        || invalid(NAME, "expected a list of usage.limit_reached, usage.limit_exceeded or both, each once");
    let names = field.as_array().ok_or_else(wrong)?;
    let kinds: Option<BTreeSet<_>> =
        names.iter().map(|name| name.as_str().and_then(EventKind::parse)).collect();
    kinds.filter(|kinds| !kinds.is_empty() && kinds.len() == names.len()).ok_or_else(wrong)
}

fn description(field: Option<Value>) -> Result<String, HttpError> {
    const NAME: &str = "description";
    let Some(field) = field else { return Ok(String::new()) };
    let text = field.as_str().filter(|text| {
        text.chars().count() <= WEBHOOK_DESCRIPTION_CHARS_MAX && !text.chars().any(char::is_control)
    });
    text.map(str::to_owned).ok_or_else(|| {
        invalid(NAME, format_args!("expected at most {WEBHOOK_DESCRIPTION_CHARS_MAX} characters, none of them a control character"))
    })
}

fn invalid(name: &'static str, expected: impl std::fmt::Display) -> HttpError {
    HttpError::InvalidField { name, expected: expected.to_string() }
}

/// Whether the body is said to be JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (said.next(), said.next()) else { return false };
    let essence = only.to_str().ok().and_then(|text| text.split(';').next());
    essence.is_some_and(|text| text.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(body: &str) -> (&'static str, String) {
        let error = Asked::parse(body.as_bytes(), Hosts::Public).unwrap_err();
        assert_eq!(error.status(), 400);
        (error.code(), error.to_string())
    }

    #[test]
    fn a_webhook_has_a_url_and_events_and_maybe_a_description() {
        let body = json!({"url": "https://hooks.example.com/a", "events": ["usage.limit_exceeded"]});
        let asked = Asked::parse(body.to_string().as_bytes(), Hosts::Public).unwrap();
        assert_eq!((asked.url.as_str(), &*asked.description), ("https://hooks.example.com/a", ""));
        assert_eq!(asked.events, BTreeSet::from([EventKind::LimitExceeded]));
    }

    #[test]
    fn each_mistake_names_its_field() {
        let with = |change: Value| {
            let mut body = json!({"url": "https://hooks.example.com/a", "events": ["usage.limit_reached"]});
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            body.to_string()
        };
        let cases = [
            ("".to_owned(), "invalid_json", "body"),
            ("[]x".to_owned(), "invalid_json", "body"),
            (
                r#"["https://hooks.example.com/a",["usage.limit_reached"],""]"#.to_owned(),
                "invalid_json",
                "object",
            ),
            ("null".to_owned(), "invalid_json", "object"),
            ("{}{}".to_owned(), "invalid_json", "body"),
            ("{\"url\":1,\"url\":2}".to_owned(), "invalid_json", "url"),
            (with(json!({"secret": "mine"})), "invalid_json", "secret"),
            (with(json!({"url": null})), "missing_parameter", "`url`"),
            (with(json!({"events": null})), "missing_parameter", "`events`"),
            (with(json!({"url": 7})), "invalid_parameter", "`url`"),
            (with(json!({"url": "http://hooks.example.com"})), "invalid_parameter", "https://"),
            (with(json!({"url": "https://10.1.2.3/"})), "invalid_parameter", "private"),
            (with(json!({"url": "https://localhost/"})), "invalid_parameter", "public host"),
            (with(json!({"events": []})), "invalid_parameter", "`events`"),
            (with(json!({"events": "usage.limit_reached"})), "invalid_parameter", "`events`"),
            (with(json!({"events": ["usage.limit"]})), "invalid_parameter", "usage.limit_exceeded"),
            (
                with(json!({"events": ["usage.limit_reached", "usage.limit_reached"]})),
                "invalid_parameter",
                "once",
            ),
            (with(json!({"description": 7})), "invalid_parameter", "`description`"),
            (with(json!({"description": "a\nb"})), "invalid_parameter", "control"),
            (with(json!({"description": "ü".repeat(201)})), "invalid_parameter", "200"),
        ];
        for (body, code, told) in cases {
            let (refused, message) = refused(&body);
            assert_eq!(refused, code, "{body}: {message}");
            assert!(message.contains(told), "{body}: {message}");
        }
    }

    #[test]
    fn a_description_may_be_as_long_as_its_bound() {
        let body = json!({"url": "https://127.0.0.1:1/", "events": ["usage.limit_reached"], "description": "ü".repeat(200)});
        assert!(
            Asked::parse(body.to_string().as_bytes(), Hosts::Any).is_ok(),
            "and any host where all may be"
        );
    }
}
