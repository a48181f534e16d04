use super::secret::LoanSecret;
use super::wire::{self, Ask, Question};
use super::{BODY_BYTES_MAX, PATH, SILENCE_MAX};
use bytes::Bytes;
use domain::ids::Generation;
use domain::ports::{Documents, DocumentsError};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections of borrowers at once: sixteen nodes with [`super::borrower::ASKED_AT_ONCE`] each. More wait to be
/// accepted.
const CONNECTIONS_MAX: usize = 16 * super::borrower::ASKED_AT_ONCE;
/// How long the accepting waits where the machine refuses a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Lends `documents` on `listener` to whoever has `secret`, until the future is dropped.
pub async fn lend(listener: TcpListener, documents: Arc<dyn Documents>, secret: LoanSecret) {
    let secret = Arc::new(secret);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut borrowers = tokio::task::JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((tcp, _)) => {
                let (documents, secret) = (Arc::clone(&documents), Arc::clone(&secret));
                borrowers.spawn(serve(tcp, documents, secret, permit));
            }
            Err(error) => {
                // Mostly out of file descriptors; those come back when connections end.
                tracing::warn!(%error, "a borrower's connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while borrowers.try_join_next().is_some() {}
    }
}

async fn serve(
    tcp: TcpStream,
    documents: Arc<dyn Documents>,
    secret: Arc<LoanSecret>,
    _room: OwnedSemaphorePermit,
) {
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| {
        let (documents, secret) = (Arc::clone(&documents), Arc::clone(&secret));
        async move { Ok::<_, Infallible>(answer(&*documents, &secret, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(SILENCE_MAX);
    if let Err(error) = builder.serve_connection(TokioIo::new(tcp), service).await {
        tracing::debug!(%error, "a borrower's connection broke off");
    }
}

/// The secret comes first: whoever does not have it is not read.
async fn answer(
    documents: &dyn Documents,
    secret: &LoanSecret,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    if !secret.is_in(request.headers().get(AUTHORIZATION)) {
        return plain(StatusCode::UNAUTHORIZED, "this secret borrows nothing here");
    }
    if request.uri().path() != PATH || request.method() != Method::POST {
        return plain(StatusCode::NOT_FOUND, "documents are asked for by POST at /documents");
    }
    let Ok(body) = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the question broke off, or is too long");
    };
    match Question::decode(body.to_bytes()) {
        Ok(question) => rendered(answered(documents, question).await),
        Err(malformed) => plain(StatusCode::BAD_REQUEST, malformed.to_string()),
    }
}

async fn answered(documents: &dyn Documents, question: Question) -> Result<Bytes, DocumentsError> {
    let Question { document, generation, ask } = question;
    Ok(match ask {
        Ask::Open => wire::encode_opened(&documents.open(&document, generation).await?),
        Ask::Append { after, updates } => {
            wire::encode_number(documents.append(&document, generation, after, &updates).await?.0)
        }
        Ask::Compact { through, state } => {
            documents.compact(&document, generation, through, state).await?;
            Bytes::new()
        }
        Ask::Check(at) => {
            documents.check(&document, generation, at).await?;
            Bytes::new()
        }
        Ask::Expire => {
            documents.expire(&document, generation).await?;
            Bytes::new()
        }
    })
}

fn rendered(answer: Result<Bytes, DocumentsError>) -> Response<Full<Bytes>> {
    match answer {
        Ok(body) => plain(StatusCode::OK, body),
        Err(DocumentsError::Stale { stored: Generation(stored), .. }) => {
            plain(StatusCode::CONFLICT, wire::encode_number(stored))
        }
        Err(DocumentsError::Lost) => plain(StatusCode::GONE, Bytes::new()),
        Err(DocumentsError::Unavailable(unavailable)) => {
            plain(StatusCode::SERVICE_UNAVAILABLE, unavailable.cause)
        }
    }
}

fn plain(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}
