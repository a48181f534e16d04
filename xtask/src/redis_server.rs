//! Redis from the system's packages.

use crate::failure::Failure;
use crate::house::{House, output, run};
use std::env;
use std::path::{Path, PathBuf};

/// The variable that names another one than the system's.
const VARIABLE: &str = "WIRESOCKET_REDIS_SERVER";
const PROGRAM: &str = "redis-server";
const ADVICE: &str = "install Redis 7 or newer from your system's packages (Debian: `apt-get install -y redis-server`, \
    macOS: `brew install redis`), or say where it is with WIRESOCKET_REDIS_SERVER";

/// Where redis-server is. Where it is not, and this is the root of a Debian, it is installed.
pub(crate) fn installed(house: &House) -> Result<PathBuf, Failure> {
    if let Some(named) = env::var_os(VARIABLE) {
        return Ok(named.into());
    }
    if let Some(found) = on_path() {
        return Ok(found);
    }
    let not_installed =
        |cause| Failure::NotInstalled { program: PROGRAM, cause: Box::new(cause), advice: ADVICE };
    apt_install(house).map_err(not_installed)?;
    on_path().ok_or_else(|| not_installed(Failure::Tools(vec![format!("- {PROGRAM}")])))
}

fn on_path() -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&folders).chain(["/usr/bin".into(), "/usr/local/bin".into()]);
    places.map(|folder| folder.join(PROGRAM)).find(|program| program.is_file())
}

fn apt_install(house: &House) -> Result<(), Failure> {
    let is_root = output(house.program("id").arg("-u"))?.trim() == "0";
    if !is_root || !Path::new("/usr/bin/apt-get").exists() {
        return Err(Failure::Tools(vec![format!("- {PROGRAM} (and this is not the root of a Debian)")]));
    }
    let apt_get = || {
        let mut apt_get = house.program("apt-get");
        apt_get.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        apt_get
    };
    run(apt_get().arg("update"))?;
    run(apt_get().args(["install", "--yes", "--no-install-recommends", PROGRAM]))
}
