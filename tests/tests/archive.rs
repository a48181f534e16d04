//! The whole service on a Redis and an archive: what outlives the server, and what outlives Redis.

use house_tests::raw_client::RawClient;
use house_tests::wire::{self, Typist};
use house_tests::{DataFolder, Keeps, Plan, RedisServer, Server, ask_redis, eventually, house::sees, usage};
use std::path::Path;
use tempfile::TempDir;

struct Scene {
    redis: RedisServer,
    archive: TempDir,
    data: DataFolder,
}

impl Scene {
    async fn set() -> Self {
        let archive = TempDir::with_prefix("wiresocket-archive-").expect("a folder can be made");
        Self { redis: RedisServer::start(Keeps::Nothing).await, archive, data: DataFolder::fresh() }
    }

    async fn server(&self) -> Server {
        let (redis, archive) = (
            format!("redis://{}", self.redis.address()),
            format!("file://{}", self.archive.path().display()),
        );
        let options = ["--redis", &redis, "--archive", &archive, "--archive-every", "1s"];
        Server::start(&self.data, &options).await
    }

    /// The archived state of the one document.
    fn archived(&self) -> Option<Vec<u8>> {
        file_below(self.archive.path()).map(|path| std::fs::read(path).expect("it can be read"))
    }
}

fn file_below(folder: &Path) -> Option<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it is a folder");
    entries
        .map(|entry| entry.expect("it can be listed").path())
        .find_map(|path| if path.is_dir() { file_below(&path) } else { Some(path) })
}

async fn join(server: &Server, token: &str) -> RawClient {
    RawClient::join(server.address(), "/d", token).await.expect("there is room")
}

async fn reads(server: &Server, token: &str, text: &str) {
    let mut reader = join(server, token).await;
    reader.send(wire::sync_step_1()).await;
    sees(&mut reader, text).await;
}

#[tokio::test]
async fn documents_on_redis_outlive_the_server() {
    let scene = Scene::set().await;
    for (life, text) in ["one ", "two ", "three "].into_iter().enumerate() {
        let server = scene.server().await;
        let token = server.token(&Plan::default());
        let (mut writer, mut reader) = (join(&server, &token).await, join(&server, &token).await);
        writer.send(wire::update_message(&Typist::new(life as u64 + 1).types(text))).await;
        sees(&mut reader, text).await;
        server.kill().await;
    }
    let server = scene.server().await;
    let token = server.token(&Plan::default());
    for text in ["one ", "two ", "three "] {
        reads(&server, &token, text).await;
    }
}

#[tokio::test]
async fn a_released_document_comes_back_from_the_archive_when_redis_has_lost_it() {
    let scene = Scene::set().await;
    let server = scene.server().await;
    let token = server.token(&Plan::default());
    let mut writer = join(&server, &token).await;
    writer.send(wire::update_message(&Typist::new(1).types("kept for long"))).await;
    writer.leave().await;
    eventually("the document is released", async || {
        (usage(server.address(), &token).await.documents == 0).then_some(())
    })
    .await;
    ask_redis(scene.redis.address(), &["FLUSHALL"]).await.expect("redis answers");
    reads(&server, &token, "kept for long").await;
}

#[tokio::test]
async fn what_was_archived_while_it_changed_outlives_the_server_and_its_redis() {
    let mut scene = Scene::set().await;
    let server = scene.server().await;
    let token = server.token(&Plan::default());
    let (mut writer, mut typist) = (join(&server, &token).await, Typist::new(1));
    writer.send(wire::update_message(&typist.types("first "))).await;
    let holds = |text: &str| {
        let state = scene.archived().unwrap_or_default();
        state.windows(text.len()).any(|window| window == text.as_bytes()).then_some(())
    };
    eventually("the first words are archived", async || holds("first ")).await;
    writer.send(wire::update_message(&typist.types("and second"))).await;
    eventually("what follows is archived too", async || holds("first and second")).await;
    server.kill().await;
    scene.redis.restart_empty().await;
    reads(&scene.server().await, &token, "first and second").await;
}
