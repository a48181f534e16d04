use super::ask::Ask;
use super::outages::Breakable;
use super::target::Target;
use super::world::World;
use crate::fault_proxy::Faults;
use crate::http::Answer;
use crate::node::clients_folder;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// What a node serves beside documents, and the control plane does not.
const OF_NODES: [&str; 3] = ["/", "/health", "/metrics"];
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/openapi.json");

/// A target whose every answer is held against the description of the HTTP surface.
pub struct Described<T>(pub T);

/// What `/openapi.json` says, as it lies in the sources.
///
/// # Panics
/// Where it is no JSON.
#[must_use]
pub fn description() -> &'static Value {
    static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
        let text = std::fs::read_to_string(DOCUMENT).expect("the description is there");
        serde_json::from_str(&text).expect("the description is JSON")
    });
    &DESCRIPTION
}

impl<T: Target> Target for Described<T> {
    async fn ask(&self, ask: &Ask) -> Answer {
        let answer = self.0.ask(ask).await;
        if let Some(fault) = undescribed(ask, &answer) {
            panic!(
                "{} {} was answered with {} {:?}: {fault}",
                ask.method, ask.uri, answer.status, answer.body
            );
        }
        answer
    }

    fn world(&self) -> &World {
        self.0.world()
    }
}

impl<T: Breakable> Breakable for Described<T> {
    fn fail(&self, faults: Faults) {
        self.0.fail(faults);
    }
}

/// What of an answer is not as it is described. Paths and methods that are not described are told 404 and 405, for which there
/// is no operation.
fn undescribed(ask: &Ask, answer: &Answer) -> Option<String> {
    let (template, method) = operation(ask)?;
    let response = format!("/paths/{}/{method}/responses/{}", escaped(template), answer.status);
    let Some(described) = description().pointer(&response) else {
        return Some(format!("{method} {template} does not describe that status"));
    };
    let response = described["$ref"].as_str().map_or(response, |elsewhere| elsewhere.replace('#', ""));
    let content = description().pointer(&format!("{response}/content")).and_then(Value::as_object);
    let Some(kind) = content.and_then(|content| content.keys().next()) else {
        return (!answer.body.is_empty()).then(|| "no body is described".to_owned());
    };
    if !answer.header("content-type").is_some_and(|told| told.starts_with(&**kind)) {
        return Some(format!("it is no {kind}"));
    }
    // Without its body, an answer to `HEAD` is that to `GET`.
    let schema = format!("{response}/content/{}/schema", escaped(kind));
    if ask.method == "HEAD" { None } else { Judge::asked(&schema, &answer.json()) }
}

/// The path's template and the method by which an operation is described; `HEAD` is `GET`.
fn operation(ask: &Ask) -> Option<(&'static str, String)> {
    let method = match &*ask.method {
        "HEAD" => "get".to_owned(),
        method => method.to_ascii_lowercase(),
    };
    if OF_NODES.contains(&ask.path()) {
        return None;
    }
    let paths = description()["paths"].as_object()?;
    let exact = paths.get_key_value(ask.path());
    let (template, operations) =
        exact.or_else(|| paths.iter().find(|(path, _)| leads_to(path, ask.path())))?;
    operations[&method].is_object().then_some((template.as_str(), method))
}

/// Whether a path is of a template: its parameters are segments that are not empty.
fn leads_to(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given => {}
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

/// A member's name within a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// What knows JSON Schema: a library in Node, in one process for all tests of this one, which ends with it.
struct Judge {
    _process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Judge {
    /// What of a body is not of the schema that lies there in the description.
    fn asked(schema: &str, body: &Value) -> Option<String> {
        static JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| Mutex::new(Judge::start()));
        JUDGE.lock().expect("no holder panics").judge(schema, body)
    }

    fn start() -> Self {
        let mut command = Command::new("node");
        command.args(["judge.mjs", &Path::new(DOCUMENT).display().to_string()]).current_dir(clients_folder());
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started.expect("node is installed");
        let stdin = process.stdin.take().expect("stdin is piped");
        let stdout = process.stdout.take().expect("stdout is piped");
        Self { _process: process, stdin, stdout: BufReader::new(stdout) }
    }

    fn judge(&mut self, schema: &str, body: &Value) -> Option<String> {
        writeln!(self.stdin, "{}", json!({"schema": schema, "body": body})).expect("the judge listens");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the judge answers");
        let verdict: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the judge has ended at {schema}"));
        verdict["fault"].as_str().map(str::to_owned)
    }
}
