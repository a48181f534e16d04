use super::http::Message;
use super::ministack;
use std::sync::atomic::{AtomicU32, Ordering};
use stores::archive::ArchiveUrl;

/// Whether a bucket keeps what is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    Replaced,
    Kept,
}

/// A bucket of its own on ministack. It ends with the test process, as ministack does.
pub(crate) struct Bucket {
    name: String,
    endpoint: String,
}

impl Bucket {
    /// An empty bucket.
    pub(crate) async fn fresh(versions: Versions) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("wiresocket-test-{}", MADE.fetch_add(1, Ordering::Relaxed));
        // Off the runtime: the server may have to be installed first.
        let endpoint = tokio::task::spawn_blocking(ministack::endpoint).await.unwrap().to_owned();
        let bucket = Self { name, endpoint };
        bucket.ask("PUT", "", b"").await;
        if versions == Versions::Kept {
            bucket.ask("PUT", "?versioning", ENABLED).await;
        }
        bucket
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn url(&self) -> ArchiveUrl {
        self.url_through(&self.endpoint)
    }

    /// Its URL where something stands in front of its server.
    pub(crate) fn url_through(&self, endpoint: &str) -> ArchiveUrl {
        format!("s3://{}/archive?endpoint={endpoint}", self.name).parse().unwrap()
    }

    /// The object at `key` below the archive's prefix. Escapes of the key are escaped themselves.
    pub(crate) async fn object(&self, key: &str) -> Vec<u8> {
        self.ask("GET", &format!("/archive/{}", key.replace('%', "%25")), b"").await.body().to_vec()
    }

    /// How many versions of how many objects there are.
    pub(crate) async fn versions(&self) -> usize {
        let list = self.ask("GET", "?versions", b"").await;
        String::from_utf8_lossy(list.body()).matches("<Version>").count()
    }

    async fn ask(&self, method: &str, rest: &str, body: &[u8]) -> Message {
        let answer =
            Message::request(method, &format!("/{}{rest}", self.name), body).ask(&self.endpoint).await;
        assert!(answer.head().starts_with("http/1.1 200"), "{method} {rest}: {}", answer.head());
        answer
    }
}

const ENABLED: &[u8] = br#"<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>"#;
