use super::error::SetupError;
use domain::clock::Clock;
use domain::ids::HomeRegion;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use stores::jwt::{Jwks, JwksFile, JwksUrl, Verifier};

/// Where the key set is that tokens are verified by, as `--jwks` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysAt {
    /// In a file.
    File(PathBuf),
    /// Behind a URL, `https://` or `http://`.
    Url(String),
}

impl FromStr for KeysAt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            None if text.is_empty() => Err("expected a file, or https://HOST/PATH"),
            None => Ok(Self::File(text.into())),
            Some(("https" | "http", _)) => Ok(Self::Url(text.to_owned())),
            Some(_) => Err("expected https://HOST/PATH, or a file"),
        }
    }
}

/// The tokens port. A file that is no key set ends the start: it is the operator's to mend. A URL that can't be
/// had only delays: whoever answers there may start after this node, and tokens are refused until it has.
pub(super) async fn verifier(
    keys: &KeysAt,
    clock: Arc<dyn Clock>,
    homes: Vec<HomeRegion>,
) -> Result<Verifier, SetupError> {
    let source: Box<dyn Jwks> = match keys {
        KeysAt::File(path) => Box::new(JwksFile::new(path)),
        KeysAt::Url(url) => Box::new(JwksUrl::new(url).map_err(|error| SetupError::value("--jwks", error))?),
    };
    let verifier = Verifier::new(source, clock, homes);
    match (verifier.load().await, keys) {
        (Ok(keys), _) => tracing::info!(keys, "loaded the key set"),
        (Err(error), KeysAt::File(_)) => return Err(error.into()),
        (Err(error), KeysAt::Url(_)) => {
            tracing::warn!(%error, "tokens are refused until the key set can be fetched");
        }
    }
    Ok(verifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_a_file_or_behind_a_url() {
        assert_eq!("/etc/keys.json".parse(), Ok(KeysAt::File("/etc/keys.json".into())));
        assert_eq!("https://a/b".parse(), Ok(KeysAt::Url("https://a/b".to_owned())));
        assert_eq!("http://a/b".parse(), Ok(KeysAt::Url("http://a/b".to_owned())));
        assert!("".parse::<KeysAt>().is_err());
        assert!("s3://a/b".parse::<KeysAt>().is_err());
    }
}
