//! The Lambda function behind `GET /usage`.

mod lambda;

use std::process::ExitCode;

fn main() -> ExitCode {
    lambda::serve(|environment| Ok(functions::usage_router(functions::setup::lookups(environment)?)))
}
