//! Real editing sessions, replayed through stock clients: recorded ones where `WIRESOCKET_RECORDINGS` names
//! their folder, else typed by a seeded generator.

use house_tests::{Agent, DataFolder, NodeProcess, Opening, Plan, Recording, Server, Typing, clients_folder};
use serde_json::json;
use std::time::Duration;

const REPLAY_PATIENCE: Duration = Duration::from_secs(300);

/// Replays `recording` into `room`, each writer in a Node process of its own, and checks what all of them have
/// in the end.
async fn replay(server: &Server, token: &str, room: &str, recording: &Recording) -> Vec<NodeProcess> {
    clients_folder();
    let mut writers: Vec<NodeProcess> = (0..recording.writers)
        .map(|agent| {
            let (url, params) = (server.url(), json!({ "token": token }));
            let path = recording.path();
            let argument =
                json!({"recording": path, "agent": agent, "url": url, "room": room, "params": params});
            NodeProcess::start("replay.mjs", &argument)
        })
        .collect();
    for writer in &mut writers {
        assert_eq!(writer.next("a writer is connected").await, json!({"ready": true}));
    }
    for writer in &mut writers {
        writer.write_line("go").await;
    }
    for (agent, writer) in writers.iter_mut().enumerate() {
        let end = writer.next_within(REPLAY_PATIENCE, "a writer's end").await;
        assert!(end["text"] == recording.end, "writer {agent} ends with another text");
        assert!(end["wire"] == recording.end, "writer {agent} has received another text");
    }
    writers
}

/// Replays a session, and reads it as a late joiner, and as one after `kill -9` and a restart.
async fn outlives_its_server(name: &str, typing: Typing) {
    let recording = Recording::named_or_typed(name, typing);
    let data = DataFolder::fresh();
    let server = Server::start(&data, &[]).await;
    let token = server.token(&Plan::roomy());
    let writers = replay(&server, &token, "session", &recording).await;

    let agent = Agent::start();
    let opening = |server: &Server| Opening {
        flavour: "y-websocket 3",
        url: server.url(),
        room: "session".into(),
        token: token.clone(),
    };
    let late = agent.open("late", &opening(&server)).await;
    late.synced().await;
    late.text_is(&recording.end).await;
    late.leave().await;
    drop(writers);
    server.kill().await;

    let server = Server::start(&data, &[]).await;
    let heir = agent.open("heir", &opening(&server)).await;
    heir.synced().await;
    assert!(heir.read().await == recording.end, "the first sync after a restart gives another text");
}

#[tokio::test]
async fn two_people_typing_at_once_end_in_the_recorded_text() {
    let typing = Typing { seed: 20_260_225, writers: 2, rounds: 60 };
    outlives_its_server("friendsforever.json.gz", typing).await;
}

#[tokio::test]
async fn one_person_writing_code_ends_in_the_recorded_text() {
    let typing = Typing { seed: 20_260_226, writers: 1, rounds: 120 };
    outlives_its_server("rustcode.json.gz", typing).await;
}
