use crate::node::clients_folder;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// The plan limits and the app that a token speaks for.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The app's id; apps share no limits.
    pub app: &'static str,
    /// `maxConnections`.
    pub connections: u64,
    /// `maxDocuments`.
    pub documents: u64,
    /// `maxUsersPerDoc`.
    pub users: u64,
    /// `opsPerMinute`.
    pub ops: u64,
}

impl Default for Plan {
    /// Enough for a few clients.
    fn default() -> Self {
        Self { app: "app", connections: 100, documents: 100, users: 100, ops: 100_000 }
    }
}

impl Plan {
    /// Limits that no test reaches.
    #[must_use]
    pub fn roomy() -> Self {
        const PLENTY: u64 = 1 << 40;
        Self { app: "roomy", connections: PLENTY, documents: PLENTY, users: PLENTY, ops: PLENTY }
    }
}

/// Signs JWTs with the key of a server's data folder, through Node's own cryptography: no line of code is
/// shared with what verifies them.
#[derive(Debug, Clone)]
pub struct Signer {
    key: PathBuf,
}

impl Signer {
    /// The signer of a data folder on which a server has been started.
    #[must_use]
    pub fn of_data_folder(data: &Path) -> Self {
        Self::of_key(data.join("signing-key.json"))
    }

    /// The signer whose private JWK is in the file `key`.
    #[must_use]
    pub fn of_key(key: PathBuf) -> Self {
        Self { key }
    }

    /// The file of the private key.
    #[must_use]
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// A token that is good for an hour.
    #[must_use]
    pub fn token(&self, plan: &Plan) -> String {
        self.sign(&json!({}), &plan.claims())
    }

    /// A token with these claims, and these header fields over the usual ones.
    ///
    /// # Panics
    /// Where the key can't be read or Node is missing.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let request = json!({"key": self.key, "header": header, "claims": claims});
        let mut command = Command::new("node");
        command.args(["sign.mjs", &request.to_string()]).current_dir(clients_folder());
        let output = command.output().expect("node is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a JWT is ASCII")
    }
}

impl Plan {
    /// The claims of a good token for this plan.
    #[must_use]
    pub fn claims(&self) -> Value {
        json!({
            "aud": "WireSocket.API",
            "scope": "WireSocket.API",
            "tenantid": "tenant",
            "appId": self.app,
            "exp": unix_seconds() + 3600,
            "limits": {
                "maxConnections": self.connections,
                "maxDocuments": self.documents,
                "maxUsersPerDoc": self.users,
                "opsPerMinute": self.ops,
            },
        })
    }
}

/// Seconds since 1970 at this moment.
///
/// # Panics
/// Where the machine's clock stands before 1970.
#[must_use]
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs()
}
