//! `POST /connect/token`: what is issued, and to whom.

use crate::house::{Ask, House, NOW_UNIX_MS};
use crate::issuing::{
    Books, CLIENT, OTHER, PLAIN, REVOKED, SECRET, issuing_house, plan, tenant, with_refresh, with_secret,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::bounds::{ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS};
use domain::ids::{ClientId, HomeRegion};
use domain::ports::{Registry, SecretHashes, Tokens};
use domain::registry::Client;
use functions::Issuer;
use std::sync::Arc;
use std::time::Duration;
use stores::jwt::{KeySources, RegistryJwks, Start, Verifier};
use stores::secrets::Argon2Hashes;
use stores::system::TurnedClock;

fn verifier(books: &Books) -> Verifier {
    let clock = Arc::new(TurnedClock::new(NOW_UNIX_MS));
    let tenants = RegistryJwks::new(books.registry.clone(), clock.clone());
    let sources = KeySources { operator: None, tenants: Some(Arc::new(tenants)) };
    Verifier::of(sources, clock, vec![HomeRegion::parse("local").unwrap()])
}

#[tokio::test]
async fn a_token_is_genuine_and_says_what_the_plan_allows() {
    let books = Books::new().await;
    let answer = books.house().form(&with_secret(CLIENT, "")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        (Some("no-store"), Some("no-cache"))
    );
    let issued = answer.json();
    assert_eq!((issued["token_type"].as_str(), issued["expires_in"].as_u64()), (Some("Bearer"), Some(900)));
    assert_eq!(issued.as_object().unwrap().len(), 3, "no refresh token was asked for: {issued}");
    let claims =
        verifier(&books).verify(issued["access_token"].as_str().unwrap(), NOW_UNIX_MS).await.unwrap();
    assert_eq!(claims.app.to_string(), "acme::editor");
    assert_eq!(claims.limits, plan(100).limits);
    assert_eq!(claims.expires_unix_s, NOW_UNIX_MS / 1000 + ACCESS_TOKEN_SECONDS);
    assert_eq!(claims.allowed_domains[0].to_string(), "app.example.com");
}

#[tokio::test]
async fn a_secret_is_known_by_its_hash_alone() {
    let books = Books::new().await;
    let hashes = Arc::new(Argon2Hashes::new());
    let hashed = Client {
        id: ClientId::parse("client_hashed").unwrap(),
        secret: hashes.hash(SECRET).await.unwrap(),
        ..books.registry.client(&ClientId::parse(CLIENT).unwrap()).await.unwrap().unwrap()
    };
    books.registry.add_client(&hashed).await.unwrap();
    let issuer = Issuer { secrets: hashes, ..books.issuer() };
    let house = House::with(|plane| plane.issuer = Some(issuer));
    assert_eq!(house.form(&with_secret("client_hashed", "")).await.status, 200);
    assert_eq!(house.form(&with_secret("client_hashed", "x")).await.oauth().0, 401);
}

#[tokio::test]
async fn basic_credentials_are_as_good_as_those_in_the_form() {
    let house = issuing_house().await;
    let ask = |credentials: &str, form: &str| {
        Ask::form(form).header("authorization", &format!("Basic {}", STANDARD.encode(credentials)))
    };
    let right = format!("{CLIENT}:wss_its%2Bown%25secret");
    let grant = "grant_type=client_credentials";
    assert_eq!(house.ask(ask(&right, grant)).await.status, 200);
    assert_eq!(house.ask(ask(&right, &format!("{grant}&client_id={CLIENT}"))).await.status, 200);
    let wrong = format!("{CLIENT}:{SECRET}x");
    for credentials in [wrong.as_str(), "nobody:x", CLIENT, ":"] {
        let answer = house.ask(ask(credentials, grant)).await;
        assert_eq!(answer.oauth(), (401, "invalid_client".to_owned()), "{credentials}");
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"WireSocket\""));
    }
}

#[tokio::test]
async fn only_offline_access_brings_a_refresh_token() {
    let house = issuing_house().await;
    for scope in ["", "&scope=", "&scope=WireSocket.API"] {
        let answer = house.form(&with_secret(CLIENT, scope)).await;
        assert!(answer.json().get("refresh_token").is_none(), "{scope}");
    }
    for scope in ["offline_access", "WireSocket.API+offline_access", "offline_access%20WireSocket.API"] {
        let answer = house.form(&with_secret(CLIENT, &format!("&scope={scope}"))).await;
        assert!(answer.refresh_token().contains('.'), "{scope}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_brings_the_next() {
    let house = issuing_house().await;
    let mut token = house.refresh_token(CLIENT).await;
    for _ in 0..3 {
        let answer = house.form(&with_refresh(CLIENT, &token)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let next = answer.refresh_token();
        assert_ne!(next, token);
        token = next;
    }
}

#[tokio::test]
async fn a_spent_refresh_token_revokes_its_family_and_no_other() {
    let house = issuing_house().await;
    let (spent, other) = (house.refresh_token(CLIENT).await, house.refresh_token(CLIENT).await);
    let next = house.form(&with_refresh(CLIENT, &spent)).await.refresh_token();
    for token in [&spent, &next, &next] {
        let answer = house.form(&with_refresh(CLIENT, token)).await;
        assert_eq!(answer.oauth(), (400, "invalid_grant".to_owned()));
    }
    assert_eq!(house.form(&with_refresh(CLIENT, &other)).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_is_good_for_seven_days_from_its_issue() {
    let house = issuing_house().await;
    let token = house.refresh_token(CLIENT).await;
    house.clock.advance(Duration::from_secs(REFRESH_TOKEN_SECONDS - 1));
    let next = house.form(&with_refresh(CLIENT, &token)).await.refresh_token();
    house.clock.advance(Duration::from_secs(REFRESH_TOKEN_SECONDS));
    let answer = house.form(&with_refresh(CLIENT, &next)).await;
    assert_eq!(answer.oauth(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn another_clients_refresh_token_is_refused_and_stays_good() {
    let house = issuing_house().await;
    let token = house.refresh_token(CLIENT).await;
    let answer = house.form(&with_refresh(OTHER, &token)).await;
    assert_eq!(answer.oauth(), (400, "invalid_grant".to_owned()));
    assert_eq!(house.form(&with_refresh(CLIENT, &token)).await.status, 200);
}

#[tokio::test]
async fn a_secret_given_with_a_refresh_token_must_fit() {
    let house = issuing_house().await;
    let token = house.refresh_token(CLIENT).await;
    let form = with_refresh(CLIENT, &token);
    let answer = house.form(&format!("{form}&client_secret=wrong")).await;
    assert_eq!(answer.oauth(), (401, "invalid_client".to_owned()));
    let right = house.form(&format!("{form}&client_secret=wss_its%2Bown%25secret")).await;
    assert_eq!(right.status, 200, "a refused request spends nothing");
}

#[tokio::test]
async fn a_client_that_is_revoked_gets_nothing_more() {
    let books = Books::new().await;
    let house = books.house();
    let token = house.refresh_token(CLIENT).await;
    books.registry.revoke_client(&ClientId::parse(CLIENT).unwrap(), 1).await.unwrap();
    assert_eq!(house.form(&with_refresh(CLIENT, &token)).await.oauth(), (400, "invalid_grant".to_owned()));
    for client in [CLIENT, REVOKED] {
        let answer = house.form(&with_secret(client, "")).await;
        assert_eq!(answer.oauth(), (401, "invalid_client".to_owned()));
    }
}

#[tokio::test]
async fn a_client_without_the_right_to_refresh_is_not_authorized_to() {
    let house = issuing_house().await;
    let form = with_refresh(PLAIN, "family.secret");
    let answer = house.form(&format!("{form}&client_secret=wss_its%2Bown%25secret")).await;
    assert_eq!(answer.oauth(), (400, "unauthorized_client".to_owned()));
}

#[tokio::test]
async fn who_gives_no_secret_is_not_told_which_clients_there_are() {
    let house = issuing_house().await;
    let mut answers = Vec::new();
    for client in [CLIENT, PLAIN, REVOKED, "client_nobody"] {
        let answer = house.form(&with_refresh(client, "family.secret")).await;
        assert_eq!(answer.oauth(), (400, "invalid_grant".to_owned()), "{client}");
        answers.push(answer.text);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn a_scope_is_told_where_it_is_another_than_was_asked_for() {
    let house = issuing_house().await;
    let both = "WireSocket.API offline_access";
    for (asked, told) in [
        ("", None),
        ("&scope=WireSocket.API", None),
        ("&scope=offline_access+WireSocket.API", None),
        ("&scope=offline_access", Some(both)),
    ] {
        let issued = house.form(&with_secret(CLIENT, asked)).await.json();
        assert_eq!(issued["scope"].as_str(), told, "{asked}");
    }
    let token = house.refresh_token(CLIENT).await;
    let issued = house.form(&format!("{}&scope=offline_access", with_refresh(CLIENT, &token))).await;
    assert_eq!(issued.json()["scope"], both);
}

#[tokio::test]
async fn a_refreshed_token_carries_the_limits_of_that_moment() {
    let books = Books::new().await;
    let house = books.house();
    let token = house.refresh_token(CLIENT).await;
    books.registry.set_plan(&plan(7)).await.unwrap();
    let issued = house.form(&with_refresh(CLIENT, &token)).await.json();
    let claims =
        verifier(&books).verify(issued["access_token"].as_str().unwrap(), NOW_UNIX_MS).await.unwrap();
    assert_eq!(claims.limits.connections_max, 7);
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_are_the_same_answer_after_the_same_work() {
    let books = Books::new().await;
    let house = books.house();
    let mut answers = Vec::new();
    for client in ["client_nobody", CLIENT, REVOKED] {
        let before = books.hashes.compared();
        let answer = house.form(&with_secret(client, "x")).await;
        assert_eq!(books.hashes.compared(), before + 1, "{client}");
        assert_eq!(answer.oauth().0, 401);
        answers.push(answer.text);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn a_secret_that_is_longer_than_any_is_not_hashed() {
    let books = Books::new().await;
    let answer = books.house().form(&with_secret(CLIENT, &"x".repeat(200))).await;
    assert_eq!((answer.oauth().0, books.hashes.compared()), (401, 0));
}

#[tokio::test]
async fn the_key_that_signs_is_the_last_that_may() {
    let books = Books::new().await;
    let house = books.house();
    let header = |token: &str| token.split('.').next().unwrap().to_owned();
    let issue =
        async || header(house.form(&with_secret(CLIENT, "")).await.json()["access_token"].as_str().unwrap());
    let first = issue().await;
    books.keys.make(&tenant(), NOW_UNIX_MS / 1000, Start::WhenKnown).await.unwrap();
    assert_eq!(issue().await, first, "the next key is only published");
    house.clock.advance(Duration::from_secs(600));
    assert_ne!(issue().await, first);
}
