use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::ports::Unavailable;
use std::error::Error;

/// What the ports say of every error that is no outcome: throttling, timeouts, broken connections, missing
/// permissions. Whether a write took effect is not known after any of them.
pub(crate) fn unavailable<E>(store: &'static str, error: &SdkError<E, HttpResponse>) -> Unavailable
where
    E: ProvideErrorMetadata + Error + 'static,
{
    Unavailable::new(store, cause(error))
}

/// What went wrong, in one line: the code and message of the service, or what the client says, outermost first.
pub(crate) fn cause<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error.as_service_error() {
        Some(answer) => {
            let status = error.raw_response().map_or(0, |response| response.status().as_u16());
            let code = answer.code().unwrap_or("an error without a code");
            format!("{code} (HTTP {status}): {}", answer.message().unwrap_or("no message"))
        }
        None => chain(error),
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
