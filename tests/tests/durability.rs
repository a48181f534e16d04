//! What a second client has seen outlives the server, however it ends.

use house_tests::raw_client::RawClient;
use house_tests::{Agent, DataFolder, FLAVOURS, Opening, Plan, Server, StockClient, wire};

fn opening(server: &Server, token: &str) -> Opening {
    Opening { flavour: FLAVOURS[1], url: server.url(), room: "doc".into(), token: token.to_owned() }
}

/// What a newcomer reads first.
async fn first_read(agent: &Agent, name: &str, server: &Server, token: &str) -> String {
    let newcomer = agent.open(name, &opening(server, token)).await;
    newcomer.synced().await;
    let text = newcomer.read().await;
    newcomer.leave().await;
    text
}

/// Types words at the end until the server is gone; nobody waits for anything.
async fn type_on(client: &StockClient<'_>, words: usize) {
    for word in 0..words {
        client.insert(usize::MAX >> 12, &format!("<{word}>")).await;
    }
}

#[tokio::test]
async fn every_update_that_a_second_client_has_seen_is_there_after_kill_9() {
    let data = DataFolder::fresh();
    let agent = Agent::start();
    let mut survived = String::new();
    for life in 0..4 {
        let server = Server::start(&data, &[]).await;
        let token = server.token(&Plan::roomy());
        let writer = agent.open(&format!("writer {life}"), &opening(&server, &token)).await;
        let witness = agent.open(&format!("witness {life}"), &opening(&server, &token)).await;
        writer.text_is(&survived).await;
        witness.text_is(&survived).await;
        let mark = format!("<{}>", 100 + 57 * life);
        let typing = type_on(&writer, 600);
        // The server dies in the middle of the typing, as soon as the witness has seen the mark.
        let killing = async {
            witness.text_has(&[&mark]).await;
            server.kill().await;
            witness.disconnected().await;
        };
        tokio::join!(typing, killing);
        let seen = witness.read().await;
        writer.leave().await;
        witness.leave().await;

        let server = Server::start(&data, &[]).await;
        survived = first_read(&agent, &format!("heir {life}"), &server, &token).await;
        assert!(survived.starts_with(&seen), "life {life}: seen\n{seen}\nsurvived\n{survived}");
        assert!(seen.contains(&mark), "the witness had seen something");
        server.kill().await;
    }
}

#[tokio::test]
async fn a_document_is_the_same_after_an_orderly_restart() {
    let data = DataFolder::fresh();
    let agent = Agent::start();
    let server = Server::start(&data, &[]).await;
    let token = server.token(&Plan::roomy());
    let writer = agent.open("writer", &opening(&server, &token)).await;
    writer.synced().await;
    type_on(&writer, 200).await;
    writer.delete(10, 100).await;
    let text = writer.read().await;
    let witness = agent.open("witness", &opening(&server, &token)).await;
    witness.text_is(&text).await;
    let stopped = server.terminate().await;
    assert_eq!(stopped.code(), Some(0));

    let server = Server::start(&data, &[]).await;
    assert_eq!(first_read(&agent, "heir", &server, &token).await, text);
}

#[tokio::test]
async fn stock_clients_find_back_by_themselves_to_a_restarted_server() {
    let data = DataFolder::fresh();
    let agent = Agent::start();
    let server = Server::start(&data, &[]).await;
    let (address, token) = (server.address(), server.token(&Plan::roomy()));
    let writer = agent.open("writer", &opening(&server, &token)).await;
    let reader = agent.open("reader", &opening(&server, &token)).await;
    writer.synced().await;
    writer.insert(0, "before").await;
    reader.text_is("before").await;
    server.kill().await;
    reader.disconnected().await;
    writer.insert(6, ", between").await;
    let _server = Server::start_at(address, &data, &[]).await;
    reader.text_is("before, between").await;
    reader.insert(0, "and after: ").await;
    writer.text_is("and after: before, between").await;
}

#[tokio::test]
async fn documents_in_memory_end_with_their_server() {
    let data = DataFolder::fresh();
    let agent = Agent::start();
    let server = Server::start(&data, &["--documents", "memory"]).await;
    let token = server.token(&Plan::default());
    let writer = agent.open("writer", &opening(&server, &token)).await;
    writer.synced().await;
    writer.insert(0, "gone tomorrow").await;
    let witness = agent.open("witness", &opening(&server, &token)).await;
    witness.text_is("gone tomorrow").await;
    server.kill().await;
    let server = Server::start(&data, &["--documents", "memory"]).await;
    assert_eq!(first_read(&agent, "heir", &server, &token).await, "");
}

#[tokio::test]
async fn what_a_client_sends_just_before_it_hangs_up_is_not_lost() {
    const CLIENTS: u64 = 40;
    const OPS: usize = 100;
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan::roomy());
    for id in 1..=CLIENTS {
        let mut client = RawClient::join(server.address(), "/doc", &token).await.expect("there is room");
        let mut typist = wire::Typist::new(id);
        for _ in 0..OPS {
            client.send(wire::update_message(&typist.types("x"))).await;
        }
        client.leave().await;
    }
    let agent = Agent::start();
    let newcomer = agent.open("newcomer", &opening(&server, &token)).await;
    newcomer.text_is(&"x".repeat(CLIENTS as usize * OPS)).await;
    newcomer.leave().await;
}
