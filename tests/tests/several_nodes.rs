//! `wiresocket serve --nodes`: several nodes on one machine are one service.

use house_tests::{
    Agent, DataFolder, FLAVOURS, Opening, Plan, ServedNode, Server, StockClient, eventually, http, usage,
};
use serde_json::json;
use tokio::net::TcpStream;

async fn open<'a>(agent: &'a Agent, name: &str, url: String, token: &str) -> StockClient<'a> {
    let token = token.to_owned();
    let client = agent.open(name, &Opening { flavour: FLAVOURS[1], url, room: "doc".into(), token }).await;
    client.synced().await;
    client
}

/// Whether nobody listens where the node was.
async fn is_gone(node: &ServedNode) -> Option<()> {
    TcpStream::connect(node.address).await.is_err().then_some(())
}

#[tokio::test]
async fn clients_of_any_node_share_a_document_and_keep_it_when_its_node_dies() {
    let data = DataFolder::fresh();
    let mut server = Server::start(&data, &["--nodes", "3"]).await;
    let [owner, second, third] = server.nodes().await;
    let token = server.token(&Plan::roomy());
    let agent = Agent::start();
    let on_owner = open(&agent, "on the owner", owner.url(), &token).await;
    let on_second = open(&agent, "on the second", second.url(), &token).await;
    on_owner.insert(0, "one ").await;
    on_second.text_is("one ").await;
    on_second.insert(4, "two ").await;
    on_owner.text_is("one two ").await;
    // By turns: one of three that come through the server's own port is on the owner.
    let names = ["first", "second", "third"];
    let mut through_port = Vec::new();
    for name in names {
        through_port.push(open(&agent, &format!("{name} through the port"), server.url(), &token).await);
    }
    assert_eq!(usage(server.address(), &token).await.connections, 5);

    owner.kill();
    on_owner.disconnected().await;
    on_owner.leave().await;
    on_second.insert(8, "three ").await;
    for client in &through_port {
        client.text_is("one two three ").await;
    }
    let newcomer = open(&agent, "newcomer", third.url(), &token).await;
    newcomer.text_is("one two three ").await;
    eventually("the dead node's connections are given back", || async {
        (usage(server.address(), &token).await.connections == 5).then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_node_and_the_port_before_them_answer_for_the_whole_service() {
    let data = DataFolder::fresh();
    let mut server = Server::start(&data, &["--nodes", "2", "--documents", "memory"]).await;
    let [one, other] = server.nodes().await;
    let token = server.token(&Plan::roomy());
    let agent = Agent::start();
    let _client = open(&agent, "client", one.url(), &token).await;
    let bearer = format!("Bearer {token}");
    for address in [one.address, other.address, server.address(), server.address()] {
        assert_eq!(http::get(address, "/health", &[]).await.status, 200);
        assert_eq!(usage(address, &token).await.connections, 1);
        let path = "/discovery?documentName=doc";
        let answer = http::get(address, path, &[("Authorization", &bearer)]).await.json();
        let url = format!("{}/doc", server.url());
        assert_eq!(answer, json!({"region": "local-1", "url": url, "isNew": false}));
    }
}

#[tokio::test]
async fn nodes_end_with_their_server_however_it_ends_and_documents_stay() {
    let data = DataFolder::fresh();
    let agent = Agent::start();
    let mut server = Server::start(&data, &["--nodes", "2"]).await;
    let nodes: [ServedNode; 2] = server.nodes().await;
    let token = server.token(&Plan::roomy());
    let writer = open(&agent, "writer", server.url(), &token).await;
    let witness = open(&agent, "witness", server.url(), &token).await;
    writer.insert(0, "stays").await;
    witness.text_is("stays").await;
    writer.leave().await;
    witness.leave().await;
    server.kill().await;
    for node in &nodes {
        eventually("the node ends with the server that was killed", || is_gone(node)).await;
    }

    let mut server = Server::start(&data, &["--nodes", "2"]).await;
    let nodes: [ServedNode; 2] = server.nodes().await;
    let heir = open(&agent, "heir", server.url(), &token).await;
    heir.text_is("stays").await;
    heir.leave().await;
    assert_eq!(server.terminate().await.code(), Some(0));
    for node in &nodes {
        assert!(is_gone(node).await.is_some(), "an orderly end waits for the nodes");
    }

    let server = Server::start(&data, &[]).await;
    let alone = open(&agent, "alone", server.url(), &token).await;
    alone.text_is("stays").await;
}
