use super::deployment::as_anybody;
use super::docker::Docker;
use super::{ARCHITECTURE, Deployment, sam};
use crate::background::{Background, free_address};
use crate::failure::Failure;
use crate::house::House;
use serde_json::json;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

/// `sam local start-api`: the functions in containers, behind an HTTP API on this machine, over the tables of a deployment.
pub(crate) struct LocalApi {
    url: String,
    _api: Background,
}

impl LocalApi {
    /// Serves what `sam build` wrote to `built`.
    pub(crate) fn start(
        house: &House,
        built: &Path,
        docker: &Docker,
        deployment: &Deployment,
    ) -> Result<Self, Failure> {
        let at = free_address(Ipv4Addr::LOCALHOST)?;
        let mut api = sam(house, &[])?;
        api.envs(docker.variables());
        as_anybody(&mut api).args(["local", "start-api", "--warm-containers", "LAZY", "--template"]);
        api.arg(built.join("template.yaml")).arg("--port").arg(at.port().to_string());
        api.arg("--env-vars").arg(variables(house, deployment)?);
        if docker.has_image() {
            api.arg("--skip-pull-image");
        }
        api.arg("--parameter-overrides").args(deployment.parameters()?);
        println!("`sam local start-api` for {ARCHITECTURE} at http://{at}");
        Ok(Self { url: format!("http://{at}"), _api: Background::listening(&mut api, at)? })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// A file of variables that `sam local` leaves empty: it does not work out those that a template gives on a condition.
fn variables(house: &House, deployment: &Deployment) -> Result<PathBuf, Failure> {
    let path = house.built("sam/local-variables.json");
    let variables = json!({
        "WIRESOCKET_DYNAMODB_ENDPOINT": deployment.endpoint(),
        "WIRESOCKET_REDIS": deployment.redis_url(),
    });
    fs::write(&path, json!({ "Parameters": variables }).to_string())
        .map_err(|source| Failure::Write { path: path.clone(), source })?;
    Ok(path)
}
