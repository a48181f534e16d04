use crate::private_file;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The key with which a deployment of its own signs tokens: Ed25519, kept in a file as a private JWK.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    /// The key's RFC 7638 thumbprint.
    kid: String,
}

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file can't be read or written.
    #[error("cannot {ask} the signing key {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        ask: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no Ed25519 key.
    #[error("{} holds no private Ed25519 JWK: {cause}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The system gave no entropy.
    #[error("cannot generate a signing key")]
    Generation,
}

impl SigningKey {
    /// A new key, in memory only.
    ///
    /// # Errors
    /// [`SigningKeyError::Generation`].
    pub fn generate() -> Result<Self, SigningKeyError> {
        Ed25519KeyPair::generate().map(Self::new).map_err(|_| SigningKeyError::Generation)
    }

    /// The key in the file at `path`; where there is none, a new one is written there, readable by its owner
    /// only. Two processes that start at once end up with the same key.
    ///
    /// # Errors
    /// [`SigningKeyError`], naming the file. A file that holds something else is never replaced.
    pub fn load_or_generate(path: &Path) -> Result<Self, SigningKeyError> {
        let file_error = |ask| move |source| SigningKeyError::File { ask, path: path.to_owned(), source };
        match Self::load(path) {
            Err(SigningKeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            loaded => return loaded,
        }
        let key = Self::generate()?;
        match private_file::create(path, format!("{:#}\n", key.private_jwk()?).as_bytes()) {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            Err(error) => Err(file_error("write")(error)),
        }
    }

    /// The key in the file at `path`.
    ///
    /// # Errors
    /// [`SigningKeyError::File`] and [`SigningKeyError::Malformed`].
    pub fn load(path: &Path) -> Result<Self, SigningKeyError> {
        let file_error = |source| SigningKeyError::File { ask: "read", path: path.to_owned(), source };
        let text = fs::read(path).map_err(file_error)?;
        let malformed = |cause| SigningKeyError::Malformed { path: path.to_owned(), cause };
        let jwk = serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
        Self::from_private_jwk(&jwk).map_err(|cause| malformed(cause.to_owned()))
    }

    /// The name by which tokens say that this key signed them.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key set that verifies what this key signs.
    #[must_use]
    pub fn public_jwks(&self) -> Value {
        json!({"keys": [self.public_jwk()]})
    }

    /// What verifies that this key has signed.
    pub(super) fn public_jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "x": public_text(&self.pair),
            "kid": self.kid, "use": "sig", "alg": "EdDSA",
        })
    }

    /// An EdDSA token that says `claims`.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": self.kid});
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn new(pair: Ed25519KeyPair) -> Self {
        let kid = thumbprint(&public_text(&pair));
        Self { pair, kid }
    }

    pub(super) fn private_jwk(&self) -> Result<Value, SigningKeyError> {
        let seed = self.pair.seed().map_err(|_| SigningKeyError::Generation)?;
        let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| SigningKeyError::Generation)?;
        Ok(json!({
            "kty": "OKP", "crv": "Ed25519", "x": public_text(&self.pair),
            "d": URL_SAFE_NO_PAD.encode(seed.as_ref()), "kid": self.kid,
        }))
    }

    pub(super) fn from_private_jwk(jwk: &Value) -> Result<Self, &'static str> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(|member| URL_SAFE_NO_PAD.decode(member).ok());
        if (text("kty"), text("crv")) != (Some("OKP"), Some("Ed25519")) {
            return Err("its `kty` is not OKP or its `crv` not Ed25519");
        }
        let seed = bytes("d").ok_or("it has no `d` in base64url")?;
        let public = bytes("x").ok_or("it has no `x` in base64url")?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public);
        pair.map(Self::new).map_err(|_| "its `d` and `x` do not belong together")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn public_text(pair: &Ed25519KeyPair) -> String {
    URL_SAFE_NO_PAD.encode(pair.public_key())
}

/// RFC 7638 section 3, with the members that RFC 8037 section 2 requires.
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_the_same_when_it_is_loaded_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing-key.json");
        let first = SigningKey::load_or_generate(&path).unwrap();
        let again = SigningKey::load_or_generate(&path).unwrap();
        assert_eq!(first.sign(&json!({"a": 1})), again.sign(&json!({"a": 1})));
        assert_eq!(first.public_jwks(), again.public_jwks());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no unfinished file is left");
    }

    #[test]
    fn errors_name_the_file_and_leave_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        for text in ["", "{}", r#"{"kty":"OKP","crv":"Ed25519","d":"AA","x":"AA"}"#] {
            fs::write(&path, text).unwrap();
            let error = SigningKey::load_or_generate(&path).unwrap_err().to_string();
            assert!(error.contains("key.json"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let nowhere = SigningKey::load_or_generate(&folder.path().join("no/key.json")).unwrap_err();
        assert!(nowhere.to_string().starts_with("cannot write the signing key "), "{nowhere}");
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        // The key and the result of RFC 8037, appendix A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_key_does_not_print_its_secret() {
        let key = SigningKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
    }
}
