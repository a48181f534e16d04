use crate::control_plane::Ask;
use crate::http::Answer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Types of bodies that an HTTP API passes on as they are; all others it encodes.
const TEXT_TYPES: [&str; 4] = ["text/", "application/json", "application/xml", "application/javascript"];

/// The event that an HTTP API makes of a request: payload format 2.0.
#[must_use]
pub fn event_of(ask: &Ask, route_key: &str) -> Value {
    let (headers, cookies) = headers(ask);
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": ask.path(),
        "rawQueryString": ask.query(),
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "domainName": "r3pmxmplak.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "r3pmxmplak",
            "http": {
                "method": ask.method,
                "path": ask.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": ask.from.to_string(),
                "userAgent": "tests",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route_key,
            "stage": "$default",
            "time": "10/Mar/2026:05:16:23 +0000",
            "timeEpoch": 1_773_119_783_000_u64,
        },
        "isBase64Encoded": false,
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !ask.query().is_empty() {
        event["queryStringParameters"] = Value::Object(parameters(ask.query()));
    }
    if !ask.body.is_empty() {
        let (body, is_encoded) = body(ask);
        event["body"] = json!(body);
        event["isBase64Encoded"] = json!(is_encoded);
    }
    event
}

/// What a client is sent for a function's answer.
///
/// # Panics
/// Where it is none of an HTTP API's function.
#[must_use]
pub fn answer_of(value: &Value) -> Answer {
    let status = value["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.unwrap_or_else(|| panic!("a function answered {value}"));
    let one = value["headers"].as_object().into_iter().flatten();
    let one = one.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())));
    let many = value["multiValueHeaders"].as_object().into_iter().flatten();
    let many = many.flat_map(|(name, texts)| {
        let texts = texts.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(|text| (name.clone(), text.to_owned()))
    });
    let body = value["body"].as_str().unwrap_or_default();
    let body = match value["isBase64Encoded"] == true {
        true => {
            String::from_utf8_lossy(&STANDARD.decode(body).expect("it says that it is base64")).into_owned()
        }
        false => body.to_owned(),
    };
    Answer::new(status, one.chain(many).collect(), body)
}

/// Names in lower case, values of one name joined by commas; cookies apart. The gateway adds whom it speaks for.
fn headers(ask: &Ask) -> (Map<String, Value>, Vec<String>) {
    let (mut headers, mut cookies) = (Map::new(), Vec::new());
    let added = [
        ("Host", "r3pmxmplak.execute-api.us-east-1.amazonaws.com".to_owned()),
        ("X-Forwarded-For", ask.from.to_string()),
        ("X-Forwarded-Port", "443".to_owned()),
        ("X-Forwarded-Proto", "https".to_owned()),
        ("Content-Length", ask.body.len().to_string()),
    ];
    let given = ask.headers.iter().map(|(name, value)| (name.as_str(), value.clone()));
    for (name, value) in given.chain(added) {
        match name.to_ascii_lowercase() {
            name if name == "cookie" => cookies.extend(value.split("; ").map(str::to_owned)),
            name => {
                let before = headers.get(&name).and_then(Value::as_str).map(|before| format!("{before},"));
                headers.insert(name, json!(before.unwrap_or_default() + &value));
            }
        }
    }
    (headers, cookies)
}

/// Values of one name joined by commas, as they are decoded.
fn parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let before = parameters.get(&name).and_then(Value::as_str).map(|before| format!("{before},"));
        parameters.insert(name, json!(before.unwrap_or_default() + &value));
    }
    parameters
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

fn body(ask: &Ask) -> (String, bool) {
    let named = ask.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let is_text = named.is_some_and(|(_, kind)| TEXT_TYPES.iter().any(|text| kind.starts_with(text)));
    match std::str::from_utf8(&ask.body) {
        Ok(text) if is_text => (text.to_owned(), false),
        _ => (STANDARD.encode(&ask.body), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, uri: &str) -> Ask {
        Ask::new(method, uri, "192.0.2.1".parse().unwrap())
    }

    #[test]
    fn headers_and_parameters_of_one_name_are_joined() {
        let ask = ask("GET", "/usage?a=1&a=%2B+&b")
            .header("X-A", "1")
            .header("x-a", "2")
            .header("Cookie", "c=d; e=f");
        let event = event_of(&ask, "GET /usage");
        assert_eq!(event["rawPath"], "/usage");
        assert_eq!(event["rawQueryString"], "a=1&a=%2B+&b");
        assert_eq!(event["queryStringParameters"], json!({"a": "1,+ ", "b": ""}));
        assert_eq!(event["headers"]["x-a"], "1,2");
        assert_eq!(event["cookies"], json!(["c=d", "e=f"]));
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "192.0.2.1");
        assert_eq!(event.get("body"), None);
    }

    #[test]
    fn bodies_that_are_no_text_are_encoded() {
        let form = event_of(&ask("POST", "/").form(&[("a", "b")]), "$default");
        assert_eq!((&form["body"], &form["isBase64Encoded"]), (&json!("YT1i"), &json!(true)));
        let text = event_of(&ask("POST", "/").body("application/json", "{}"), "$default");
        assert_eq!((&text["body"], &text["isBase64Encoded"]), (&json!("{}"), &json!(false)));
        let bytes = event_of(&ask("POST", "/").body("application/json", [0xFF]), "$default");
        assert_eq!(bytes["isBase64Encoded"], true);
    }

    #[test]
    fn an_answer_is_turned_back() {
        let answer = answer_of(&json!({
            "statusCode": 401, "headers": {"a": "1"}, "multiValueHeaders": {"b": ["2", "3"]},
            "body": "YT1i", "isBase64Encoded": true
        }));
        assert_eq!((answer.status, answer.header("A"), answer.header("b")), (401, Some("1"), Some("2")));
        assert_eq!(answer.body, "a=b");
    }
}
