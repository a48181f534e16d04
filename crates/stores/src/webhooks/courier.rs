use super::route;
use super::signature::signature;
use super::trust::{NoTrust, client_config};
use crate::causes::with_causes;
use bytes::Bytes;
use domain::alerts::{Hosts, WebhookUrl};
use domain::bounds::WEBHOOK_DEADLINE;
use domain::ports::{Courier, Undelivered};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, USER_AGENT};
use hyper::http::uri::{Authority, InvalidUri, PathAndQuery};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// Bytes of an answer's head that are looked at: the least that hyper takes.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a good answer's body that are read, and how long that may take: a receiver with little to say is heard out, as
/// some drop their work where nobody listens.
const BODY_BYTES_MAX: usize = 4 * 1024;
const BODY_DEADLINE: Duration = Duration::from_secs(1);

/// Brings messages to webhooks: one `POST` on a connection of its own, over TLS.
#[derive(Clone)]
pub struct HttpsCourier {
    hosts: Hosts,
    config: Arc<ClientConfig>,
    deadline: Duration,
}

impl HttpsCourier {
    /// One that delivers to `hosts` whose certificates the authorities in `ca_pem` have signed; those of the machine where
    /// none are given. Blocks while it reads these.
    ///
    /// # Errors
    /// [`NoTrust`] where there are no such authorities.
    pub fn new(hosts: Hosts, ca_pem: Option<&[u8]>) -> Result<Self, NoTrust> {
        Ok(Self { hosts, config: Arc::new(client_config(ca_pem)?), deadline: WEBHOOK_DEADLINE })
    }

    /// The same, with another deadline than [`WEBHOOK_DEADLINE`]; for tests.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    async fn ask(&self, url: &WebhookUrl, request: Request<Full<Bytes>>) -> Result<Answer, Undelivered> {
        let stream = route::connect(url, self.hosts, self.config.clone()).await?;
        let unanswered = |error: hyper::Error| Undelivered(format!("no answer: {}", with_causes(&error)));
        Answer::to(request, stream).await.map_err(unanswered)
    }
}

/// Whom it delivers to.
impl fmt::Debug for HttpsCourier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsCourier").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Courier for HttpsCourier {
    async fn deliver(
        &self,
        url: &WebhookUrl,
        secret: &[u8],
        message: &str,
        body: &str,
        now_unix_s: u64,
    ) -> Result<(), Undelivered> {
        let signature = signature(secret, message, now_unix_s, body);
        let request = request(url, message, now_unix_s, &signature, body)?;
        let until = Instant::now() + self.deadline;
        let late = |_| Undelivered(format!("no answer within {:?}", self.deadline));
        let answer = timeout_at(until, self.ask(url, request)).await.map_err(late)??;
        verdict(answer.status)?;
        // What a receiver says beside its status changes nothing, nor whether it comes to an end.
        let until = until.min(Instant::now() + BODY_DEADLINE);
        drop(timeout_at(until, answer.hear_out()).await);
        Ok(())
    }
}

fn request(
    url: &WebhookUrl,
    message: &str,
    now_unix_s: u64,
    signature: &str,
    body: &str,
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let unspeakable = |cause: hyper::http::Error| Undelivered(format!("it can't be put into HTTP: {cause}"));
    let uri: Uri = url.as_str().parse().map_err(|error| unspeakable(InvalidUri::into(error)))?;
    let authority = uri.authority().map_or(url.host(), Authority::as_str);
    Request::post(uri.path_and_query().map_or("/", PathAndQuery::as_str))
        .header(HOST, authority)
        .header(USER_AGENT, "wiresocket")
        .header(CONTENT_TYPE, "application/json")
        .header(WEBHOOK_ID, message)
        .header(WEBHOOK_TIMESTAMP, now_unix_s)
        .header(WEBHOOK_SIGNATURE, signature)
        .body(Full::from(body.to_owned()))
        .map_err(unspeakable)
}

fn verdict(status: StatusCode) -> Result<(), Undelivered> {
    if status.is_success() {
        Ok(())
    } else if status.is_redirection() {
        Err(Undelivered(format!("the answer is {status}, and redirects are not followed")))
    } else {
        Err(Undelivered(format!("the answer is {status}")))
    }
}

/// The answer to one request, whose body is still to come.
struct Answer {
    status: StatusCode,
    body: Incoming,
    /// Moves the bytes; ends with the answer.
    _connection: JoinSet<()>,
}

impl Answer {
    async fn to(request: Request<Full<Bytes>>, stream: TlsStream<TcpStream>) -> hyper::Result<Self> {
        let mut http = http1::Builder::new();
        let (mut sender, moving) = http.max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream)).await?;
        let mut connection = JoinSet::new();
        // Its failures are told to whoever waits for the answer.
        connection.spawn(async move { drop(moving.await) });
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Self { status: head.status, body, _connection: connection })
    }

    async fn hear_out(mut self) {
        let mut bytes = 0;
        while let Some(Ok(frame)) = self.body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes >= BODY_BYTES_MAX {
                return;
            }
        }
    }
}
