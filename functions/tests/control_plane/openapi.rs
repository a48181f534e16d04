//! The document of the HTTP surface, held to what is served.

use crate::house::{Ask, House};
use crate::operators::Desk;
use crate::schema::{DOCUMENT, mistakes};
use axum::http::Method;
use domain::alerts::WebhookUrl;
use functions::OPENAPI;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What nodes answer themselves.
const OF_NODES: [&str; 3] = ["/", "/health", "/metrics"];
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

fn filled(template: &str) -> String {
    template.replace("{tenantId}", "acme").replace("{api_id}", "board").replace("{id}", "wh_1")
}

/// The methods of a path that are answered with something else than 405 or 404 for the path, by a house with all routes.
async fn served(house: &House, path: &str) -> BTreeSet<String> {
    let mut served = BTreeSet::new();
    for method in METHODS {
        let answer = house.ask(Ask::new(method.clone(), path)).await;
        if answer.status != 405 && !answer.text.contains("nothing is served at this path") {
            served.insert(method.as_str().to_ascii_lowercase());
        }
    }
    served
}

#[tokio::test]
async fn every_path_and_method_of_the_document_is_served_and_no_other_method() {
    let issuer = crate::issuing::Books::new().await.issuer();
    let desk = Desk::with_plane(|plane| plane.issuer = Some(issuer)).await;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        if OF_NODES.contains(&&**path) {
            continue;
        }
        let described: BTreeSet<String> = item.as_object().unwrap().keys().cloned().collect();
        assert_eq!(served(&desk.house, &filled(path)).await, described, "{path}");
    }
}

#[tokio::test]
async fn every_path_that_is_served_is_in_the_document() {
    let paths: BTreeSet<&str> = DOCUMENT["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let served: BTreeSet<&str> = functions::served_paths().chain(OF_NODES).collect();
    assert_eq!(paths, served);
}

#[tokio::test]
async fn the_document_is_served_to_everybody_and_may_be_kept() {
    let house = House::new();
    let answer = house.ask(Ask::get("/openapi.json").header("origin", "https://docs.example.com")).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (200, OPENAPI));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let tag = answer.header("etag").unwrap();
    let again = house.ask(Ask::get("/openapi.json").header("if-none-match", tag)).await;
    assert_eq!((again.status.as_u16(), &*again.text), (304, ""));
}

#[test]
fn the_document_has_the_version_of_the_service_and_examples_that_are_true() {
    assert_eq!(
        (&DOCUMENT["openapi"], &DOCUMENT["info"]["version"]),
        (&json!("3.1.0"), &json!(env!("CARGO_PKG_VERSION")))
    );
    let mut examples = 0;
    each_media(&DOCUMENT, &mut |schema, example| {
        examples += 1;
        assert_eq!(mistakes(schema, example), Vec::<String>::new(), "{example}");
    });
    assert!(examples > 20, "{examples}");
}

#[test]
fn the_documents_bounds_are_those_of_the_service() {
    let schemas = &DOCUMENT["components"]["schemas"];
    let new = &schemas["NewWebhook"]["properties"];
    assert_eq!(schemas["WebhookUrl"]["maxLength"], domain::bounds::WEBHOOK_URL_BYTES_MAX);
    let summary = DOCUMENT["paths"]["/v1/usage"]["get"]["description"].as_str().unwrap();
    assert!(summary.contains(&domain::bounds::REPORT_SPANS_MAX.to_string()), "{summary}");
    assert_eq!(new["description"]["maxLength"], domain::bounds::WEBHOOK_DESCRIPTION_CHARS_MAX);
    assert_eq!(schemas["UsageSummary"]["properties"]["by_api"]["maxItems"], domain::bounds::REPORT_APPS_MAX);
    let names = |schema: &Value| {
        schema["enum"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&new["events"]["items"]),
        domain::alerts::EventKind::ALL.map(|kind| kind.name().to_owned())
    );
    let parameters = &DOCUMENT["components"]["parameters"];
    assert_eq!(
        names(&parameters["Endpoint"]["schema"]),
        domain::metering::Endpoint::ALL.map(|each| each.name().to_owned())
    );
    assert_eq!(
        names(&parameters["Granularity"]["schema"]),
        domain::reports::Granularity::ALL.map(|each| each.name().to_owned())
    );
}

#[test]
fn the_documents_urls_of_webhooks_are_those_that_are_taken() {
    let schema = &DOCUMENT["components"]["schemas"]["NewWebhook"]["properties"]["url"];
    let agree = |text: &str, is_taken: bool| {
        assert_eq!(WebhookUrl::parse(text).is_ok(), is_taken, "{text}");
        assert_eq!(mistakes(schema, &Value::from(text)).is_empty(), is_taken, "the document of {text}");
    };
    let (long, longer) = ("a".repeat(63), "a".repeat(64));
    for host in [
        "Hooks.example.com",
        "a",
        "a.b.c.",
        "a--b.x_.com",
        "_",
        "192.0.2.1",
        &long,
        "[::]",
        "[::1]",
        "[1::]",
        "[2606:4700::1111]",
        "[1:2:3:4:5:6:7:8]",
        "[1:2:3:4:5:6:7::]",
        "[::2:3:4:5:6:7:8]",
        "[1:2:3::6:7:8]",
        "[::ffff:192.0.2.255]",
        "[1:2:3:4:5:6:192.0.2.1]",
        "[1::5:192.0.2.1]",
        "[1:2:3:4:5::1.2.3.4]",
    ] {
        agree(&format!("https://{host}"), true);
        agree(&format!("https://{host}:8443/a%2Fb/[c]?q=%aB&r=$"), true);
    }
    for host in [
        "",
        "h.example.com]",
        "a[b",
        ".....",
        "a..b",
        ".a",
        "a..",
        "-.-",
        "-a.b",
        "a-.b",
        "a%41.b",
        "u@a.b",
        "é.b",
        &longer,
        "[]",
        "[:]",
        "[:::]",
        "[1]",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]",
        "[1:2:3:4:5:6:7:8::]",
        "[1::2::3]",
        "[12345::]",
        "[g::]",
        "[::1]]",
        "[[::1]",
        "[::1",
        "[1.2.3.4]",
        "[::1.2.3]",
        "[::256.1.1.1]",
        "[::01.1.1.1]",
        "[1:2:3:4:5:6::1.2.3.4]",
        "[1:2:3:4:5:6:7:1.2.3.4]",
        "[::1.2.3.4:5]",
    ] {
        agree(&format!("https://{host}/"), false);
    }
    for rest in [
        ":0", ":65536", ":", ":1a", "/%", "/%zz", "/%2", "/?%g0", "/#f", "/a b", "/\"", "/<", "/\\", "/^",
        "/`", "/{",
    ] {
        agree(&format!("https://a.b{rest}"), false);
    }
}

/// Every schema of the document with an example beside it.
fn each_media(value: &'static Value, found: &mut dyn FnMut(&'static Value, &'static Value)) {
    if let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) {
        found(schema, example);
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| each_media(member, found)),
        Value::Array(items) => items.iter().for_each(|item| each_media(item, found)),
        _ => {}
    }
}
