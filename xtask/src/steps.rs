//! The steps of `cargo xtask test`: what each needs, and what it runs.

use crate::deny;
use crate::failure::Failure;
use crate::house::{House, run};
use crate::lanes;
use crate::openapi;
use crate::sam::{self, Compiler, Deployment, Docker, LocalApi};
use crate::servers::{self, OwnServers};
use crate::tools::{self, Tool};
use crate::variables::Variables;
use clap::ValueEnum;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

/// One step. The cheap ones come first, and the tests last, so that their verdict stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// All code is formatted.
    Fmt,
    /// No lint has anything to say.
    Clippy,
    /// The documentation builds without a warning.
    Doc,
    /// Licences, sources and duplicates of the dependency tree are as `deny.toml` has them.
    Deny,
    /// The deployment's templates are valid, and the linter has nothing to say.
    Templates,
    /// The service and the functions build in release.
    Release,
    /// The packages of the real clients are installed.
    Clients,
    /// The servers that the stores' tests start are installed.
    Servers,
    /// The service answers as its OpenAPI document says, whatever it is asked.
    Openapi,
    /// Unit, integration and real-client tests pass.
    Tests,
}

impl Step {
    /// Every step, in order.
    pub(crate) const ALL: &[Self] = &[
        Self::Fmt,
        Self::Clippy,
        Self::Doc,
        Self::Deny,
        Self::Templates,
        Self::Release,
        Self::Clients,
        Self::Servers,
        Self::Openapi,
        Self::Tests,
    ];

    /// The name on the command line and in the summary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Doc => "doc",
            Self::Deny => "deny",
            Self::Templates => "templates",
            Self::Release => "release",
            Self::Clients => "clients",
            Self::Servers => "servers",
            Self::Openapi => "openapi",
            Self::Tests => "tests",
        }
    }

    /// The step, after those whose results it uses.
    pub(crate) fn with_needs(self) -> Vec<Self> {
        match self {
            Self::Openapi => vec![Self::Release, Self::Openapi],
            Self::Tests => vec![Self::Release, Self::Clients, Self::Servers, Self::Tests],
            _ => vec![self],
        }
    }

    /// What must be installed for it.
    pub(crate) fn tools(self) -> &'static [Tool] {
        match self {
            Self::Fmt => &[Tool::Rust, Tool::Rustfmt],
            Self::Clippy => &[Tool::Rust, Tool::Clippy],
            Self::Doc | Self::Release => &[Tool::Rust],
            Self::Deny | Self::Servers | Self::Templates | Self::Openapi => &[Tool::Rust, Tool::Python],
            Self::Clients => &[Tool::Node, Tool::Npm],
            Self::Tests => &[Tool::Rust, Tool::Node, Tool::Python, Tool::Openssl],
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(self, house: &House, own: &OwnServers) -> Result<(), Failure> {
        match self {
            Self::Fmt => run(&mut house.cargo(&["fmt", "--all", "--check"])),
            Self::Clippy => clippy(house),
            Self::Doc => doc(house),
            Self::Deny => deny::check(house),
            Self::Templates => sam::lint(house),
            Self::Release => release(house, &["local", "syncd", "functions"]),
            Self::Clients => run(house.program("npm").arg("ci").current_dir(house.path("tests/clients"))),
            Self::Servers => servers::installed(house).map(drop),
            Self::Openapi => openapi::check(house),
            Self::Tests => tests(house, own),
        }
    }
}

/// Builds the binaries of these packages in release.
pub(crate) fn release(house: &House, packages: &[&str]) -> Result<(), Failure> {
    let named = packages.iter().flat_map(|package| ["--package", package]);
    run(house.cargo(&["build", "--release", "--bins"]).args(named))
}

fn clippy(house: &House) -> Result<(), Failure> {
    run(&mut house.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn doc(house: &House) -> Result<(), Failure> {
    run(house.cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Where the tests of several nodes find the release binary of the sync node.
pub(crate) const SYNCD_VARIABLE: &str = "WIRESOCKET_SYNCD_BIN";

/// Where tests find the release binaries of the functions, as a folder.
const FUNCTIONS_VARIABLE: &str = "WIRESOCKET_FUNCTIONS";
/// Where they find what `sam build` made of them.
const SAM_BUILD_VARIABLE: &str = "WIRESOCKET_SAM_BUILD";

/// The real-client tests drive the release binary that they find in `WIRESOCKET_BIN`, those of several nodes the one
/// in [`SYNCD_VARIABLE`], those of functions the ones in [`FUNCTIONS_VARIABLE`] and the deployment; what they and the stores'
/// tests start beside is named as [`servers::installed`] says.
fn tests(house: &House, own: &OwnServers) -> Result<(), Failure> {
    beside_a_deployment(house, |variables| {
        variables.set("WIRESOCKET_BIN", house.built("release/wiresocket"));
        lanes::test(house, variables)
    })?;
    own.test(house)
}

/// Deploys the functions as they are, and runs the tests of what is deployed.
pub(crate) fn deployed(house: &House) -> Result<(), Failure> {
    prepare(house)?;
    beside_a_deployment(house, |variables| run(tests_of_the_deployed(house).envs(variables.iter())))
}

/// What can't be shown locally: `sam local start-api` itself fails, with 502, at a body that is no UTF-8.
const NOT_LOCALLY: [&str; 2] =
    ["a_body_where_none_belongs_changes_nothing", "bodies_that_are_no_form_are_refused"];

/// Serves the functions from containers over the tables of a deployment, and runs the same tests.
pub(crate) fn served_locally(house: &House) -> Result<(), Failure> {
    prepare(house)?;
    let docker = Docker::start(house)?;
    let built = sam::build(house, compiler_for(&docker))?;
    let deployment = Deployment::start(house, &built, docker.gateway(house)?)?;
    let api = LocalApi::start(house, &built, &docker, &deployment)?;
    let mut tests = tests_of_the_deployed(house);
    tests.envs(told(house, &built, &deployment)?.iter());
    tests.args(NOT_LOCALLY.iter().flat_map(|test| ["--skip", test]));
    run(tests.env("WIRESOCKET_DEPLOYED_API", api.url()))
}

/// This machine's binaries run in an image of its own system; Lambda's image may have an older C library.
fn compiler_for(docker: &Docker) -> Compiler {
    if docker.has_image() { Compiler::Prebuilt } else { Compiler::CargoLambda }
}

/// What the tests of a deployment need before it is made.
fn prepare(house: &House) -> Result<(), Failure> {
    tools::check(house, [Tool::Rust, Tool::Python, Tool::Node, Tool::Npm].iter())?;
    release(house, &["local", "syncd", "functions"])?;
    Step::Clients.run(house, &OwnServers::default())
}

fn tests_of_the_deployed(house: &House) -> Command {
    house.cargo(&["test", "--package", "house-tests", "--test", "deployed", "--", "--nocapture"])
}

/// Runs tests while the template is deployed into a stand-in for Amazon's services.
fn beside_a_deployment(
    house: &House,
    tests: impl FnOnce(&mut Variables) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let built = sam::build(house, Compiler::Prebuilt)?;
    let deployment = Deployment::start(house, &built, Ipv4Addr::LOCALHOST)?;
    tests(&mut told(house, &built, &deployment)?)
}

/// What tests are told: where everything is.
fn told(house: &House, built: &Path, deployment: &Deployment) -> Result<Variables, Failure> {
    let mut variables = Variables::default();
    variables.set(SYNCD_VARIABLE, house.built("release/syncd"));
    variables.set(FUNCTIONS_VARIABLE, house.built("release"));
    variables.set(SAM_BUILD_VARIABLE, built);
    variables.set_all(deployment.variables()?);
    variables.set_all(servers::installed(house)?);
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_be_named_on_the_command_line() {
        let spelled: Vec<_> = Step::value_variants()
            .iter()
            .filter_map(|step| Some(step.to_possible_value()?.get_name().to_owned()))
            .collect();
        let named: Vec<_> = Step::ALL.iter().map(|step| step.name()).collect();
        assert_eq!(spelled, named);
    }

    #[test]
    fn what_cannot_be_shown_locally_is_one_test_each() {
        let suites = House::find().unwrap().path("tests/src/control_plane/suites.rs");
        let suites = std::fs::read_to_string(suites).unwrap();
        for skipped in NOT_LOCALLY {
            let matched: Vec<&str> =
                suites.split_whitespace().filter(|word| word.contains(skipped)).collect();
            assert_eq!(matched, [skipped]);
        }
    }

    #[test]
    fn what_a_step_needs_runs_before_it_in_the_usual_order() {
        let place = |step: &Step| Step::ALL.iter().position(|other| other == step);
        for step in Step::ALL {
            let run = step.with_needs();
            assert!(run.is_sorted_by_key(place), "{step:?}");
            assert_eq!(run.last(), Some(step));
        }
    }
}
