use crate::http::Answer;
use crate::waiting::{PATIENCE, within};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Sends a request on a connection of its own and reads the answer, however its length is told.
///
/// # Panics
/// Where there is none.
pub async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Answer {
    within(PATIENCE, "an HTTP answer", async {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.expect("there is an answer");
        let (parts, body) = answer.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let headers = headers.collect();
        let body = body.collect().await.expect("the answer is whole").to_bytes();
        connection.abort();
        Answer::new(parts.status.as_u16(), headers, String::from_utf8_lossy(&body).into_owned())
    })
    .await
}
