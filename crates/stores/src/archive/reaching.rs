//! The stores that archives are in, and what bounds the calls to them.

use super::url::Bucket;
use super::{CONNECT_DEADLINE, REPEAT_PAUSE, REPEATED_WITHIN, REPEATS_MAX, REQUEST_DEADLINE};
use crate::causes::with_causes;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientConfigKey, Error, RetryConfig};
use std::path::Path;
use std::time::Duration;

/// Why an archive can't be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenArchiveError {
    /// The folder is not there, and can't be made.
    #[error("the folder {folder} can't be made or used: {cause}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        cause: String,
    },
    /// Neither the URL nor the environment names an AWS region.
    #[error("no AWS region for the bucket `{bucket}`: set AWS_REGION, or add `?region=REGION`")]
    NoRegion {
        /// The bucket.
        bucket: String,
    },
    /// What the environment says of S3 can't be used.
    #[error("the AWS_ variables of the environment can't be used for the bucket `{bucket}`: {cause}")]
    Environment {
        /// The bucket.
        bucket: String,
        /// What is wrong with them.
        cause: String,
    },
}

/// What is put there is on the device when it is answered.
pub(super) fn local(folder: &Path) -> Result<LocalFileSystem, OpenArchiveError> {
    let refused = |cause: &dyn std::fmt::Display| OpenArchiveError::Folder {
        folder: folder.display().to_string(),
        cause: cause.to_string(),
    };
    std::fs::create_dir_all(folder).map_err(|error| refused(&error))?;
    let local = LocalFileSystem::new_with_prefix(folder).map_err(|error| refused(&error))?;
    Ok(local.with_fsync(true))
}

pub(super) fn s3(bucket: &Bucket) -> Result<AmazonS3, OpenArchiveError> {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&bucket.name).with_retry(repeats());
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &bucket.endpoint {
        // Both, as the environment may hold either, and the second goes before the first.
        builder = builder.with_endpoint(endpoint).with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    let said =
        |builder: &AmazonS3Builder, key| builder.get_config_value(&key).filter(|text| !text.is_empty());
    let endpoint =
        said(&builder, AmazonS3ConfigKey::S3Endpoint).or_else(|| said(&builder, AmazonS3ConfigKey::Endpoint));
    let region = said(&builder, AmazonS3ConfigKey::Region)
        .or_else(|| said(&builder, AmazonS3ConfigKey::DefaultRegion));
    if endpoint.is_none() && region.is_none() {
        return Err(OpenArchiveError::NoRegion { bucket: bucket.name.clone() });
    }
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = plain(builder);
    }
    let cause = |error: Error| with_causes(&error);
    bounded(builder)
        .build()
        .map_err(|error| OpenArchiveError::Environment { bucket: bucket.name.clone(), cause: cause(error) })
}

/// Plain HTTP leads to a stand-in for S3, or to a store on a private network. Where the environment names no account
/// there, a made-up one is used: asking the instance for one, where there is none, takes seconds.
fn plain(builder: AmazonS3Builder) -> AmazonS3Builder {
    let builder = builder.with_allow_http(true);
    if builder.get_config_value(&AmazonS3ConfigKey::AccessKeyId).is_some() {
        return builder;
    }
    builder.with_access_key_id("wiresocket").with_secret_access_key("wiresocket")
}

fn bounded(builder: AmazonS3Builder) -> AmazonS3Builder {
    let client = |key, time: Duration| (AmazonS3ConfigKey::Client(key), format!("{}ms", time.as_millis()));
    let deadlines = [
        client(ClientConfigKey::ConnectTimeout, CONNECT_DEADLINE),
        client(ClientConfigKey::Timeout, REQUEST_DEADLINE),
    ];
    deadlines.into_iter().fold(builder, |builder, (key, time)| builder.with_config(key, time))
}

fn repeats() -> RetryConfig {
    let (init_backoff, max_backoff) = REPEAT_PAUSE;
    RetryConfig {
        backoff: BackoffConfig { init_backoff, max_backoff, ..BackoffConfig::default() },
        max_retries: REPEATS_MAX,
        retry_timeout: REPEATED_WITHIN,
    }
}
