use super::token::UnverifiedToken;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::token::InvalidToken;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Keys of one set. A token without `kid` may have to be tried against each.
const KEYS_MAX: usize = 256;
/// Bits of an RSA modulus that may verify (RFC 7518 section 3.3; the upper bound keeps a check short).
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Bytes that an HS256 secret must have (RFC 7518 section 3.2).
const SECRET_BYTES_MIN: usize = 32;
/// Bytes of an Ed25519 public key and of a P-256 coordinate.
const POINT_BYTES: usize = 32;

/// The keys that may verify tokens, each for the one algorithm of its kind.
#[derive(Default)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

struct Key {
    algorithm: Algorithm,
    kid: Option<String>,
    decoding: DecodingKey,
}

/// One key as it stands in a set (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
}

impl KeySet {
    /// Reads the keys of a JWKS document. Keys of other kinds and for other purposes are left out (RFC 7517
    /// section 5).
    ///
    /// # Errors
    /// What is wrong with the document as a whole.
    pub(super) fn parse(document: &Value) -> Result<Self, String> {
        let keys = document.get("keys").and_then(Value::as_array).ok_or("it has no array `keys`")?;
        if keys.len() > KEYS_MAX {
            return Err(format!("{} keys are more than {KEYS_MAX}", keys.len()));
        }
        let usable = keys.iter().filter_map(|jwk| match Key::parse(jwk) {
            Ok(key) => Some(key),
            Err(reason) => {
                let kid = jwk.get("kid").and_then(Value::as_str);
                tracing::warn!(kid, reason, "a key is not used");
                None
            }
        });
        Ok(Self { keys: usable.collect() })
    }

    /// The same without symmetric keys, which verify what everybody who can read the set may have signed.
    pub(super) fn without_secrets(mut self) -> Self {
        self.keys.retain(|key| key.algorithm != Algorithm::HS256);
        self
    }

    /// Whether the key that a token names is one of these.
    pub(super) fn has_named_by(&self, token: &UnverifiedToken<'_>) -> bool {
        token.kid.is_some() && self.keys.iter().any(|key| key.kid == token.kid)
    }

    /// How many keys may verify.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether one of the keys signed the token: first the key that it names, then every other of its algorithm.
    ///
    /// # Errors
    /// [`InvalidToken::UnknownKey`] where no key could have, [`InvalidToken::Signature`] where none did.
    pub(super) fn check(&self, token: &UnverifiedToken<'_>) -> Result<(), InvalidToken> {
        let is_named = |key: &&Key| token.kid.is_some() && key.kid == token.kid;
        let of_algorithm = || self.keys.iter().filter(|key| key.algorithm == token.algorithm);
        let named_first = of_algorithm().filter(is_named).chain(of_algorithm().filter(|key| !is_named(key)));
        if named_first.into_iter().any(|key| key.signed(token)) {
            return Ok(());
        }
        let names_unknown = token.kid.is_some() && !self.has_named_by(token);
        if names_unknown || of_algorithm().next().is_none() {
            Err(InvalidToken::UnknownKey)
        } else {
            Err(InvalidToken::Signature)
        }
    }
}

impl Key {
    fn parse(jwk: &Value) -> Result<Self, &'static str> {
        let jwk = Jwk::deserialize(jwk).map_err(|_| "it has no `kty`, or a member of a wrong type")?;
        if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return Err("its `use` is not `sig`");
        }
        if jwk.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify")) {
            return Err("its `key_ops` are without `verify`");
        }
        let (algorithm, name, decoding) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => (Algorithm::RS256, "RS256", rsa(&jwk)?),
            ("EC", Some("P-256")) => (Algorithm::ES256, "ES256", p256(&jwk)?),
            ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, "EdDSA", ed25519(&jwk)?),
            ("oct", _) => (Algorithm::HS256, "HS256", secret(&jwk)?),
            _ => return Err("it is of a kind that is not taken"),
        };
        if jwk.alg.as_deref().is_some_and(|alg| alg != name) {
            return Err("its `alg` is not taken");
        }
        Ok(Self { algorithm, kid: jwk.kid, decoding })
    }

    fn signed(&self, token: &UnverifiedToken<'_>) -> bool {
        let message = token.message.as_bytes();
        jsonwebtoken::crypto::verify(token.signature, message, &self.decoding, self.algorithm)
            .unwrap_or(false)
    }
}

fn rsa(jwk: &Jwk) -> Result<DecodingKey, &'static str> {
    let (n, e) = (bytes(jwk.n.as_ref())?, bytes(jwk.e.as_ref())?);
    let leading_zeros = n.iter().take_while(|byte| **byte == 0).count();
    if !RSA_BITS.contains(&((n.len() - leading_zeros) * 8)) {
        return Err("its modulus is shorter than 2048 bits or longer than 8192");
    }
    Ok(DecodingKey::from_rsa_raw_components(&n[leading_zeros..], &e))
}

fn p256(jwk: &Jwk) -> Result<DecodingKey, &'static str> {
    let (x, y) = (bytes(jwk.x.as_ref())?, bytes(jwk.y.as_ref())?);
    if x.len() != POINT_BYTES || y.len() != POINT_BYTES {
        return Err("its coordinates are not of 32 bytes each");
    }
    // SEC 1 section 2.3.3: an uncompressed point.
    Ok(DecodingKey::from_ec_der(&[&[4], x.as_slice(), &y].concat()))
}

fn ed25519(jwk: &Jwk) -> Result<DecodingKey, &'static str> {
    let x = bytes(jwk.x.as_ref())?;
    if x.len() != POINT_BYTES {
        return Err("its public key is not of 32 bytes");
    }
    Ok(DecodingKey::from_ed_der(&x))
}

fn secret(jwk: &Jwk) -> Result<DecodingKey, &'static str> {
    let secret = bytes(jwk.k.as_ref())?;
    if secret.len() < SECRET_BYTES_MIN {
        return Err("its secret is shorter than 32 bytes");
    }
    Ok(DecodingKey::from_secret(&secret))
}

fn bytes(member: Option<&String>) -> Result<Vec<u8>, &'static str> {
    let text = member.ok_or("a member of its kind is missing")?;
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| "a member is not base64url")
}
