use crate::house::{Ask, House, TOKEN};

#[tokio::test]
async fn a_token_may_come_in_the_header_or_in_either_parameter() {
    let house = House::new();
    let bearer = format!("bearer {TOKEN}");
    let asks = [
        Ask::get("/usage").header("authorization", &bearer),
        Ask::get("/usage?token=expired").header("authorization", &bearer),
        Ask::get(&format!("/usage?access_token=expired&token={TOKEN}")),
        Ask::get(&format!("/usage?access_token={TOKEN}")),
    ];
    for ask in asks {
        assert_eq!(house.ask(ask).await.status, 200);
    }
}

#[tokio::test]
async fn who_brings_no_genuine_token_is_not_authenticated() {
    let house = House::new();
    let cases = [
        (Ask::get("/usage"), "missing token"),
        (Ask::get("/usage?token="), "missing token"),
        (Ask::get("/usage").header("authorization", "Basic eDp5"), "missing token"),
        (Ask::get("/usage?token=forged"), "invalid token: signature"),
        (Ask::get("/usage?token=expired"), "invalid token: expired"),
        (Ask::get("/discovery?token=expired&documentName=d"), "invalid token: expired"),
    ];
    for (ask, message) in cases {
        let answer = house.ask(ask).await;
        assert_eq!(answer.refusal(), (401, "authentication_failed".to_owned()));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.message(), message);
    }
}

#[tokio::test]
async fn a_genuine_token_without_the_scope_is_forbidden() {
    let answer = House::new().ask(Ask::get("/usage?token=out-of-scope")).await;
    assert_eq!(answer.refusal(), (403, "insufficient_scope".to_owned()));
    assert_eq!(answer.message(), "forbidden: scope");
    assert_eq!(answer.header("www-authenticate"), None);
}

#[tokio::test]
async fn a_home_region_that_is_not_had_is_forbidden() {
    let house = House::new();
    for path in ["/usage?token=at-home-nowhere", "/discovery?documentName=d&token=at-home-nowhere"] {
        let answer = house.ask(Ask::get(path)).await;
        assert_eq!(answer.refusal(), (403, "insufficient_scope".to_owned()));
        assert_eq!(answer.message(), "forbidden: home region");
    }
}

#[tokio::test]
async fn a_browser_on_another_domain_may_not_use_the_token() {
    let house = House::new();
    let from = |origin: &str| Ask::get("/usage?token=for-one-domain").header("origin", origin);
    for origin in ["https://evil.example.com", "null", "\u{fc}"] {
        let answer = house.ask(from(origin)).await;
        assert_eq!(answer.refusal(), (403, "insufficient_scope".to_owned()), "{origin}");
        assert_eq!(answer.message(), "forbidden: origin");
    }
    assert_eq!(house.ask(from("https://App.Example.com")).await.status, 200);
    assert_eq!(house.ask(Ask::get("/usage?token=for-one-domain")).await.status, 200);
}

#[tokio::test]
async fn the_token_is_checked_before_the_parameters() {
    let answer = House::new().ask(Ask::get("/discovery?token=expired")).await;
    assert_eq!(answer.refusal().0, 401);
}
