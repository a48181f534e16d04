//! The Lambda function behind `/admin/*`: the platform's own counts.

mod http_api;
mod lambda;

use std::process::ExitCode;

fn main() -> ExitCode {
    http_api::serve(|environment| {
        let (front, homes, operators) = functions::setup::platform(environment)?;
        Ok((functions::platform_router(front, homes, operators), None))
    })
}
