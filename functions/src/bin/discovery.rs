//! The Lambda function behind `GET /discovery`, and behind every path that nothing is served at.

mod http_api;
mod lambda;

use std::process::ExitCode;

fn main() -> ExitCode {
    http_api::serve(|environment| Ok(functions::discovery_router(functions::setup::lookups(environment)?)))
}
