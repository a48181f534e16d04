//! The Lambda function behind `POST /connect/token` and the tenants' key sets.

mod http_api;
mod lambda;

use std::process::ExitCode;

fn main() -> ExitCode {
    http_api::serve(|environment| {
        let (front, issuer) = functions::setup::issuer(environment)?;
        Ok((functions::token_router(front, issuer), None))
    })
}
