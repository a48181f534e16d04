use super::secret::LoanSecret;
use super::wire::{self, Ask, Question};
use super::{BODY_BYTES_MAX, IDLE_MAX, PATH};
use crate::causes::with_causes;
use bytes::Bytes;
use domain::ids::{DocumentKey, Generation};
use domain::ports::{Documents, DocumentsError, Opened, Position, Unavailable};
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::fmt::Display;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Questions of one process at once, each on a connection of its own; more wait for one of these.
pub(super) const ASKED_AT_ONCE: usize = 64;
/// How long an answer may take, waiting included.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long a connection may take to be made; on loopback it is made at once or never.
const CONNECT_DEADLINE: Duration = Duration::from_secs(1);
/// Characters of a refusal that go into an error.
const REFUSAL_CHARACTERS_MAX: usize = 200;

/// Documents that another process has and [lends](super::lend).
#[derive(Debug)]
pub struct BorrowedDocuments {
    client: Client<HttpConnector, Full<Bytes>>,
    lender: Uri,
    authorization: HeaderValue,
    asking: Semaphore,
}

/// A text does not say where a lender is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected http://HOST:PORT, such as http://127.0.0.1:4500, and nothing after it")]
pub struct InvalidLender;

impl BorrowedDocuments {
    /// The documents that are lent at `lender`, `http://HOST:PORT`. Nothing is asked yet.
    ///
    /// # Errors
    /// [`InvalidLender`] where `lender` is something else.
    pub fn new(lender: &str, secret: &LoanSecret) -> Result<Self, InvalidLender> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_DEADLINE));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(ASKED_AT_ONCE)
            .build(connector);
        let asking = Semaphore::new(ASKED_AT_ONCE);
        Ok(Self { client, lender: lender_uri(lender)?, authorization: secret.header(), asking })
    }

    /// The body of the lender's answer.
    async fn ask(
        &self,
        document: &DocumentKey,
        generation: Generation,
        ask: Ask,
    ) -> Result<Bytes, DocumentsError> {
        let question = Question { document: document.clone(), generation, ask };
        let answer = tokio::time::timeout(DEADLINE, self.exchange(question.encode())).await;
        let (status, body) = answer.map_err(|_| unavailable("no answer within the deadline"))??;
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::CONFLICT => {
                let stored = Generation(wire::decode_number(body).map_err(unavailable)?);
                Err(DocumentsError::Stale { stored, asked: generation })
            }
            StatusCode::GONE => Err(DocumentsError::Lost),
            status => {
                let text = String::from_utf8_lossy(&body);
                let text: String = text.chars().take(REFUSAL_CHARACTERS_MAX).collect();
                Err(unavailable(format!("{status}: {text}")).into())
            }
        }
    }

    async fn exchange(&self, question: Bytes) -> Result<(StatusCode, Bytes), Unavailable> {
        let _turn = self.asking.acquire().await.map_err(unavailable)?;
        let mut request = Request::new(Full::new(question));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.lender.clone();
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        let failed = |error| unavailable(with_causes(&error));
        let (head, body) = self.client.request(request).await.map_err(failed)?.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(unavailable)?;
        Ok((head.status, body.to_bytes()))
    }
}

fn unavailable(cause: impl Display) -> Unavailable {
    Unavailable::new("documents", cause)
}

fn lender_uri(lender: &str) -> Result<Uri, InvalidLender> {
    let authority = lender.strip_prefix("http://").ok_or(InvalidLender)?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let uri: Uri = format!("http://{authority}{PATH}").parse().map_err(|_| InvalidLender)?;
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    let is_plain = uri.authority().is_some_and(|parsed| parsed == authority && !authority.contains('@'));
    if has_host && is_plain && uri.port_u16().is_some() { Ok(uri) } else { Err(InvalidLender) }
}

#[async_trait::async_trait]
impl Documents for BorrowedDocuments {
    async fn open(&self, document: &DocumentKey, generation: Generation) -> Result<Opened, DocumentsError> {
        let body = self.ask(document, generation, Ask::Open).await?;
        Ok(wire::decode_opened(body).map_err(unavailable)?)
    }

    async fn append(
        &self,
        document: &DocumentKey,
        generation: Generation,
        after: Position,
        updates: &[Bytes],
    ) -> Result<Position, DocumentsError> {
        let append = Ask::Append { after, updates: updates.to_vec() };
        let body = self.ask(document, generation, append).await?;
        Ok(Position(wire::decode_number(body).map_err(unavailable)?))
    }

    async fn compact(
        &self,
        document: &DocumentKey,
        generation: Generation,
        through: Position,
        state: Bytes,
    ) -> Result<(), DocumentsError> {
        self.ask(document, generation, Ask::Compact { through, state }).await.map(drop)
    }

    async fn check(
        &self,
        document: &DocumentKey,
        generation: Generation,
        at: Position,
    ) -> Result<(), DocumentsError> {
        self.ask(document, generation, Ask::Check(at)).await.map(drop)
    }

    async fn expire(&self, document: &DocumentKey, generation: Generation) -> Result<(), DocumentsError> {
        self.ask(document, generation, Ask::Expire).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lender_is_a_host_and_a_port() {
        for good in ["http://127.0.0.1:4500", "http://[::1]:80/", "http://store:4500"] {
            assert!(lender_uri(good).is_ok(), "{good}");
        }
        for bad in
            ["", "127.0.0.1:4500", "https://a:1", "http://a", "http://a:1/b", "http://u@a:1", "http://:1"]
        {
            assert_eq!(lender_uri(bad), Err(InvalidLender), "{bad}");
        }
    }
}
