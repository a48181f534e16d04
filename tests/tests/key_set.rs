//! Keys that an owner adds to the data folder's key set: one of each kind, made and used by Node.

use futures_util::future::join_all;
use house_tests::raw_client::{Ending, RawClient};
use house_tests::{DataFolder, Plan, Server, Signer, clients_folder};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// A server whose key set holds one added key of each kind, and who signs with them.
struct House {
    server: Server,
    signers: Vec<(String, Signer)>,
    _data: DataFolder,
    _private: DataFolder,
}

impl House {
    async fn open() -> Self {
        let (data, private) = (DataFolder::fresh(), DataFolder::fresh());
        let keys = new_keys();
        let public: Vec<&Value> = keys.iter().map(|key| &key["public"]).collect();
        fs::write(data.path().join("jwks.json"), json!({ "keys": public }).to_string())
            .expect("the data folder can be written");
        let signers = keys.iter().map(|key| {
            let kind = key["alg"].as_str().expect("each key has its algorithm").to_owned();
            let path = private.path().join(&kind);
            fs::write(&path, key["private"].to_string()).expect("the folder can be written");
            (kind, Signer::of_key(path))
        });
        let signers = signers.collect();
        let server = Server::start(&data, &[]).await;
        Self { server, signers, _data: data, _private: private }
    }

    async fn join(&self, token: &str) -> Result<(), Ending> {
        RawClient::join(self.server.address(), "/doc", token).await.map(drop)
    }
}

fn new_keys() -> Vec<Value> {
    let mut command = Command::new("node");
    let output =
        command.arg("new_keys.mjs").current_dir(clients_folder()).output().expect("node is installed");
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

#[tokio::test]
async fn tokens_of_every_kind_of_added_key_are_good_with_and_without_kid() {
    let house = House::open().await;
    for (kind, signer) in &house.signers {
        for header in [json!({}), json!({"kid": null})] {
            let token = signer.sign(&header, &Plan::default().claims());
            assert_eq!(house.join(&token).await, Ok(()), "{kind} with {header}");
        }
    }
}

#[tokio::test]
async fn the_servers_own_key_is_good_beside_added_ones() {
    let house = House::open().await;
    assert_eq!(house.join(&house.server.token(&Plan::default())).await, Ok(()));
}

#[tokio::test]
async fn a_token_that_names_an_algorithm_of_another_kind_is_refused() {
    let house = House::open().await;
    let claims = Plan::default().claims();
    let mut forged = Vec::new();
    for (kind, signer) in &house.signers {
        let others = house.signers.iter().map(|(other, _)| other.as_str()).filter(|other| other != kind);
        for other in others.chain(["none", "HS512", "PS256", "hs256", ""]) {
            forged.push((format!("{kind} as {other:?}"), signer.sign(&json!({ "alg": other }), &claims)));
        }
    }
    let refusals = forged.iter().map(async |(what, token)| {
        let refused = house.join(token).await.expect_err("the token is forged");
        assert!(matches!(refused, Ending::Closed(4002, _)), "{what}: {refused:?}");
    });
    join_all(refusals).await;
}
