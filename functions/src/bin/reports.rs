//! The Lambda function behind `/v1/*`: tenants' reports and webhooks.

mod http_api;
mod lambda;

use std::process::ExitCode;

fn main() -> ExitCode {
    http_api::serve(|environment| {
        let (front, operators) = functions::setup::reports(environment)?;
        Ok((functions::reports_router(front, operators), None))
    })
}
