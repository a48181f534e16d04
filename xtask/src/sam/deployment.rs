use super::outputs::Outputs;
use super::{ARCHITECTURE, sam};
use crate::background::{Background, free_address};
use crate::failure::Failure;
use crate::house::{House, output, run};
use crate::redis_server;
use crate::servers::MINISTACK;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The AWS region that the stand-in is told; any would do.
const REGION: &str = "us-east-1";
const STACK: &str = "wiresocket";
const MINISTACK_LOG: &str = "sam/ministack.log";

/// The template, deployed by `sam deploy` into a stand-in for Amazon's services on this machine. Both end with this
/// value.
///
/// What is deployed: tables, key, network, HTTP API and functions, which the stand-in starts as processes. What is not: the
/// sync service, whose load balancer, tasks and scaling the stand-in lacks; alarms, whose arithmetic it lacks; and the cache,
/// which would be a name without a server. Tests start sync nodes beside it, and the cache is a Redis of this machine: both are
/// choices that the template gives every operator.
pub(crate) struct Deployment {
    endpoint: String,
    redis_url: String,
    outputs: Outputs,
    _ministack: Background,
    _redis: Background,
}

impl Deployment {
    /// Starts the stand-in and a Redis, which listen at `host`, and deploys what `sam build` wrote to `built`.
    pub(crate) fn start(house: &House, built: &Path, host: Ipv4Addr) -> Result<Self, Failure> {
        let redis_at = free_address(host)?;
        let redis = Background::listening(&mut redis(house, redis_at)?, redis_at)?;
        let at = free_address(host)?;
        let ministack = Background::listening(&mut ministack(house, at)?, at)?;
        let (endpoint, redis_url) = (format!("http://{at}"), format!("redis://{redis_at}"));
        let begun = Instant::now();
        deploy(house, built, &endpoint, &redis_url)?;
        println!("deployed in {:.1} s", begun.elapsed().as_secs_f64());
        let listed = output(asking(sam(house, &[])?, &endpoint).args([
            "list",
            "stack-outputs",
            "--stack-name",
            STACK,
            "--output",
            "json",
        ]))?;
        let outputs = Outputs::parse(&listed).ok_or(Failure::Outputs)?;
        Ok(Self { endpoint, redis_url, outputs, _ministack: ministack, _redis: redis })
    }

    /// Where the stand-in is.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where the region's Redis is.
    pub(crate) fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// The template's parameters for whoever else runs the same functions over the same tables.
    pub(crate) fn parameters(&self) -> Result<Vec<String>, Failure> {
        let key = self.outputs.get("VaultKeyArn").ok_or(Failure::Outputs)?;
        let mut all = Vec::from(parameters(&self.endpoint, &self.redis_url));
        all.push(format!("VaultKeyArn={key}"));
        Ok(all)
    }

    /// What tests are told of it.
    pub(crate) fn variables(&self) -> Result<[(&'static str, String); 6], Failure> {
        let output = |key: &str| self.outputs.get(key).map(str::to_owned).ok_or(Failure::Outputs);
        Ok([
            ("WIRESOCKET_DEPLOYED_ENDPOINT", self.endpoint.clone()),
            ("WIRESOCKET_DEPLOYED_API", format!("{}/_aws/execute-api/{}", self.endpoint, output("ApiId")?)),
            ("WIRESOCKET_DEPLOYED_SWEEP", output("SweepName")?),
            ("WIRESOCKET_DEPLOYED_WEBHOOKS", output("WebhooksName")?),
            ("WIRESOCKET_DEPLOYED_VAULT", output("VaultKeyArn")?),
            ("WIRESOCKET_DEPLOYED_REDIS", self.redis_url.clone()),
        ])
    }
}

fn redis(house: &House, at: SocketAddrV4) -> Result<Command, Failure> {
    let mut redis = house.program(redis_server::installed(house)?);
    redis.args(["--save", "", "--protected-mode", "no", "--bind"]).arg(at.ip().to_string());
    redis.arg("--port").arg(at.port().to_string()).stdout(Stdio::null());
    Ok(redis)
}

/// What it logs, functions' own lines among it, is in a file of the target folder.
fn ministack(house: &House, at: SocketAddrV4) -> Result<Command, Failure> {
    let log = house.log(MINISTACK_LOG)?;
    let shared =
        log.try_clone().map_err(|source| Failure::Write { path: house.built(MINISTACK_LOG), source })?;
    let mut ministack = house.program(MINISTACK.installed(house)?);
    ministack
        .env("BIND_HOST", at.ip().to_string())
        .env("IOT_MTLS_ENABLED", "0")
        .env("GATEWAY_PORT", at.port().to_string());
    ministack.stdout(log).stderr(shared);
    Ok(ministack)
}

fn deploy(house: &House, built: &Path, endpoint: &str, redis_url: &str) -> Result<(), Failure> {
    let mut deploy = asking(sam(house, &[])?, endpoint);
    deploy.arg("deploy").arg("--template-file").arg(built.join("template.yaml"));
    deploy.args(["--stack-name", STACK, "--region", REGION, "--resolve-s3", "--no-confirm-changeset"]);
    deploy.args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-progressbar"]);
    deploy.arg("--parameter-overrides").args(parameters(endpoint, redis_url));
    run(&mut deploy)
}

fn parameters(endpoint: &str, redis_url: &str) -> [String; 7] {
    [
        format!("Architecture={ARCHITECTURE}"),
        format!("DynamoDbEndpoint={endpoint}"),
        format!("KmsEndpoint={endpoint}"),
        format!("RedisUrl={redis_url}"),
        "SyncService=none".to_owned(),
        "Alarms=none".to_owned(),
        "SecondHomeName=aws-eu-central-1".to_owned(),
    ]
}

fn asking(mut command: Command, endpoint: &str) -> Command {
    as_anybody(&mut command).env("AWS_ENDPOINT_URL", endpoint);
    command
}

/// The stand-in takes any credentials.
pub(super) fn as_anybody(command: &mut Command) -> &mut Command {
    command.env("AWS_DEFAULT_REGION", REGION);
    command.env("AWS_ACCESS_KEY_ID", "wiresocket").env("AWS_SECRET_ACCESS_KEY", "wiresocket")
}
