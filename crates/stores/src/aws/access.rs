use super::bounds::{retries, timeouts};
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{
    Credentials, SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use std::time::Duration;

/// Idle connections that are kept, a server. Past it those that a storm opened are closed after use.
const IDLE_CONNECTIONS_MAX: usize = 64;
/// How long an idle connection is kept: many beats, and less than the time (350 s) after which Amazon's NAT
/// gateways forget it.
const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(60);
/// What requests to an endpoint without a region are signed for, and where credentials are asked for without one.
const ANY_REGION: Region = Region::from_static("us-east-1");

/// What all tables and keys share: credentials, the connections that are open, and the deadlines of calls.
#[derive(Debug, Clone)]
pub struct Access {
    shared: SdkConfig,
    /// The region that the environment names.
    region: Option<Region>,
}

impl Access {
    /// Reads region and credentials where Amazon's tools do: environment, profile, web identity, container,
    /// instance. Credentials are fetched by the first call that needs them, and kept fresh.
    pub async fn from_environment() -> Self {
        // The instance is not asked for a region: anywhere else, waiting for its silence takes seconds. Nor is it by
        // what looks for credentials, which is told some region where none is named.
        let regions = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new());
        let region = Box::pin(regions.region()).await;
        let some_region = region.clone().unwrap_or(ANY_REGION);
        let loading = aws_config::defaults(behavior()).http_client(http()).region(some_region);
        Self { shared: Box::pin(loading.load()).await, region }
    }

    /// Reads region and credentials from the variables that a Lambda function is given (`AWS_REGION`,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`) and looks nowhere else. Where the credentials
    /// are missing, the first call says so.
    #[must_use]
    pub fn of_function() -> Self {
        let region = std::env::var("AWS_REGION").ok().filter(|name| !name.is_empty()).map(Region::new);
        let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        let shared = SdkConfig::builder()
            .behavior_version(behavior())
            .http_client(http())
            .credentials_provider(credentials);
        Self { shared: shared.build(), region }
    }

    /// What a client needs to reach a server, its budget of retries left out; `None` where the region is not known.
    /// Bodies are small, so the deadline of an attempt looks after stalled ones too.
    pub(crate) fn reach(&self, region: Option<&str>, endpoint: Option<&str>) -> Option<SdkConfig> {
        let named = region.map(|name| Region::new(name.to_owned())).or_else(|| self.region.clone());
        let region = named.or_else(|| endpoint.map(|_| ANY_REGION))?;
        let mut config = self
            .shared
            .to_builder()
            .region(region)
            .timeout_config(timeouts())
            .retry_config(retries())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
            if endpoint.starts_with("http://") {
                config = config.credentials_provider(stand_in_credentials());
            }
        }
        Some(config.build())
    }
}

fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .pool_idle_timeout(IDLE_CONNECTION_KEPT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .build_https()
}

/// Plain HTTP leads to a stand-in, which takes any credentials: those of the environment, so that a stand-in that
/// keeps accounts apart can be told which, or made-up ones.
fn stand_in_credentials() -> SharedCredentialsProvider {
    let made_up = Credentials::new("wiresocket", "wiresocket", None, None, "stand-in");
    SharedCredentialsProvider::new(
        CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("StandIn", made_up),
    )
}
