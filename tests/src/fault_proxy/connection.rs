use super::fate::{End, Fate, Fates, Sent};
use super::faults::{Faults, Outage};
use super::request::Asked;
use super::tally::{Tally, UnderWay};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::time::sleep;

/// DynamoDB's own words when a table's capacity is used up.
const THROTTLED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."}"#;

/// What all connections of a proxy share.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) upstream: SocketAddr,
    pub(super) fates: Fates,
    pub(super) faults: Arc<watch::Sender<Faults>>,
    pub(super) tally: Arc<Tally>,
}

type Upstream = Mutex<Option<SendRequest<Full<Bytes>>>>;

impl Door {
    /// Serves connections for ever.
    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            // A connection that the proxy ends, it resets: no client may take the end for an answer.
            let is_ready = stream.set_zero_linger().and_then(|()| stream.set_nodelay(true)).is_ok();
            let is_open = self.faults.borrow().outage != Outage::Refuses;
            if is_ready && is_open {
                tokio::spawn(Arc::clone(&self).serve(stream));
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let upstream = Upstream::default();
        let (door, upstream) = (&self, &upstream);
        let service = service_fn(async |request| door.answer(upstream, request).await);
        // Ends in an error whenever the proxy resets it.
        let _ =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// Answers one request, or resets the connection with an error.
    async fn answer(
        &self,
        upstream: &Upstream,
        request: Request<Incoming>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let asked = Asked::read(target.unwrap_or_default(), &body);
        // Amazon's clients say of each repeat that they make of a call which one it is.
        let attempt = parts.headers.get("amz-sdk-request").and_then(|value| value.to_str().ok());
        let is_repeat = attempt.is_some_and(|attempt| !attempt.starts_with("attempt=1;"));
        let mut changes = self.faults.subscribe();
        let sent = Sent { operation: &asked.operation, body: &body, is_repeat };
        let fate = self.fates.of(&changes.borrow_and_update(), sent);
        let under_way = self.tally.count(asked);
        let request = Request::from_parts(parts, Full::new(body));
        tokio::select! {
            answer = self.meet(fate, upstream, request, &under_way) => answer,
            () = all_is_cut(&mut changes) => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    async fn meet(
        &self,
        fate: Fate,
        upstream: &Upstream,
        request: Request<Full<Bytes>>,
        _under_way: &UnderWay,
    ) -> io::Result<Response<Full<Bytes>>> {
        sleep(fate.before).await;
        match fate.end {
            End::Throttled => return Ok(throttled()),
            End::ResetBefore => return Err(io::ErrorKind::ConnectionReset.into()),
            End::Silent => return self.silence().await,
            End::Answered | End::ResetAfter | End::SilentAfter => {}
        }
        let answer = self.pass_on(upstream, request).await?;
        sleep(fate.after).await;
        match fate.end {
            End::ResetAfter => Err(io::ErrorKind::ConnectionReset.into()),
            End::SilentAfter => self.silence().await,
            _ => Ok(answer),
        }
    }

    /// No answer until the proxy fails in another way or the client hangs up.
    async fn silence(&self) -> io::Result<Response<Full<Bytes>>> {
        let mut changes = self.faults.subscribe();
        // The sender lives in `self`.
        let _ = changes.changed().await;
        Err(io::ErrorKind::ConnectionReset.into())
    }

    async fn pass_on(
        &self,
        upstream: &Upstream,
        request: Request<Full<Bytes>>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let mut sender = upstream.lock().await;
        if sender.as_ref().is_none_or(SendRequest::is_closed) {
            *sender = Some(connect(self.upstream).await?);
        }
        let sender = sender.as_mut().expect("it was just put there");
        sender.ready().await.map_err(io::Error::other)?;
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}

/// Waits for an outage that begins with resets.
async fn all_is_cut(changes: &mut watch::Receiver<Faults>) {
    // An error means that the proxy is gone, which cuts all as well.
    let _ = changes.wait_for(|faults| faults.outage == Outage::Refuses).await;
}

async fn connect(upstream: SocketAddr) -> io::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(upstream).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

fn throttled() -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from_static(THROTTLED.as_bytes())));
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    let headers = answer.headers_mut();
    headers.insert("content-type", hyper::header::HeaderValue::from_static("application/x-amz-json-1.0"));
    answer
}
