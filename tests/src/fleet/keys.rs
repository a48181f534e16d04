use crate::node::clients_folder;
use crate::signer::Signer;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The kind of key that signs a fleet's tokens.
const ALGORITHM: &str = "EdDSA";

/// A key pair made for one test: the key set that nodes verify by, and who signs.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) key_set: PathBuf,
    pub(super) signer: Signer,
}

impl Keys {
    pub(super) fn fresh(folder: &Path) -> Self {
        let mut command = Command::new("node");
        let output = command.arg("new_keys.mjs").current_dir(clients_folder()).output();
        let made: Vec<Value> = serde_json::from_slice(&output.expect("node is installed").stdout)
            .expect("the script prints JSON");
        let key = made.iter().find(|key| key["alg"] == ALGORITHM).expect("one of each kind is made");
        let (key_set, private) = (folder.join("jwks.json"), folder.join("signing-key.json"));
        let write = |path: &Path, content: &Value| {
            fs::write(path, content.to_string()).expect("the folder can be written");
        };
        write(&key_set, &json!({"keys": [key["public"]]}));
        write(&private, &key["private"]);
        Self { key_set, signer: Signer::of_key(private) }
    }
}
