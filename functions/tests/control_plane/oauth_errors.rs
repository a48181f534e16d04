//! The table of errors of RFC 6749 section 5.2, and what is no error of OAuth's.

use crate::broken::Broken;
use crate::house::{Ask, House};
use crate::issuing::{Books, CLIENT, PLAIN, REVOKED, issuing_house, with_refresh, with_secret};
use axum::http::Method;
use domain::bounds::TOKEN_REQUEST_BYTES_MAX;
use std::sync::Arc;

#[tokio::test]
async fn each_mistake_has_its_code() {
    let house = issuing_house().await;
    let cases = [
        ("", 400, "invalid_request"),
        ("grant_type=", 400, "invalid_request"),
        ("grant_type=password&username=u&password=p", 400, "unsupported_grant_type"),
        ("grant_type=authorization_code", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials", 401, "invalid_client"),
        (&format!("grant_type=client_credentials&client_id={CLIENT}"), 401, "invalid_client"),
        (
            &format!("grant_type=client_credentials&client_id={CLIENT}&client_secret=wrong"),
            401,
            "invalid_client",
        ),
        ("grant_type=client_credentials&client_id=no%20id&client_secret=s", 401, "invalid_client"),
        (&with_secret("client_nobody", ""), 401, "invalid_client"),
        (&with_secret(CLIENT, "&scope=openid"), 400, "invalid_scope"),
        (&with_secret(CLIENT, "&scope=%C3%BC%22"), 400, "invalid_scope"),
        (&with_secret(PLAIN, "&scope=offline_access"), 400, "invalid_scope"),
        ("grant_type=refresh_token", 400, "invalid_request"),
        ("grant_type=refresh_token&refresh_token=f.s", 400, "invalid_request"),
        (&with_refresh("client_nobody", "f.s"), 400, "invalid_grant"),
        (&with_refresh("no%20id", "f.s"), 400, "invalid_grant"),
        (&with_refresh(REVOKED, "f.s"), 400, "invalid_grant"),
        (&with_refresh(CLIENT, "f.s"), 400, "invalid_grant"),
        (&with_refresh(CLIENT, "no-token"), 400, "invalid_grant"),
        (&with_refresh(PLAIN, "f.s"), 400, "invalid_grant"),
        (&with_secret(CLIENT, "&scope=a&scope=a"), 400, "invalid_request"),
        (&with_secret(CLIENT, "&other=1&other=2"), 400, "invalid_request"),
        (&with_secret(CLIENT, "&other=%zz"), 400, "invalid_request"),
        (&with_secret(CLIENT, "&other=%ff"), 400, "invalid_request"),
    ];
    for (form, status, code) in cases {
        let answer = house.form(form).await;
        assert_eq!(answer.oauth(), (status, code.to_owned()), "{form}");
        assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"), "{form}");
        house.clock.advance(std::time::Duration::from_secs(60));
    }
}

#[tokio::test]
async fn a_client_says_once_who_it_is() {
    let house = issuing_house().await;
    let basic = "Basic eDp5";
    let ask = |form: &str| Ask::form(form).header("authorization", basic);
    let refused = [
        ask(&with_secret(CLIENT, "")),
        ask(&format!("grant_type=client_credentials&client_id={CLIENT}")),
        ask("grant_type=client_credentials").header("authorization", basic),
    ];
    for ask in refused {
        assert_eq!(house.ask(ask).await.oauth(), (400, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn another_scheme_than_basic_is_no_client() {
    let house = issuing_house().await;
    for header in ["Bearer abc", "Basic", "Basic %%%", "Basic /w==", "\u{fc}"] {
        let answer =
            house.ask(Ask::form("grant_type=client_credentials").header("authorization", header)).await;
        assert_eq!(answer.oauth(), (401, "invalid_client".to_owned()), "{header}");
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"WireSocket\""));
    }
}

#[tokio::test]
async fn only_a_form_is_read() {
    let house = issuing_house().await;
    let post = || Ask::new(Method::POST, "/connect/token").body(with_secret(CLIENT, "").into_bytes());
    assert_eq!(house.ask(post()).await.oauth(), (400, "invalid_request".to_owned()));
    for wrong in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencodedx",
    ] {
        let answer = house.ask(post().header("content-type", wrong)).await;
        assert_eq!(answer.oauth(), (400, "invalid_request".to_owned()), "{wrong}");
    }
    for right in ["Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded ; charset=utf-8"] {
        assert_eq!(house.ask(post().header("content-type", right)).await.status, 200, "{right}");
    }
}

#[tokio::test]
async fn a_body_is_read_to_its_bound_and_not_past_it() {
    let house = issuing_house().await;
    let form = with_secret(CLIENT, "&x=");
    let of_length = |bytes: usize| format!("{form}{}", "a".repeat(bytes - form.len()));
    assert_eq!(house.form(&of_length(TOKEN_REQUEST_BYTES_MAX)).await.status, 200);
    let answer = house.form(&of_length(TOKEN_REQUEST_BYTES_MAX + 1)).await;
    assert_eq!(answer.oauth(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_form() {
    let house = issuing_house().await;
    for body in [b"grant_type=\xff".to_vec(), vec![0xc3], vec![0; 100], (0..=255).collect()] {
        let ask = Ask::form("").body(body);
        assert_eq!(house.ask(ask).await.oauth(), (400, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn other_methods_are_told_that_it_is_post() {
    let house = issuing_house().await;
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let answer = house.ask(Ask::new(method.clone(), "/connect/token")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, Some("POST, OPTIONS")),
            "{method}"
        );
    }
    let preflight =
        Ask::new(Method::OPTIONS, "/connect/token").header("access-control-request-method", "POST");
    let answer = house.ask(preflight).await;
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST, OPTIONS"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("Authorization, Content-Type"));
}

#[tokio::test]
async fn thirty_requests_a_minute_pass_and_the_next_twenty_do_not() {
    let house = issuing_house().await;
    let mut statuses = Vec::new();
    for _ in 0..50 {
        statuses.push(house.form(&with_secret(CLIENT, "x")).await.status.as_u16());
    }
    assert_eq!(statuses[..30], [401; 30]);
    assert_eq!(statuses[30..], [429; 20]);
    let answer = house.form(&with_secret(CLIENT, "")).await;
    assert_eq!(answer.refusal(), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(answer.header("retry-after"), Some("60"));
    house.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(house.form(&with_secret(CLIENT, "")).await.status, 200);
}

#[tokio::test]
async fn a_store_that_is_away_is_not_the_clients_fault() {
    let books = Books::new().await;
    let token = books.house().refresh_token(CLIENT).await;
    let forms = [with_secret(CLIENT, "&scope=offline_access"), with_refresh(CLIENT, &token)];
    let breaks: [fn(&mut functions::Issuer); 3] = [
        |issuer| issuer.registry = Arc::new(Broken::Dead),
        |issuer| issuer.families = Arc::new(Broken::Dead),
        |issuer| issuer.signer = Arc::new(Broken::Dead),
    ];
    for break_store in breaks {
        let mut issuer = books.issuer();
        break_store(&mut issuer);
        let house = House::with(|plane| plane.issuer = Some(issuer));
        for form in &forms {
            let answer = house.form(form).await;
            assert_eq!(answer.refusal(), (503, "service_unavailable".to_owned()));
            assert!(answer.header("retry-after").is_some());
        }
    }
    let house = books.house();
    assert_eq!(house.form(&forms[1]).await.status, 200, "what could not be done spent nothing");
}

#[tokio::test]
async fn without_an_issuer_there_is_no_token_endpoint() {
    let house = House::new();
    assert_eq!(house.form(&with_secret(CLIENT, "")).await.refusal().0, 404);
    assert_eq!(house.ask(Ask::get("/acme/.well-known/jwks")).await.refusal().0, 404);
}
