//! The Lambda function behind `GET /usage`.

mod http_api;
mod lambda;

use std::process::ExitCode;

fn main() -> ExitCode {
    http_api::serve(|environment| Ok(functions::usage_router(functions::setup::lookups(environment)?)))
}
