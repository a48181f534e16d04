use super::environment::{Reader, Settings};
use super::mistakes::{Mistake, Mistakes};
use super::variables::JWKS;
use domain::clock::Clock;
use domain::ids::HomeRegion;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use stores::jwt::{Jwks, JwksFile, JwksUrl, Verifier};

/// Where the keys are that tokens are verified by.
pub(super) enum KeysAt {
    File(PathBuf),
    Url(String),
}

impl Settings for KeysAt {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.required(JWKS, |text| {
            let is_url = text.contains("://");
            Ok::<_, Infallible>(if is_url { Self::Url(text.to_owned()) } else { Self::File(text.into()) })
        })
    }
}

impl KeysAt {
    /// The keys are first fetched when a token comes.
    pub(super) fn verifier(
        self,
        homes: Vec<HomeRegion>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Verifier, Mistakes> {
        let source: Box<dyn Jwks> = match self {
            Self::File(path) => Box::new(JwksFile::new(path)),
            Self::Url(url) => {
                Box::new(JwksUrl::new(&url).map_err(|wrong| Mistake::value(JWKS, &url, wrong))?)
            }
        };
        Ok(Verifier::new(source, Arc::clone(clock), homes))
    }
}
