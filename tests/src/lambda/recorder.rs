use super::http1::send;
use crate::backstage::serve;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One kind of call to DynamoDB or KMS, as policies tell them apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `dynamodb:GetItem`, `kms:Decrypt`, …
    pub action: String,
    /// The table's name, or the key.
    pub resource: String,
    /// What a policy can require of it: the pattern of its leading key (`APP#*`), or the names of its encryption
    /// context.
    pub concerns: String,
}

/// An HTTP proxy before DynamoDB and KMS that notes what it passes on. It stops when dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    calls: Arc<Mutex<BTreeSet<Call>>>,
    accepting: JoinHandle<()>,
}

impl Recorder {
    /// Puts a recorder on a free port before the server at `upstream`.
    #[must_use]
    pub fn before(upstream: SocketAddr) -> Self {
        let calls = Arc::<Mutex<BTreeSet<Call>>>::default();
        let noted = Arc::clone(&calls);
        let (address, accepting) = serve(move |listener| accept(listener, upstream, noted));
        Self { address, calls, accepting }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes for the services' endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Each kind of call that was passed on.
    ///
    /// # Panics
    /// Where a call could not be read.
    #[must_use]
    pub fn calls(&self) -> BTreeSet<Call> {
        self.calls.lock().expect("every call could be read").clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, calls: Arc<Mutex<BTreeSet<Call>>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(serve_connection(stream, upstream, Arc::clone(&calls)));
    }
}

async fn serve_connection(stream: TcpStream, upstream: SocketAddr, calls: Arc<Mutex<BTreeSet<Call>>>) {
    let service = service_fn(async |request| {
        let request = whole(request).await;
        let call = Call::read(request.headers(), request.body());
        calls.lock().expect("every call could be read").insert(call);
        Ok::<_, Infallible>(pass_on(upstream, request).await)
    });
    // Ends in an error where the client hangs up in the middle.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn whole(request: Request<Incoming>) -> Request<Bytes> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Request::from_parts(parts, body)
}

async fn pass_on(upstream: SocketAddr, request: Request<Bytes>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let answer = send(upstream, Request::from_parts(parts, Full::new(body))).await;
    let mut response = Response::builder().status(answer.status);
    for name in ["content-type", "x-amzn-requestid", "x-amz-crc32"] {
        if let Some(value) = answer.header(name) {
            response = response.header(name, value);
        }
    }
    response.body(Full::new(Bytes::from(answer.body))).expect("what was an answer is one")
}

impl Call {
    /// Reads `X-Amz-Target`, which names service and operation, and the body.
    fn read(headers: &HeaderMap, body: &Bytes) -> Self {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let (service, operation) = target.split_once('.').unwrap_or_default();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if service.starts_with("DynamoDB_") {
            let action = format!("dynamodb:{operation}");
            Self {
                action,
                resource: text(&body["TableName"]),
                concerns: pattern(&leading_key(operation, &body)),
            }
        } else {
            let context = body["EncryptionContext"].as_object().into_iter().flatten();
            let mut names: Vec<&str> = context.map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            // Decrypt need not name the key, as the ciphertext does.
            Self { action: format!("kms:{operation}"), resource: "key".to_owned(), concerns: names.join(",") }
        }
    }
}

/// The partition key of a call that concerns one: a query's is the value that `pk` is compared with.
fn leading_key(operation: &str, body: &Value) -> String {
    let key = match operation {
        "PutItem" => body["Item"]["pk"]["S"].as_str(),
        "Query" => queried(body),
        _ => body["Key"]["pk"]["S"].as_str(),
    };
    key.unwrap_or_else(|| panic!("{operation} without a partition key: {body}")).to_owned()
}

fn queried(body: &Value) -> Option<&str> {
    let condition = body["KeyConditionExpression"].as_str()?;
    let names = &body["ExpressionAttributeNames"];
    let is_partition = |name: &str| name == "pk" || names[name] == "pk";
    let compared = condition.split(" AND ").filter_map(|term| term.split_once('='));
    let mut values = compared.filter(|(name, _)| is_partition(name.trim())).map(|(_, value)| value.trim());
    body["ExpressionAttributeValues"][values.next()?]["S"].as_str()
}

/// What a policy says of such keys: the word before the first `#`, or all of a key without one.
fn pattern(key: &str) -> String {
    key.split_once('#').map_or_else(|| key.to_owned(), |(kind, _)| format!("{kind}#*"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(target: &str, body: &Value) -> (String, String, String) {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", target.parse().unwrap());
        let Call { action, resource, concerns } = Call::read(&headers, &Bytes::from(body.to_string()));
        (action, resource, concerns)
    }

    #[test]
    fn a_call_is_known_by_its_action_its_resource_and_what_it_concerns() {
        let is = |action: &str, resource: &str, concerns: &str| {
            (action.to_owned(), resource.to_owned(), concerns.to_owned())
        };
        let query = json!({
            "TableName": "t", "KeyConditionExpression": "#a = :v",
            "ExpressionAttributeNames": {"#a": "pk"}, "ExpressionAttributeValues": {":v": {"S": "NODE#r#1"}},
        });
        assert_eq!(read("DynamoDB_20120810.Query", &query), is("dynamodb:Query", "t", "NODE#*"));
        let get = json!({"TableName": "t", "Key": {"pk": {"S": "REGION"}, "sk": {"S": "a#b"}}});
        assert_eq!(read("DynamoDB_20120810.GetItem", &get), is("dynamodb:GetItem", "t", "REGION"));
        let put = json!({"TableName": "t", "Item": {"pk": {"S": "REFRESH#f"}}});
        assert_eq!(read("DynamoDB_20120810.PutItem", &put), is("dynamodb:PutItem", "t", "REFRESH#*"));
        let decrypt = json!({"EncryptionContext": {"tenant": "t", "kid": "k"}});
        assert_eq!(read("TrentService.Decrypt", &decrypt), is("kms:Decrypt", "key", "kid,tenant"));
    }
}
