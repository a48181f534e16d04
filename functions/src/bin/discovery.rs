//! The Lambda function behind `GET /discovery` and `GET /openapi.json`, and behind every path that nothing is served at.

mod http_api;
mod lambda;

use std::process::ExitCode;

fn main() -> ExitCode {
    http_api::serve(|environment| {
        let plane = functions::setup::lookups(environment)?;
        let after = plane.flush_after();
        Ok((functions::discovery_router(plane), after))
    })
}
