//! `GET /discovery`.

use super::ask::refusal;
use super::caller::Caller;
use super::target::Target;
use super::world::{DEAD_REGION, EMPTY_HOME, OTHER_REGION, REGION, url_of};
use serde_json::json;

/// A new document goes to the nearest region.
pub async fn a_new_document_goes_to_the_nearest_region(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let answer = plane.ask(&caller.get("/discovery?documentName=my-doc")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let expected = json!({"region": REGION, "url": format!("{}/my-doc", url_of(REGION)), "isNew": true});
    assert_eq!(answer.json(), expected);
}

/// An active document stays in its region.
pub async fn an_active_document_stays_in_its_region(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    caller.pin("my-doc", OTHER_REGION).await;
    let answer = plane.ask(&caller.get("/discovery?documentName=my-doc")).await;
    let url = format!("{}/my-doc", url_of(OTHER_REGION));
    assert_eq!(answer.json(), json!({"region": OTHER_REGION, "url": url, "isNew": false}));
}

/// A document of the same name in another app is another document.
pub async fn a_document_of_the_same_name_in_another_app_is_another_document(plane: &impl Target) {
    let (one, other) = (Caller::fresh(plane).await, Caller::fresh(plane).await);
    one.pin("my-doc", OTHER_REGION).await;
    let answer = plane.ask(&other.get("/discovery?documentName=my-doc")).await;
    assert_eq!(answer.json()["isNew"], true, "{}", answer.body);
}

/// A region without a live node has no URL.
pub async fn a_region_without_live_node_has_no_url(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    caller.pin("my-doc", DEAD_REGION).await;
    let answer = plane.ask(&caller.get("/discovery?documentName=my-doc")).await;
    assert_eq!(answer.json(), json!({"region": DEAD_REGION, "url": null, "isNew": false}));
}

/// Each app is looked up in its home; without a healthy node there, clients are told to come back.
pub async fn without_a_healthy_node_in_its_home_a_client_is_told_to_come_back(plane: &impl Target) {
    let caller = Caller::at_home(plane, Some(EMPTY_HOME)).await;
    let answer = plane.ask(&caller.get("/discovery?documentName=my-doc")).await;
    assert_eq!(refusal(&answer), (503, "service_unavailable".to_owned()));
    assert!(answer.header("retry-after").is_some());
}

/// A name is decoded once from the query, and encoded for the path.
pub async fn a_name_is_decoded_once_and_encoded_for_the_path(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let names = [
        ("a%20b", "a%20b"),
        ("a+b", "a%20b"),
        ("a%2Bb", "a%2Bb"),
        ("folder%2Fdoc", "folder%2Fdoc"),
        ("%C3%BC", "%C3%BC"),
        ("100%2525", "100%2525"),
        ("a%26b%3Dc", "a%26b%3Dc"),
    ];
    for (given, path) in names {
        let answer = plane.ask(&caller.get(&format!("/discovery?x=1&documentName={given}&y"))).await;
        let url = answer.json()["url"].clone();
        let url = url.as_str().unwrap_or_else(|| panic!("{given}: {}", answer.body));
        // A character may be spelt in a path as it is or escaped: both mean the same.
        let spelt = [path.to_owned(), path.replace("%2B", "+").replace("%26", "&").replace("%3D", "=")];
        let found = url.strip_prefix(&format!("{}/", url_of(REGION)));
        assert!(found.is_some_and(|found| spelt.iter().any(|path| path == found)), "{given}: {url}");
    }
}

/// A name that is missing or none is refused, and said to be so.
pub async fn a_name_that_is_missing_or_none_is_refused(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let long = format!("documentName={}", "x".repeat(513));
    let cases = [
        ("", "missing_parameter"),
        ("documentname=d", "missing_parameter"),
        ("documentName=", "invalid_parameter"),
        ("documentName=%FF", "invalid_parameter"),
        ("documentName=%00", "invalid_parameter"),
        (&long, "invalid_parameter"),
    ];
    for (query, code) in cases {
        let answer = plane.ask(&caller.get(&format!("/discovery?{query}"))).await;
        assert_eq!(refusal(&answer), (400, code.to_owned()), "{query}");
    }
}
