use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
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
/// Tokens that a table's retries may use, and a key's of KMS: one takes 5 and gives them back where it succeeds; each
/// call that succeeds at once adds one, and each second 5, as refusals do not count as successes. So an outage costs at
/// most 20 requests, and one a second, beyond those that were asked for: a store in trouble is not asked twice.
pub const RETRY_BUDGET: usize = 100;

const RETRY_COST: u32 = 5;
const REFILL_PER_SECOND: f32 = 5.0;
const BACKOFF: Duration = Duration::from_millis(50);

pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_DEADLINE)
        .operation_attempt_timeout(ATTEMPT_DEADLINE)
        .operation_timeout(OPERATION_DEADLINE)
        .build()
}

pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(BACKOFF)
        .with_max_backoff(BACKOFF * 2)
}

/// The budget of retries that all calls share which concern `name`.
pub(crate) fn retry_partition(name: &str) -> RetryPartition {
    let budget = TokenBucket::builder()
        .capacity(RETRY_BUDGET)
        .retry_cost(RETRY_COST)
        .timeout_retry_cost(RETRY_COST)
        .throttling_retry_cost(RETRY_COST)
        .refill_rate(REFILL_PER_SECOND);
    RetryPartition::custom(name.to_owned()).token_bucket(budget.build()).build()
}
