//! Events of an HTTP API, as far as `lambda_http` would panic at what a client may write into them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::http::header::HOST;
use lambda_http::request::LambdaRequest;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Bytes of path and query before escapes, each of which makes three of one: `http` takes a URI of 64 KiB. An HTTP API
/// passes on 10 KiB.
const URI_BYTES_MAX: usize = 16 * 1024;
/// What may not stand in a URI's query as it is, and is passed on as clients write it.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');
/// The stage whose name stands in no path.
const DEFAULT_STAGE: &str = "$default";

/// Makes a request that can be turned into one of `http`, whatever its client wrote. A URI that is too long leads
/// nowhere, and a body whose encoding is broken is none.
pub(super) fn defuse(request: &mut LambdaRequest) {
    let LambdaRequest::ApiGatewayV2(request) = request else { return };
    let path = path_within_stage(request);
    remove_host(request);
    let query = request.raw_query_string.take().unwrap_or_default();
    if path.len() + query.len() <= URI_BYTES_MAX {
        request.raw_path = Some(path);
        request.raw_query_string = Some(utf8_percent_encode(&query, ESCAPED).to_string());
    } else {
        request.raw_path = Some("/".to_owned());
    }
    let is_broken = |body: &String| request.is_base64_encoded && STANDARD.decode(body).is_err();
    if request.body.as_ref().is_some_and(is_broken) {
        request.body = None;
    }
}

/// Nothing here asks for it, and a URI can't be made of any text.
fn remove_host(request: &mut ApiGatewayV2httpRequest) {
    request.headers.remove(HOST);
    request.headers.remove("x-forwarded-proto");
    request.request_context.domain_name = None;
}

/// The path without the name of the stage, which stands before it at the API's own address and at no other: the domain
/// of an operator leads to a stage without naming it.
fn path_within_stage(request: &mut ApiGatewayV2httpRequest) -> String {
    let path = request.raw_path.take().unwrap_or_default();
    let is_own_address = is_own_address(request);
    let stage = request.request_context.stage.take();
    let named = stage.filter(|stage| is_own_address && stage != DEFAULT_STAGE);
    let within = named.and_then(|stage| path.strip_prefix('/')?.strip_prefix(&*stage));
    match within.filter(|within| within.is_empty() || within.starts_with('/')).unwrap_or(&path) {
        path if path.starts_with('/') => path.to_owned(),
        path => format!("/{path}"),
    }
}

/// Whether the request came to `{API}.execute-api.{REGION}.amazonaws.com`.
fn is_own_address(request: &ApiGatewayV2httpRequest) -> bool {
    let context = &request.request_context;
    let (Some(domain), Some(api)) = (&context.domain_name, &context.apiid) else { return false };
    domain.strip_prefix(&**api).is_some_and(|rest| rest.starts_with(".execute-api."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::{Body, Request};
    use serde_json::{Value, json};

    /// The request that comes of an event with these changes.
    fn request(changes: &Value) -> Request {
        let mut event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/usage", "rawQueryString": "", "headers": {},
            "requestContext": {
                "stage": "$default", "http": {"method": "GET", "path": "/usage", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
            },
            "isBase64Encoded": false
        });
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let mut request = serde_json::from_value(event).unwrap();
        defuse(&mut request);
        request.into()
    }

    #[test]
    fn what_clients_write_into_a_uri_makes_no_panic() {
        let query =
            |text: &str| request(&json!({ "rawQueryString": text })).uri().query().unwrap_or("").to_owned();
        assert_eq!(query("token=a.b-c_d&documentName=x%2Fy+z"), "token=a.b-c_d&documentName=x%2Fy+z");
        assert_eq!(query("a=<b>\"#\u{fc} \n"), "a=%3Cb%3E%22%23%C3%BC%20%0A");
        for path in ["", "usage", "/a b<>\"|^\u{fc}\u{0}", "//a:b@c/", ":99999", "/%zz"] {
            request(&json!({ "rawPath": path }));
        }
        assert_eq!(request(&json!({ "rawQueryString": "\u{1}".repeat(20_000) })).uri(), "/");
    }

    #[test]
    fn headers_that_make_no_uri_are_left_out_of_it() {
        for (name, value) in
            [("host", "a b"), ("host", "[::"), ("x-forwarded-proto", "1"), ("host", ":99999")]
        {
            assert_eq!(
                request(&json!({ "headers": { name: value } })).uri().path(),
                "/usage",
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn a_stage_is_no_part_of_the_path() {
        let own = "a1b2.execute-api.eu-central-1.amazonaws.com";
        let path = |domain: &str, stage: &str, path: &str| {
            let http =
                json!({"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"});
            let context = json!({ "apiId": "a1b2", "domainName": domain, "stage": stage, "http": http });
            request(&json!({ "rawPath": path, "requestContext": context })).uri().path().to_owned()
        };
        assert_eq!(path(own, "$default", "/usage"), "/usage");
        assert_eq!(path(own, "prod", "/prod/usage"), "/usage");
        assert_eq!(path(own, "prod", "/prod"), "/");
        assert_eq!(path(own, "prod", "/usage"), "/usage");
        assert_eq!(path(own, "prod", "/produsage"), "/produsage", "a stage is a whole part of a path");
        let of_tenant = "/prod/.well-known/jwks";
        assert_eq!(path("api.example.com", "prod", of_tenant), of_tenant, "a domain names no stage");
    }

    #[test]
    fn a_body_whose_encoding_is_broken_is_none() {
        let body = |text: &str| request(&json!({ "body": text, "isBase64Encoded": true })).into_body();
        assert_eq!(body("YT0x"), Body::Binary(b"a=1".to_vec()));
        assert_eq!(body("!"), Body::Empty);
    }
}
