use crate::failure::Failure;
use crate::house::{House, output, run};
use std::path::{Path, PathBuf};

/// A program from the Python package index, in a private environment below the target folder: nothing is installed
/// on the machine.
pub(crate) struct PythonProgram {
    /// The package that has it.
    pub(crate) package: &'static str,
    /// The package's version, which is part of the folder's name.
    pub(crate) version: &'static str,
    /// Packages that it is installed with, as `NAME==VERSION`: what it loads where it finds it, and programs that it
    /// starts.
    pub(crate) beside: &'static [&'static str],
    /// What the program is called.
    pub(crate) program: &'static str,
    /// What to do where it can't be installed.
    pub(crate) advice: &'static str,
}

impl PythonProgram {
    /// Installs the program where it is not yet. Returns where it is.
    pub(crate) fn installed(&self, house: &House) -> Result<PathBuf, Failure> {
        self.folder(house).map(|folder| folder.join(self.program))
    }

    /// Installs the program where it is not yet. Returns the folder of the programs of its environment.
    pub(crate) fn folder(&self, house: &House) -> Result<PathBuf, Failure> {
        let venv = self.venv(house);
        let folder = venv.join("bin");
        if !folder.join(self.program).exists() {
            self.install(house, &venv).map_err(|cause| Failure::NotInstalled {
                program: self.program,
                cause: Box::new(cause),
                advice: self.advice,
            })?;
        }
        Ok(folder)
    }

    /// Installs the package where it is not yet. Returns what these lines of Python print about it.
    pub(crate) fn says(&self, house: &House, lines: &str) -> Result<String, Failure> {
        let python = self.folder(house)?.join("python");
        let printed = output(house.program(python).args(["-c", lines]))?;
        Ok(printed.trim().to_owned())
    }

    /// The environment's folder, named for all that is in it, so that a new version is a new folder.
    fn venv(&self, house: &House) -> PathBuf {
        let beside: String =
            self.beside.iter().map(|pinned| format!("+{}", pinned.replace("==", "-"))).collect();
        house.built(&format!("tools/{}-{}{beside}", self.program, self.version))
    }

    /// All in one go, so that their dependencies fit each other.
    fn install(&self, house: &House, venv: &Path) -> Result<(), Failure> {
        run(house.program("python3").args(["-m", "venv"]).arg(venv))?;
        let pip = ["install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
        let own = format!("{}=={}", self.package, self.version);
        run(house.program(venv.join("bin/pip")).args(pip).arg(own).args(self.beside))
    }
}
