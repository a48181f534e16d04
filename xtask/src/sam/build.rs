use super::{ARCHITECTURE, sam};
use crate::failure::Failure;
use crate::house::{House, run};
use std::fs;
use std::path::{Path, PathBuf};

/// Stands in for cargo-lambda, which `sam build` asks for one binary after the other.
const PREBUILT: &str = include_str!("cargo-lambda.sh");

/// What makes functions' binaries for `sam build`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// cargo-lambda with zig's linker, against the C library of Lambda's own system: what a deployment to Amazon needs.
    CargoLambda,
    /// The release binaries that cargo has built for this machine: what a stand-in on this machine runs as well, without
    /// compiling everything a second time.
    Prebuilt,
}

/// Runs `sam build` for this machine's processors. Returns the folder that it wrote.
pub(crate) fn build(house: &House, compiler: Compiler) -> Result<PathBuf, Failure> {
    let (built, mut build) = match compiler {
        Compiler::CargoLambda => (house.path(".aws-sam/build"), sam(house, &[])?),
        Compiler::Prebuilt => (house.built("sam/build"), sam(house, &[&prebuilt(house)?])?),
    };
    build.env("CARGO_TARGET_DIR", house.built("sam/cargo")).env("FUNCTIONS", house.built("release"));
    build.args(["build", "--build-dir"]).arg(&built);
    run(build.args(["--parameter-overrides", &format!("Architecture={ARCHITECTURE}")]))?;
    Ok(built)
}

/// The folder of the stand-in for cargo-lambda.
fn prebuilt(house: &House) -> Result<PathBuf, Failure> {
    let folder = house.built("tools/prebuilt");
    write_program(&folder, "cargo-lambda", PREBUILT)
        .map_err(|source| Failure::Write { path: folder.clone(), source })?;
    Ok(folder)
}

fn write_program(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(folder)?;
    let program = folder.join(name);
    fs::write(&program, text)?;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
}
