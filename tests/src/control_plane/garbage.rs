//! What nobody in earnest sends.

use super::ask::refusal;
use super::caller::Caller;
use super::target::Target;
use super::tokens::error;
use domain::bounds::TOKEN_REQUEST_BYTES_MAX;

/// Tokens of every wrong shape are no tokens.
pub async fn tokens_of_every_wrong_shape_are_refused(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let long = "x".repeat(6_000);
    let shapes = [".", "..", "a.b", "a.b.c.d", "e30.e30.", "%00", "%FF.%FF.%FF", "null", &long];
    for shape in shapes {
        let answer = plane.ask(&caller.ask("GET", &format!("/usage?token={shape}"))).await;
        assert_eq!(refusal(&answer), (401, "authentication_failed".to_owned()), "{shape:.20}");
    }
}

/// Queries that are none are read as far as they go.
pub async fn queries_that_are_none_are_read_as_far_as_they_go(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    for query in ["&&&", "=", "documentName", "%=%&documentName=a", "documentName=a&documentName=b", "a=b=c"]
    {
        let answer = plane.ask(&caller.get(&format!("/discovery?{query}"))).await;
        assert!([200, 400].contains(&answer.status), "{query}: {} {}", answer.status, answer.body);
    }
}

/// Bodies that are no form are refused, and one that is too long is not read.
pub async fn bodies_that_are_no_form_are_refused(plane: &impl Target) {
    const FORM: &str = "application/x-www-form-urlencoded";
    let caller = Caller::fresh(plane).await;
    let post = || caller.ask("POST", "/connect/token");
    let long = format!("grant_type={}", "x".repeat(TOKEN_REQUEST_BYTES_MAX));
    let asks = [
        ("bytes", post().body(FORM, [0xFF, 0xFE, 0x00, 0x26])),
        ("half an escape", post().body(FORM, "grant_type=%F")),
        ("no UTF-8", post().body(FORM, "grant_type=%FF%FE&client_id=%C3")),
        ("nothing but separators", post().body(FORM, "&&&===&&")),
        ("too much", post().body(FORM, long)),
        ("another type", post().body("multipart/form-data; boundary=x", "--x--")),
        ("no form", post().body("text/plain", "grant_type=client_credentials")),
    ];
    for (what, ask) in asks {
        let (status, code) = error(&plane.ask(&ask).await);
        assert!(
            [(400, "invalid_request"), (400, "unsupported_grant_type")].contains(&(status, &*code)),
            "{what}"
        );
    }
}

/// A body where none belongs changes nothing.
pub async fn a_body_where_none_belongs_changes_nothing(plane: &impl Target) {
    let caller = Caller::fresh(plane).await;
    let ask = caller.get("/usage").body("application/json", [0xFF, 0x00, 0x7B]);
    assert_eq!(plane.ask(&ask).await.status, 200);
}
