//! What one node says of itself and its client when it asks something of another, under the cluster secret's seal.

use super::caps::PASS_BYTES_MAX;
use super::refusal::RelayRefusal;
use super::secret::ClusterSecret;
use domain::ids::{AppId, AppKey, DocumentKey, DocumentName, HomeRegion, NodeId, NodeName, TenantId};
use domain::limits::PlanLimits;
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use stores::seal::BrokenSeal;

/// Asks the owner of a document for a session of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pass {
    /// The owner, in the life that holds the pin.
    pub(crate) to: NodeId,
    /// The home region in whose table it has that life.
    pub(crate) home: HomeRegion,
    /// The document.
    pub(crate) document: DocumentKey,
    /// What the client's token allows.
    pub(crate) limits: PlanLimits,
    /// Who asks.
    pub(crate) from: NodeName,
}

/// Asks a node to give up one document of an app that is in grace, because the app has no place left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GiveUp {
    /// The node, in the life that holds such documents.
    pub(crate) to: NodeId,
    /// The app's home region.
    pub(crate) home: HomeRegion,
    /// The app.
    pub(crate) app: AppKey,
    /// Who asks.
    pub(crate) from: NodeName,
}

/// What is passed to another node under a seal.
pub(crate) trait Sealed: Sized {
    /// What its seal is good for: one kind can't be shown for another.
    const PURPOSE: &str;

    /// What is sealed.
    fn to_json(&self) -> Value;

    /// Reads what was sealed; `None` where it is something else.
    fn from_json(json: &Value) -> Option<Self>;

    /// The header value that says this, sealed. `None` where it would be longer than any node reads, which the
    /// bounds of its ids exclude.
    fn seal(&self, secret: &ClusterSecret) -> Option<HeaderValue> {
        let text = secret.key().seal(Self::PURPOSE, self.to_json().to_string().as_bytes());
        HeaderValue::from_str(&text).ok().filter(|value| value.len() <= PASS_BYTES_MAX)
    }

    /// What a header value says that was sealed with the same secret.
    ///
    /// # Errors
    /// [`RelayRefusal::Malformed`], [`RelayRefusal::BadSeal`].
    fn open(header: &HeaderValue, secret: &ClusterSecret) -> Result<Self, RelayRefusal> {
        let text = header.to_str().ok().filter(|text| text.len() <= PASS_BYTES_MAX);
        let content =
            secret.key().open(Self::PURPOSE, text.ok_or(RelayRefusal::Malformed)?).map_err(|broken| {
                match broken {
                    BrokenSeal::Malformed => RelayRefusal::Malformed,
                    BrokenSeal::Foreign => RelayRefusal::BadSeal,
                }
            })?;
        let json = serde_json::from_slice(&content).map_err(|_| RelayRefusal::Malformed)?;
        Self::from_json(&json).ok_or(RelayRefusal::Malformed)
    }
}

impl Sealed for Pass {
    const PURPOSE: &str = "relay session";

    fn to_json(&self) -> Value {
        let AppKey { tenant, app } = &self.document.app;
        let PlanLimits { connections_max, documents_max, users_per_document_max, ops_per_minute_max } =
            self.limits;
        json!({
            "to": self.to.name.as_str(), "epoch": self.to.epoch, "home": self.home.as_str(),
            "tenant": tenant.as_str(), "app": app.as_str(), "document": self.document.name.as_str(),
            "limits": {
                "maxConnections": connections_max, "maxDocuments": documents_max,
                "maxUsersPerDoc": users_per_document_max, "opsPerMinute": ops_per_minute_max,
            },
            "from": self.from.as_str(),
        })
    }

    fn from_json(json: &Value) -> Option<Self> {
        Some(Self {
            to: node(json)?,
            home: HomeRegion::parse(text(json, "home")?).ok()?,
            document: DocumentKey {
                app: app(json)?,
                name: DocumentName::parse(text(json, "document")?).ok()?,
            },
            limits: PlanLimits::from_claim(json.get("limits")?).ok()?,
            from: NodeName::parse(text(json, "from")?).ok()?,
        })
    }
}

impl Sealed for GiveUp {
    const PURPOSE: &str = "relay give-up";

    fn to_json(&self) -> Value {
        json!({
            "to": self.to.name.as_str(), "epoch": self.to.epoch, "home": self.home.as_str(),
            "tenant": self.app.tenant.as_str(), "app": self.app.app.as_str(), "from": self.from.as_str(),
        })
    }

    fn from_json(json: &Value) -> Option<Self> {
        Some(Self {
            to: node(json)?,
            home: HomeRegion::parse(text(json, "home")?).ok()?,
            app: app(json)?,
            from: NodeName::parse(text(json, "from")?).ok()?,
        })
    }
}

fn node(json: &Value) -> Option<NodeId> {
    let name = NodeName::parse(text(json, "to")?).ok()?;
    Some(NodeId { name, epoch: json.get("epoch")?.as_u64()? })
}

fn app(json: &Value) -> Option<AppKey> {
    let tenant = TenantId::parse(text(json, "tenant")?).ok()?;
    Some(AppKey { tenant, app: AppId::parse(text(json, "app")?).ok()? })
}

fn text<'a>(json: &'a Value, name: &str) -> Option<&'a str> {
    json.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{pass, plea, secret};
    use super::*;
    use domain::bounds::{DOCUMENT_NAME_BYTES_MAX, ID_BYTES_MAX, LIMIT_MAX, REGION_BYTES_MAX};

    #[test]
    fn a_pass_says_after_its_journey_what_it_said_before() {
        let secret = secret('s');
        for name in ["d", "a/b c", "grüße \u{1f3dd}", "\"\\\"", "{\"to\":1}"] {
            let mut pass = pass();
            pass.document.name = DocumentName::parse(name).unwrap();
            assert_eq!(Pass::open(&pass.seal(&secret).unwrap(), &secret), Ok(pass));
        }
        assert_eq!(GiveUp::open(&plea().seal(&secret).unwrap(), &secret), Ok(plea()));
    }

    #[test]
    fn the_longest_pass_fits_its_header() {
        let secret = secret('s');
        let id = "i".repeat(ID_BYTES_MAX);
        let pass = Pass {
            to: NodeId { name: NodeName::parse(&id).unwrap(), epoch: u64::MAX },
            home: HomeRegion::parse(&"h".repeat(REGION_BYTES_MAX)).unwrap(),
            document: DocumentKey {
                app: AppKey { tenant: TenantId::parse(&id).unwrap(), app: AppId::parse(&id).unwrap() },
                name: DocumentName::parse(&"\"".repeat(DOCUMENT_NAME_BYTES_MAX)).unwrap(),
            },
            limits: PlanLimits {
                connections_max: LIMIT_MAX,
                documents_max: LIMIT_MAX,
                users_per_document_max: LIMIT_MAX,
                ops_per_minute_max: LIMIT_MAX,
            },
            from: NodeName::parse(&id).unwrap(),
        };
        assert_eq!(Pass::open(&pass.seal(&secret).unwrap(), &secret), Ok(pass));
    }

    #[test]
    fn a_pass_of_another_secret_or_purpose_or_that_was_changed_has_a_bad_seal() {
        let ours = secret('s');
        let sealed = pass().seal(&ours).unwrap();
        assert_eq!(Pass::open(&sealed, &secret('t')), Err(RelayRefusal::BadSeal));
        assert_eq!(GiveUp::open(&sealed, &ours), Err(RelayRefusal::BadSeal));
        let other = {
            let mut pass = pass();
            pass.limits.users_per_document_max += 1;
            pass.seal(&ours).unwrap()
        };
        let (content, _) = other.to_str().unwrap().split_once('.').unwrap();
        let (_, seal) = sealed.to_str().unwrap().split_once('.').unwrap();
        let forged = HeaderValue::from_str(&format!("{content}.{seal}")).unwrap();
        assert_eq!(Pass::open(&forged, &ours), Err(RelayRefusal::BadSeal));
    }

    #[test]
    fn a_pass_that_is_cut_anywhere_is_refused() {
        let secret = secret('s');
        let sealed = pass().seal(&secret).unwrap();
        let text = sealed.to_str().unwrap();
        for length in 0..text.len() {
            let cut = HeaderValue::from_str(&text[..length]).unwrap();
            assert!(Pass::open(&cut, &secret).is_err(), "{length}");
        }
    }

    #[test]
    fn what_is_sealed_and_no_pass_is_malformed() {
        let secret = secret('s');
        let mut no_name = pass().to_json();
        no_name["document"] = json!("");
        let long = "x".repeat(PASS_BYTES_MAX);
        for content in ["", "7", "{}", &no_name.to_string(), &long] {
            let sealed = secret.key().seal(Pass::PURPOSE, content.as_bytes());
            let header = HeaderValue::from_str(&sealed).unwrap();
            assert_eq!(Pass::open(&header, &secret), Err(RelayRefusal::Malformed), "{content}");
        }
        let header = HeaderValue::from_bytes(b"\xff").unwrap();
        assert_eq!(Pass::open(&header, &secret), Err(RelayRefusal::Malformed));
    }
}
