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
    /// What the program is called.
    pub(crate) program: &'static str,
    /// What to do where it can't be installed.
    pub(crate) advice: &'static str,
}

impl PythonProgram {
    /// Installs the program where it is not yet. Returns where it is.
    pub(crate) fn installed(&self, house: &House) -> Result<PathBuf, Failure> {
        let program = self.venv(house).join("bin").join(self.program);
        if !program.exists() {
            self.install(house, &self.venv(house)).map_err(|cause| Failure::NotInstalled {
                program: self.program,
                cause: Box::new(cause),
                advice: self.advice,
            })?;
        }
        Ok(program)
    }

    /// Installs the package where it is not yet. Returns what these lines of Python print about it.
    pub(crate) fn says(&self, house: &House, lines: &str) -> Result<String, Failure> {
        self.installed(house)?;
        let python = self.venv(house).join("bin/python");
        let printed = output(house.program(python).args(["-c", lines]))?;
        Ok(printed.trim().to_owned())
    }

    fn venv(&self, house: &House) -> PathBuf {
        house.built(&format!("tools/{}-{}", self.program, self.version))
    }

    fn install(&self, house: &House, venv: &Path) -> Result<(), Failure> {
        run(house.program("python3").args(["-m", "venv"]).arg(venv))?;
        let pinned = format!("{}=={}", self.package, self.version);
        let pip = ["install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", &pinned];
        run(house.program(venv.join("bin/pip")).args(pip))
    }
}
