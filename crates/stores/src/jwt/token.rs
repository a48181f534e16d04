use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::token::InvalidToken;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A token that is taken apart, and not yet believed.
#[derive(Debug)]
pub(super) struct UnverifiedToken<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    /// What the signature is over: header and payload as they came.
    pub(super) message: &'a str,
    /// As it came, in base64url.
    pub(super) signature: &'a str,
    pub(super) payload: Map<String, Value>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl<'a> UnverifiedToken<'a> {
    /// Takes apart a token in compact serialization (RFC 7515 section 3.1).
    ///
    /// # Errors
    /// [`InvalidToken::Malformed`] where it has not three parts, a part can't be read, its algorithm is none
    /// of the four that are taken, or its header names extensions that must be understood.
    pub(super) fn parse(jwt: &'a str) -> Result<Self, InvalidToken> {
        let (message, signature) = jwt.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(InvalidToken::Malformed)?;
        let header: Header = read_part(header)?;
        if header.crit.is_some() {
            return Err(InvalidToken::Malformed);
        }
        Ok(Self {
            algorithm: algorithm(&header.alg)?,
            kid: header.kid,
            message,
            signature,
            payload: read_part(payload)?,
        })
    }
}

fn read_part<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, InvalidToken> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidToken::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| InvalidToken::Malformed)
}

fn algorithm(name: &str) -> Result<Algorithm, InvalidToken> {
    match name {
        "RS256" => Ok(Algorithm::RS256),
        "ES256" => Ok(Algorithm::ES256),
        "EdDSA" => Ok(Algorithm::EdDSA),
        "HS256" => Ok(Algorithm::HS256),
        _ => Err(InvalidToken::Malformed),
    }
}
