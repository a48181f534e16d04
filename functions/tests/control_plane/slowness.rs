//! Stores that answer late, each within its own deadline.

use crate::house::House;
use crate::issuing::{Books, CLIENT, with_refresh};
use domain::bounds::LOOKUP_DEADLINE;
use domain::ids::TenantId;
use domain::ports::{SecretHashes, TokenSigner, Unavailable};
use domain::registry::SecretHash;
use functions::Issuer;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a function may take, by its template.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers just within the deadline.
struct Slow<T: ?Sized>(Arc<T>);

async fn dawdle() {
    sleep(LOOKUP_DEADLINE - Duration::from_millis(100)).await;
}

#[async_trait::async_trait]
impl SecretHashes for Slow<dyn SecretHashes> {
    async fn hash(&self, secret: &str) -> Result<SecretHash, Unavailable> {
        self.0.hash(secret).await
    }

    async fn fits(&self, secret: &str, hash: Option<&SecretHash>) -> Result<bool, Unavailable> {
        dawdle().await;
        self.0.fits(secret, hash).await
    }
}

#[async_trait::async_trait]
impl TokenSigner for Slow<dyn TokenSigner> {
    async fn sign(
        &self,
        tenant: &TenantId,
        claims: &Value,
        now_unix_s: u64,
    ) -> Result<Option<String>, Unavailable> {
        dawdle().await;
        self.0.sign(tenant, claims, now_unix_s).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_is_not_spent_where_there_is_no_time_to_hear_of_it() {
    let books = Books::new().await;
    let token = books.house().refresh_token(CLIENT).await;
    let Issuer { secrets, signer, .. } = books.issuer();
    let slow = Issuer { secrets: Arc::new(Slow(secrets)), signer: Arc::new(Slow(signer)), ..books.issuer() };
    let house = House::with(|plane| plane.issuer = Some(slow));
    let begun = Instant::now();
    let form = with_refresh(CLIENT, &token);
    let answer = house.form(&format!("{form}&client_secret=wss_its%2Bown%25secret")).await;
    assert_eq!(answer.refusal(), (503, "service_unavailable".to_owned()));
    assert!(begun.elapsed() < FUNCTION_TIMEOUT, "{:?}", begun.elapsed());
    assert_eq!(
        house.form(&form).await.status,
        200,
        "it is as good as before, and one slow store leaves time"
    );
}
