use crate::failure::Failure;
use crate::house::House;
use crate::steps::release;
use std::ffi::OsString;
use std::process::ExitCode;

/// Builds the service and the load generator in release, and runs the load generator with `args`. It finds
/// the service in `WIRESOCKET_BIN`. Its exit code is returned.
pub(crate) fn run(house: &House, args: &[OsString]) -> Result<ExitCode, Failure> {
    release(house, &["local", "bench"])?;
    let mut bench = house.program(house.built("release/bench"));
    bench.args(args).env("WIRESOCKET_BIN", house.built("release/wiresocket"));
    let status = bench.status().map_err(|source| Failure::Start { command: "bench".to_owned(), source })?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
