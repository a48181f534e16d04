//! Stock y-websocket clients, unchanged from npm, against a real server.

use house_tests::{Agent, FLAVOURS, Opening, PATIENCE, Plan, Server, StockClient, eventually, usage, within};
use serde_json::json;
use std::time::Duration;

/// After 30 s without news of a client, the others forget it by themselves.
const BEFORE_CLIENTS_FORGET: Duration = Duration::from_secs(20);

/// A server, and how each flavour's client opens one document of it.
struct House {
    server: Server,
    agent: Agent,
    token: String,
    _data: house_tests::DataFolder,
}

impl House {
    async fn open() -> Self {
        let (server, data) = Server::fresh().await;
        let token = server.token(&Plan::default());
        Self { server, agent: Agent::start(), token, _data: data }
    }

    fn opening(&self, flavour: &'static str, room: &str) -> Opening {
        Opening { flavour, url: self.server.url(), room: room.into(), token: self.token.clone() }
    }

    /// Providers put the room into the URL as it is, so a slash must be escaped.
    async fn client(&self, name: &str, flavour: &'static str, room: &str) -> StockClient<'_> {
        self.agent.open(name, &self.opening(flavour, &room.replace('/', "%2F"))).await
    }
}

#[tokio::test]
async fn every_flavour_syncs_with_every_flavour() {
    let house = House::open().await;
    let mut clients = Vec::new();
    for flavour in FLAVOURS {
        let client = house.client(flavour, flavour, "shared").await;
        client.synced().await;
        client.insert(0, &format!("[{flavour}]")).await;
        clients.push(client);
    }
    let parts = FLAVOURS.map(|flavour| format!("[{flavour}]"));
    let parts = parts.each_ref().map(String::as_str);
    let first = clients[0].text_has(&parts).await;
    for client in &clients {
        client.text_is(&first).await;
    }
}

#[tokio::test]
async fn a_late_joiner_gets_what_was_written_before_it_came() {
    let house = House::open().await;
    for flavour in FLAVOURS {
        let early = house.client(&format!("early {flavour}"), flavour, flavour).await;
        early.synced().await;
        early.insert(0, "written before").await;
        let late = house.client(&format!("late {flavour}"), flavour, flavour).await;
        late.synced().await;
        late.text_is("written before").await;
    }
}

#[tokio::test]
async fn concurrent_typing_at_one_place_ends_in_one_text_everywhere() {
    let house = House::open().await;
    let mut clients = Vec::new();
    for flavour in FLAVOURS {
        let client = house.client(flavour, flavour, "crowded").await;
        client.synced().await;
        clients.push(client);
    }
    let words: Vec<String> = (0..60).map(|i| format!("<{i}>")).collect();
    let typing = words.iter().enumerate().map(|(i, word)| clients[i % clients.len()].insert(0, word));
    futures_util::future::join_all(typing).await;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let text = clients[0].text_has(&words).await;
    for client in &clients {
        client.text_is(&text).await;
    }
}

#[tokio::test]
async fn awareness_is_seen_by_others_and_removed_when_its_client_leaves() {
    let house = House::open().await;
    for flavour in FLAVOURS {
        for watcher_flavour in FLAVOURS {
            let room = format!("{flavour} seen by {watcher_flavour}");
            let present = house.client(&format!("present {room}"), flavour, &room).await;
            let watcher = house.client(&format!("watching {room}"), watcher_flavour, &room).await;
            present.synced().await;
            watcher.synced().await;
            let state = json!({"user": {"name": "Ada", "cursor": [1, 2]}});
            present.set_state(&state).await;
            let id = present.client_id().await;
            watcher.sees_state(id, &state).await;
            present.leave().await;
            watcher.sees_state(id, &json!(null)).await;
        }
    }
}

#[tokio::test]
async fn awareness_is_there_for_a_late_joiner_and_goes_when_its_client_vanishes() {
    let house = House::open().await;
    for flavour in FLAVOURS {
        let present = house.client(&format!("present {flavour}"), flavour, flavour).await;
        present.synced().await;
        let state = json!({"name": "Grace"});
        present.set_state(&state).await;
        let late = house.client(&format!("late {flavour}"), flavour, flavour).await;
        let id = present.client_id().await;
        late.sees_state(id, &state).await;
        present.cut().await;
        // The provider comes back by itself, with the same id and its state.
        present.synced_again(2).await;
        late.sees_state(id, &state).await;
        present.vanish().await;
        within(BEFORE_CLIENTS_FORGET, "the server's removal", late.sees_state(id, &json!(null))).await;
    }
}

#[tokio::test]
async fn a_cut_line_is_reconnected_and_edits_go_on() {
    let house = House::open().await;
    for flavour in FLAVOURS {
        let cut = house.client(&format!("cut {flavour}"), flavour, flavour).await;
        let other = house.client(&format!("other {flavour}"), flavour, flavour).await;
        cut.synced().await;
        other.synced().await;
        cut.insert(0, "before ").await;
        other.text_is("before ").await;
        cut.cut().await;
        cut.synced_again(2).await;
        cut.insert(7, "after").await;
        other.text_is("before after").await;
        other.insert(0, "even ").await;
        cut.text_is("even before after").await;
    }
}

#[tokio::test]
async fn edits_made_offline_are_merged_when_their_client_returns() {
    let house = House::open().await;
    for flavour in FLAVOURS {
        let traveller = house.client(&format!("traveller {flavour}"), flavour, flavour).await;
        let resident = house.client(&format!("resident {flavour}"), flavour, flavour).await;
        traveller.synced().await;
        resident.synced().await;
        traveller.insert(0, "common ground").await;
        resident.text_is("common ground").await;
        traveller.disconnect().await;
        traveller.disconnected().await;
        traveller.insert(0, "offline ").await;
        traveller.delete(14, 7).await;
        resident.insert(13, " online").await;
        traveller.connect().await;
        let merged = "offline common online";
        traveller.text_is(merged).await;
        resident.text_is(merged).await;
    }
}

#[tokio::test]
async fn usage_counts_stock_clients_as_they_come_and_go() {
    let house = House::open().await;
    let count = async || {
        let count = usage(house.server.address(), &house.token).await;
        (count.connections, count.documents)
    };
    let first = house.client("first", FLAVOURS[0], "one").await;
    first.synced().await;
    assert_eq!(count().await, (1, 1));
    let second = house.client("second", FLAVOURS[1], "one").await;
    second.synced().await;
    assert_eq!(count().await, (2, 1));
    let third = house.client("third", FLAVOURS[2], "two").await;
    third.synced().await;
    assert_eq!(count().await, (3, 2));
    second.leave().await;
    eventually("the second leaves the count", async || (count().await == (2, 1 + 1)).then_some(())).await;
    third.leave().await;
    eventually("the third leaves the count", async || (count().await.0 == 1).then_some(())).await;
    // The grace of its document ends after ten seconds.
    eventually("the third's document is released", async || (count().await == (1, 1)).then_some(())).await;
}

/// The stock provider gives a line up after 30 s without a message, so a minute covers two of its deadlines.
#[tokio::test]
async fn a_minute_of_silence_disconnects_no_stock_client() {
    const SILENCE: Duration = Duration::from_secs(65);
    let house = House::open().await;
    let mut silent = Vec::new();
    for flavour in FLAVOURS {
        // Alone in its document, and without an awareness state that it would refresh itself.
        let room = format!("silent {flavour}");
        let client = house.client(flavour, flavour, &room).await;
        client.synced().await;
        client.set_state(&json!(null)).await;
        silent.push(client);
    }
    tokio::time::sleep(SILENCE).await;
    for (client, flavour) in silent.iter().zip(FLAVOURS) {
        let report = within(PATIENCE, "a report", client.report()).await;
        let undisturbed = json!({"synced": true, "connected": true, "connects": 1, "closes": 0});
        assert_eq!(report, undisturbed, "{flavour}");
    }
}
