use crate::http::Answer;
use std::net::IpAddr;

/// A request under construction.
#[derive(Debug, Clone)]
pub struct Ask {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, as they stand in the request line.
    pub uri: String,
    /// Names and values in their order.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// The client's address, where the target lets a test choose it.
    pub from: IpAddr,
}

impl Ask {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: &str, uri: &str, from: IpAddr) -> Self {
        Self { method: method.to_owned(), uri: uri.to_owned(), headers: Vec::new(), body: Vec::new(), from }
    }

    /// With one header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this token in `Authorization`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// With these bytes as its body, of this type.
    #[must_use]
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.header("Content-Type", content_type) }
    }

    /// With a form as its body, whose names and values need no escapes.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.body("application/x-www-form-urlencoded", fields.join("&"))
    }

    /// The path without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.split('?').next().unwrap_or_default()
    }

    /// What follows the first `?`; empty where there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.uri.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Status and code of a refusal.
///
/// # Panics
/// Where its envelope does not agree with its status line and its id, or it may be kept.
#[must_use]
pub fn refusal(answer: &Answer) -> (u16, String) {
    let error = answer.json()["error"].clone();
    assert_eq!(error["status"], answer.status, "{}", answer.body);
    assert!(error["request_id"].is_string(), "{}", answer.body);
    assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"), "{}", answer.body);
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    (answer.status, error["code"].as_str().unwrap_or_default().to_owned())
}
