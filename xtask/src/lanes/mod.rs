//! Runs the workspace's tests in lanes: the binaries of a lane one after the other, two lanes side by side and one after them.
//!
//! `cargo test` runs one binary after the other. Those that keep a core busy and those that wait (for leases to end, for
//! nodes to drain, for rates' windows to pass) would each take their whole time by themselves; side by side the ones work
//! while the others wait. Those in which processes race run when nothing else does.

mod binary;
mod lane;
mod run;
mod waiting;

use crate::failure::Failure;
use crate::house::{House, run as run_command};
use crate::variables::Variables;
use binary::TestBinary;
use lane::{Lane, Lanes};

/// Builds every test of the workspace and runs it, with these variables. What a binary prints is printed when it ends; all
/// run, whichever fail.
///
/// # Errors
/// [`Failure::Tests`] with all binaries that failed.
pub(crate) fn test(house: &House, variables: &Variables) -> Result<(), Failure> {
    let lanes = Lanes::of(binary::built(house)?);
    let failed = run::to_the_end(house, &lanes, variables)?;
    if !failed.is_empty() {
        return Err(Failure::Tests(failed));
    }
    run_command(house.cargo(&["test", "--workspace", "--doc"]).envs(variables.iter()))
}
