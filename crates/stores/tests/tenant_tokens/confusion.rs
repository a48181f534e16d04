use crate::{Counted, House, id};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{KeyId, TenantId};
use domain::ports::Registry;
use domain::registry::TenantKey;
use domain::token::InvalidToken;
use serde_json::{Value, json};
use std::sync::Arc;
use stores::jwt::{JwksError, KeySources, StaticKeys, TenantJwks, Verifier};

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", b64(tag))
}

/// The header of a token, replaced: its signature is over another one then.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", b64(header.to_string()))
}

/// A public RSA key as a JWK, and as the texts that anybody may take it for a secret in.
fn rsa() -> (Value, Vec<Vec<u8>>) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let jwk = json!({"kty": "RSA", "kid": "rsa", "n": b64(&public.n), "e": b64(&public.e)});
    let der = pair.public_key().as_ref().to_vec();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", b64(&der));
    let texts = vec![public.n.clone(), der, pem.into_bytes(), jwk.to_string().into_bytes()];
    (jwk, texts)
}

async fn publish(house: &House, jwk: &Value) {
    let key = TenantKey {
        tenant: id("a"),
        id: KeyId::parse(jwk["kid"].as_str().unwrap()).unwrap(),
        public: jwk.clone(),
        sealed: Vec::new(),
        signs_from_unix_s: house.now_s(),
    };
    house.registry.add_key(&key).await.unwrap();
}

#[tokio::test]
async fn a_tenants_public_key_is_never_a_secret() {
    let house = House::new().await;
    let (jwk, mut secrets) = rsa();
    publish(&house, &jwk).await;
    let ed25519 = house.registry.keys(&id("a")).await.unwrap().remove(0).public;
    secrets.extend([
        URL_SAFE_NO_PAD.decode(ed25519["x"].as_str().unwrap_or_default()).unwrap(),
        ed25519["x"].to_string().into_bytes(),
        Vec::new(),
    ]);
    for secret in secrets {
        for kid in [&jwk["kid"], &ed25519["kid"], &Value::Null] {
            let forged = hs256(&json!({"alg": "HS256", "kid": kid}), &house.claims("a"), &secret);
            let refused = house.verify(&forged).await;
            assert_eq!(refused, Err(InvalidToken::UnknownKey.into()), "{kid}");
        }
    }
}

#[tokio::test]
async fn an_operators_public_key_is_never_a_secret() {
    let house = House::new().await;
    let (jwk, mut secrets) = rsa();
    let mut keys = house.operator.public_jwks();
    secrets.push(URL_SAFE_NO_PAD.decode(keys["keys"][0]["x"].as_str().unwrap()).unwrap());
    keys["keys"].as_array_mut().unwrap().push(jwk);
    let operator = Some(Box::new(StaticKeys::new(keys)) as _);
    let sources = KeySources { operator, tenants: Some(house.source.clone()) };
    let house = House { verifier: Verifier::of(sources, house.clock.clone(), Vec::new()), ..house };
    for secret in secrets {
        for kid in ["rsa", house.operator.kid()] {
            let forged = hs256(&json!({"alg": "HS256", "kid": kid}), &house.claims("a"), &secret);
            assert_eq!(house.verify(&forged).await, Err(InvalidToken::UnknownKey.into()), "{kid}");
        }
    }
    assert!(house.verify(&house.operator.sign(&house.claims("a"))).await.is_ok());
}

/// A set in which a tenant publishes a secret.
struct Published(Value);

#[async_trait::async_trait]
impl TenantJwks for Published {
    async fn fetch(&self, _: &TenantId) -> Result<Option<Value>, JwksError> {
        Ok(Some(self.0.clone()))
    }

    fn place(&self) -> String {
        "the test".to_owned()
    }
}

#[tokio::test]
async fn a_secret_that_is_published_verifies_nothing() {
    let house = House::new().await;
    let secret = [7; 32];
    let keys = json!({"keys": [{"kty": "oct", "kid": "s", "k": b64(secret)}]});
    let sources = KeySources { operator: None, tenants: Some(Arc::new(Published(keys))) };
    let house = House { verifier: Verifier::of(sources, house.clock.clone(), Vec::new()), ..house };
    let token = hs256(&json!({"alg": "HS256", "kid": "s"}), &house.claims("a"), &secret);
    assert_eq!(house.verify(&token).await, Err(InvalidToken::UnknownKey.into()));
}

#[tokio::test]
async fn another_algorithm_or_none_is_refused_whatever_the_key() {
    let house = House::new().await;
    let token = house.token("a").await;
    let kid = house.registry.keys(&id("a")).await.unwrap()[0].id.to_string();
    for alg in ["none", "None", "", "HS512", "ES384", "PS256", "eddsa"] {
        let changed = with_header(&token, &json!({"alg": alg, "kid": kid}));
        assert_eq!(house.verify(&changed).await, Err(InvalidToken::Malformed.into()), "{alg}");
        let (unsigned, _) = changed.rsplit_once('.').unwrap();
        assert_eq!(house.verify(&format!("{unsigned}.")).await, Err(InvalidToken::Malformed.into()));
    }
    for alg in ["RS256", "ES256"] {
        let changed = with_header(&token, &json!({"alg": alg, "kid": kid}));
        assert_eq!(house.verify(&changed).await, Err(InvalidToken::UnknownKey.into()), "{alg}");
    }
    let key_within = with_header(&token, &json!({"alg": "EdDSA", "jwk": house.operator.public_jwks()}));
    assert_eq!(house.verify(&key_within).await, Err(InvalidToken::Signature.into()), "a key of its own");
}

#[tokio::test]
async fn a_kid_is_a_name_and_leads_nowhere() {
    let house = House::new().await;
    let b_kid = house.registry.keys(&id("b")).await.unwrap()[0].id.to_string();
    let long = "k".repeat(10 * 1024);
    let kids = [
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "http://127.0.0.1/keys",
        "' OR '1'='1",
        "\" --",
        "a#b\u{0}\n",
        "{tenantId}",
        "",
        &long,
        &b_kid,
        house.operator.kid(),
    ];
    let forged_by_b = house.sign("b", &house.claims("a")).await;
    let empty_secret = |kid: &str| hs256(&json!({"alg": "HS256", "kid": kid}), &house.claims("a"), b"");
    for kid in kids {
        let renamed = with_header(&forged_by_b, &json!({"alg": "EdDSA", "typ": "JWT", "kid": kid}));
        for token in [renamed, empty_secret(kid)] {
            let refused = house.verify(&token).await.unwrap_err();
            let expected = [InvalidToken::UnknownKey.into(), InvalidToken::Signature.into()];
            assert!(expected.contains(&refused), "{kid:.40}: {refused}");
        }
    }
    for kid in [json!(7), json!(["k"]), json!({"k": 1})] {
        let renamed = with_header(&forged_by_b, &json!({"alg": "EdDSA", "kid": kid}));
        assert_eq!(house.verify(&renamed).await, Err(InvalidToken::Malformed.into()), "{kid}");
    }
    assert_eq!(Counted::fetches(&house.source), 1, "one tenant was named, and one set fetched");
}
