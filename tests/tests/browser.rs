//! The stock client in a real browser, and what a page can read of a refusal.

use house_tests::{Agent, FLAVOURS, NodeProcess, Opening, Plan, Server, clients_folder};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const CHROMIUM: &str = "/usr/bin/chromium";
const INSTALL: &str = "apt-get update && apt-get install -y --no-install-recommends chromium";

/// Chromium, installed where that is possible; once, as apt lets nobody in beside itself.
fn chromium() -> &'static str {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        if !Path::new(CHROMIUM).exists() {
            let mut shell = Command::new("sh");
            shell.args(["-c", INSTALL]).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
            let installed = shell.status().is_ok_and(|status| status.success());
            assert!(installed, "this test needs {CHROMIUM}: run `{INSTALL}` as root");
        }
    });
    CHROMIUM
}

/// A page in a browser, and the origin that it sends.
async fn open_page() -> (NodeProcess, String) {
    let executable = chromium();
    clients_folder();
    let mut page = NodeProcess::start("browser.mjs", &json!({ "executable": executable }));
    let opened = page.next("a page in the browser").await;
    let origin = opened["origin"].as_str().expect("the page has an origin").to_owned();
    (page, origin)
}

#[tokio::test]
async fn a_page_and_a_program_write_one_text() {
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan::default());
    let (mut page, _) = open_page().await;
    let details = json!({
        "url": server.url(), "room": "doc", "params": {"token": token},
        "greeting": "hello from the page", "answer": "hello from the program",
    });
    page.write_line(&json!({"do": "talk", "with": details}).to_string()).await;

    let agent = Agent::start();
    let opening = Opening { flavour: FLAVOURS[1], url: server.url(), room: "doc".into(), token };
    let program = agent.open("program", &opening).await;
    program.text_is("hello from the page").await;
    program.insert(0, "hello from the program, ").await;
    let text = page.next("the page's text").await;
    assert_eq!(text, "hello from the program, hello from the page");
}

#[tokio::test]
async fn a_page_reads_code_and_reason_of_its_refusal() {
    let (server, _data) = Server::fresh().await;
    let (mut page, origin) = open_page().await;
    let mut claims = Plan::default().claims();
    claims["allowed_domain_1"] = json!("app.example.org");
    let foreign = server.signer().sign(&json!({}), &claims);
    let full = server.token(&Plan { connections: 0, ..Plan::default() });
    let cases = [
        ("doc".to_owned(), 4001, "Missing token"),
        ("doc?token=nonsense".to_owned(), 4002, "Invalid token: malformed"),
        (format!("doc?token={foreign}"), 4003, "Forbidden: origin"),
        (format!("doc?token={full}"), 4004, "Connection limit exceeded: 0"),
        (format!("%00?token={full}"), 4007, "Invalid document name"),
    ];
    for (path, code, reason) in cases {
        let url = format!("{}/{path}", server.url());
        page.write_line(&json!({"do": "closeOf", "with": url}).to_string()).await;
        let close = page.next("the page's close").await;
        assert_eq!(close, json!({"code": code, "reason": reason}), "{path} from {origin}");
    }
}
