//! The Lambda function behind `GET /usage`.

mod http_api;
mod lambda;

use std::process::ExitCode;

fn main() -> ExitCode {
    http_api::serve(|environment| {
        let plane = functions::setup::lookups(environment)?;
        let after = plane.flush_after();
        Ok((functions::usage_router(plane), after))
    })
}
