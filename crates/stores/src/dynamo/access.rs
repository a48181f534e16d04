use super::home::DynamoHome;
use super::table_at::TableAt;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, Credentials, Region, StalledStreamProtectionConfig};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use std::time::Duration;

/// How long a connection may take to be made.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(1);
/// How long one attempt may take, its connection included. A healthy DynamoDB answers within 10 ms.
pub const ATTEMPT_DEADLINE: Duration = Duration::from_millis(1_500);
/// How long a call may take with all its attempts: below the 5 s that the callers wait, so that they hear why.
pub const OPERATION_DEADLINE: Duration = Duration::from_millis(3_500);
/// Attempts of a call. The second is for a connection that broke; whoever needs more asks again, after its own
/// pause: the ledger sends the same write, a node beats anew. Retries of both would multiply.
pub const ATTEMPTS_MAX: u32 = 2;
/// Tokens that a table's retries may use: one takes 5 and gives them back where it succeeds; each call that
/// succeeds at once adds one, and each second 5, as refusals do not count as successes. So an outage costs at most 20
/// requests, and one a second, beyond those that were asked for: a store in trouble is not asked twice.
pub const RETRY_BUDGET: usize = 100;

const RETRY_COST: u32 = 5;
const REFILL_PER_SECOND: f32 = 5.0;
const BACKOFF: Duration = Duration::from_millis(50);
/// Idle connections that are kept, a table's server. Past it those that a storm opened are closed after use.
const IDLE_CONNECTIONS_MAX: usize = 64;
/// How long an idle connection is kept: many beats, and less than the time (350 s) after which Amazon's NAT
/// gateways forget it.
const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(60);
/// What requests to an endpoint without a region are signed for, and where credentials are asked for without one.
const ANY_REGION: &str = "us-east-1";

/// What all home tables share: credentials, the connections that are open, and the deadlines of calls.
#[derive(Debug, Clone)]
pub struct Access {
    shared: SdkConfig,
    /// The region that the environment names.
    region: Option<Region>,
}

/// Why a table can't be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Neither the table nor the environment names an AWS region.
    #[error("no AWS region for the table `{table}`: set AWS_REGION, or say `{table},region=REGION`")]
    NoRegion {
        /// The table.
        table: String,
    },
}

impl Access {
    /// Reads region and credentials where Amazon's tools do: environment, profile, web identity, container,
    /// instance. Credentials are fetched by the first call that needs them, and kept fresh.
    pub async fn from_environment() -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .pool_idle_timeout(IDLE_CONNECTION_KEPT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build_https();
        // The instance is not asked for a region: anywhere else, waiting for its silence takes seconds. Nor is it by
        // what looks for credentials, which is told some region where none is named.
        let regions =
            RegionProviderChain::first_try(aws_config::environment::EnvironmentVariableRegionProvider::new())
                .or_else(aws_config::profile::ProfileFileRegionProvider::new());
        let region = Box::pin(regions.region()).await;
        let some_region = region.clone().unwrap_or(Region::from_static(ANY_REGION));
        let loading =
            aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).region(some_region);
        Self { shared: Box::pin(loading.load()).await, region }
    }

    /// Reaches a table; nothing is sent yet.
    ///
    /// # Errors
    /// [`ConnectError::NoRegion`] where neither the table nor the environment names a region, nor the table an
    /// endpoint.
    pub fn home(&self, table: &TableAt) -> Result<DynamoHome, ConnectError> {
        let region = match (table.region(), &self.region, table.endpoint()) {
            (Some(named), _, _) => Region::new(named.to_owned()),
            (None, Some(environments), _) => environments.clone(),
            (None, None, Some(_)) => Region::from_static(ANY_REGION),
            (None, None, None) => return Err(ConnectError::NoRegion { table: table.name().to_owned() }),
        };
        let mut config = bounded(aws_sdk_dynamodb::config::Builder::from(&self.shared), table).region(region);
        if let Some(endpoint) = table.endpoint() {
            config = config.endpoint_url(endpoint);
            if endpoint.starts_with("http://") {
                config = config.credentials_provider(stand_in_credentials());
            }
        }
        Ok(DynamoHome::new(Client::from_conf(config.build()), table.name()))
    }
}

/// Bodies are small, so the deadline of an attempt looks after stalled ones too.
fn bounded(config: Builder, table: &TableAt) -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_DEADLINE)
        .operation_attempt_timeout(ATTEMPT_DEADLINE)
        .operation_timeout(OPERATION_DEADLINE);
    let budget = TokenBucket::builder()
        .capacity(RETRY_BUDGET)
        .retry_cost(RETRY_COST)
        .timeout_retry_cost(RETRY_COST)
        .throttling_retry_cost(RETRY_COST)
        .refill_rate(REFILL_PER_SECOND);
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(BACKOFF)
        .with_max_backoff(BACKOFF * 2);
    config
        .timeout_config(timeouts.build())
        .retry_config(retries)
        .retry_partition(RetryPartition::custom(table.name().to_owned()).token_bucket(budget.build()).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// Plain HTTP leads to a stand-in for DynamoDB, which takes any credentials: those of the environment, so that a
/// stand-in that keeps accounts apart can be told which, or made-up ones.
fn stand_in_credentials() -> CredentialsProviderChain {
    let made_up = Credentials::new("wiresocket", "wiresocket", None, None, "stand-in");
    CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
        .or_else("StandIn", made_up)
}
