//! schemathesis asks the service all that its OpenAPI document allows and forbids, and compares the answers with it.

use crate::background::Background;
use crate::failure::Failure;
use crate::house::{House, output, run};
use crate::venv::PythonProgram;
use serde_json::Value;
use std::fs;
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
/// What the service prints: where it listens comes first.
const SAID: &str = "openapi/said.log";

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
    asked
        .arg("--config-file")
        .arg(house.path(CONFIGURATION))
        .arg("run")
        .arg(format!("{}/openapi.json", service.url));
    asked.envs(service.credentials(house)?);
    run(&mut asked)
}

/// The release binary, serving from a fresh folder, with nobody's rates limited.
struct Service {
    folder: PathBuf,
    url: String,
    _process: Background,
}

impl Service {
    fn start(house: &House) -> Result<Self, Failure> {
        let folder = house.built("openapi/data");
        emptied(&folder).map_err(|source| Failure::Write { path: folder.clone(), source })?;
        let (said, path) = (house.log(SAID)?, house.built(SAID));
        let mut serve = wiresocket(house, "serve", &folder);
        serve.args(["--listen", "127.0.0.1:0", "--rate-limits", "off"]);
        serve.stdout(said).stderr(house.log("openapi/service.log")?);
        let process = Background::once(&mut serve, || listens_at(&path).is_some())?;
        let url = listens_at(&path).ok_or_else(|| Failure::NotReady { command: "wiresocket".to_owned() })?;
        Ok(Self { folder, url, _process: process })
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

/// The URL in the first line that the service prints, once it is there as a whole.
fn listens_at(said: &Path) -> Option<String> {
    let said = fs::read_to_string(said).ok()?;
    let (line, _) = said.split_once('\n')?;
    line.strip_prefix("listening ").map(str::to_owned)
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
