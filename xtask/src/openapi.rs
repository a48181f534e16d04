//! schemathesis asks the service all that its OpenAPI document allows and forbids, and compares the answers with it.

use crate::background::{Background, free_address};
use crate::failure::Failure;
use crate::house::{House, output, run};
use crate::venv::PythonProgram;
use serde_json::Value;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SCHEMATHESIS: PythonProgram = PythonProgram {
    package: "schemathesis",
    version: "4.32.5",
    beside: &[],
    program: "schemathesis",
    advice: "schemathesis is fetched once from the Python package index, into the target folder. \
        That needs the network and Python's venv module (Debian: python3-venv).",
};

/// What it asks, and what it makes of the answers.
const CONFIGURATION: &str = "xtask/schemathesis.toml";

/// The plan of the app that is asked for.
const PLAN: [&str; 15] = [
    "plans",
    "set",
    "pro",
    "--max-connections",
    "100",
    "--max-documents",
    "20",
    "--max-users-per-doc",
    "50",
    "--ops-per-minute",
    "6000",
    "--monthly-requests",
    "1000",
    "--price-per-million",
    "2.50",
];

/// Starts the service on a folder of its own, and lets schemathesis ask it, with credentials of each kind. Fails at any answer that
/// is a 5xx or not as the document has it.
pub(crate) fn check(house: &House) -> Result<(), Failure> {
    let program = SCHEMATHESIS.installed(house)?;
    let service = Service::start(house)?;
    let mut asked = house.program(program);
    asked.arg("--config-file").arg(house.path(CONFIGURATION)).arg("run").arg(service.url("/openapi.json"));
    asked.envs(service.credentials(house)?);
    run(&mut asked)
}

/// The release binary, serving from a fresh folder, with nobody's rates limited.
struct Service {
    folder: PathBuf,
    at: SocketAddrV4,
    _process: Background,
}

impl Service {
    fn start(house: &House) -> Result<Self, Failure> {
        let folder = house.built("openapi/data");
        emptied(&folder).map_err(|source| Failure::Write { path: folder.clone(), source })?;
        let at = free_address(Ipv4Addr::LOCALHOST)?;
        let mut serve = wiresocket(house, "serve", &folder);
        serve.arg("--listen").arg(at.to_string()).args(["--rate-limits", "off"]);
        serve.stdout(Stdio::null()).stderr(house.log("openapi/service.log")?);
        let process = Background::listening(&mut serve, at)?;
        Ok(Self { folder, at, _process: process })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// Puts a tenant, its app and whoever may ask in their names on the books. Returns the credentials by the variables that the
    /// configuration reads.
    fn credentials(&self, house: &House) -> Result<[(&'static str, String); 5], Failure> {
        self.admin(house, &["tenants", "create", "acme"])?;
        self.admin(house, &PLAN)?;
        self.admin(house, &["apps", "create", "acme/editor", "--plan", "pro"])?;
        let client = self.admin(house, &["clients", "create", "acme/editor"])?;
        let account = self.admin(house, &["api-keys", "create", "--tenant", "acme"])?;
        let platform = self.admin(house, &["api-keys", "create", "--platform"])?;
        let token =
            output(wiresocket(house, "token", &self.folder).args(["--tenant", "acme", "--app", "editor"]))?;
        Ok([
            ("APP_TOKEN", token.trim().to_owned()),
            ("CLIENT_ID", text(&client, "client_id")?),
            ("CLIENT_SECRET", text(&client, "client_secret")?),
            ("ACCOUNT_KEY", text(&account, "api_key")?),
            ("PLATFORM_KEY", text(&platform, "api_key")?),
        ])
    }

    /// What a command of `wiresocket admin` prints.
    fn admin(&self, house: &House, command: &[&str]) -> Result<Value, Failure> {
        let printed = output(
            wiresocket(house, "admin", &self.folder).arg("--json").args(command).stderr(Stdio::inherit()),
        )?;
        Ok(serde_json::from_str(&printed).unwrap_or_default())
    }
}

fn text(made: &Value, name: &'static str) -> Result<String, Failure> {
    made[name].as_str().map(str::to_owned).ok_or(Failure::NotMade(name))
}

fn wiresocket(house: &House, does: &str, folder: &Path) -> Command {
    let mut command = house.program(house.built("release/wiresocket"));
    command.arg(does).arg("--data").arg(folder);
    command
}

fn emptied(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}
