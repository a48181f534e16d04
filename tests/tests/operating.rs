//! What an operator sees: starting, stopping, options, the data folder, tokens from the command line.

use house_tests::raw_client::RawClient;
use house_tests::{DataFolder, Plan, Server, usage, wiresocket};
use std::path::Path;
use std::process::{Command, Output};

/// Runs the binary to its end. Whatever is tested here must not start a server.
fn run(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(wiresocket());
    command.args(arguments).env("WIRESOCKET_DATA", data);
    command.output().expect("the binary can be run")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn it_starts_on_an_empty_folder_and_says_where_it_listens() {
    let data = DataFolder::fresh();
    let first = Server::start(&data, &[]).await;
    println!("first start to `listening`: {:?}", first.started_in());
    assert!(first.address().ip().is_loopback());
    assert_ne!(first.address().port(), 0);
    assert_eq!(first.terminate().await.code(), Some(0));
    let second = Server::start(&data, &[]).await;
    println!("second start to `listening`: {:?}", second.started_in());
}

/// Whoever starts it waits for the line, and may want it to end at that very moment.
#[tokio::test]
async fn it_ends_in_order_as_soon_as_it_says_that_it_listens() {
    let data = DataFolder::fresh();
    for start in 0..20 {
        let server = Server::start(&data, &[]).await;
        assert_eq!(server.terminate().await.code(), Some(0), "start {start}");
    }
}

#[tokio::test]
async fn its_signing_key_is_made_once_and_read_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let data = DataFolder::fresh();
    let server = Server::start(&data, &[]).await;
    let token = server.token(&Plan::default());
    let key = server.signer().key();
    let mode = std::fs::metadata(key).expect("the key is a file").permissions().mode();
    assert_eq!(mode & 0o077, 0, "the key of {} can be read by others", key.display());
    server.terminate().await;
    let server = Server::start(&data, &[]).await;
    RawClient::join(server.address(), "/doc", &token).await.expect("an old token is good after a restart");
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_says_that_it_is_in_use() {
    let data = DataFolder::fresh();
    let first = Server::start(&data, &[]).await;
    let second = run(&["serve", "--listen", "127.0.0.1:0"], data.path());
    assert!(!second.status.success());
    let message = stderr(&second);
    assert!(message.contains("in use"), "{message}");
    assert!(message.contains(&*data.path().to_string_lossy()), "{message}");
    let token = first.token(&Plan::default());
    RawClient::join(first.address(), "/doc", &token).await.expect("the first goes on");
}

#[tokio::test]
async fn a_second_server_on_the_same_port_says_so() {
    let (first, _data) = Server::fresh().await;
    let listen = first.address().to_string();
    let other = DataFolder::fresh();
    let second = run(&["serve", "--listen", &listen], other.path());
    assert!(!second.status.success());
    assert!(stderr(&second).contains(&listen), "{}", stderr(&second));
}

#[test]
fn a_bad_value_names_its_option_and_itself_and_exits_with_2() {
    let cases = [
        ("serve", "--listen", "localhost-and-no-port"),
        ("serve", "--region", "a/b"),
        ("serve", "--rate-limits", "maybe"),
        ("serve", "--trusted-proxy", "300.0.0.0/8"),
        ("serve", "--documents", "tape"),
        ("serve", "--log", "yaml"),
        ("token", "--tenant", "no spaces"),
        ("token", "--app", "a/b"),
        ("token", "--max-connections", "many"),
        ("token", "--ops-per-minute", "-1"),
        ("token", "--ttl", "soon"),
    ];
    let data = DataFolder::fresh();
    for (verb, option, value) in cases {
        let assigned = format!("{option}={value}");
        let output = run(&[verb, &assigned], data.path());
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{assigned}: {message}");
        assert!(message.contains(option) && message.contains(value), "{assigned}: {message}");
        // The same goes for every option: what would be right is said too, beyond option and value.
        assert!(message.len() > assigned.len() + 20, "{assigned}: no fix in {message}");
        assert!(output.stdout.is_empty(), "{assigned}: errors go to stderr");
    }
}

#[test]
fn a_bad_environment_variable_is_treated_like_its_option() {
    let data = DataFolder::fresh();
    let mut command = Command::new(wiresocket());
    command.arg("serve").env("WIRESOCKET_DATA", data.path()).env("WIRESOCKET_LISTEN", "nowhere");
    let output = command.output().expect("the binary can be run");
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("listen") && message.contains("nowhere"), "{message}");
}

#[tokio::test]
async fn the_token_command_prints_a_token_alone_that_the_server_believes() {
    let (server, data) = Server::fresh().await;
    let output = run(&["token", "--tenant", "acme", "--app", "wiki", "--max-connections", "1"], data.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let token = String::from_utf8(output.stdout).expect("a JWT is ASCII");
    let token = token.trim_end();
    assert_eq!(token.split('.').count(), 3, "{token:?}");
    assert!(!token.contains(char::is_whitespace), "{token:?}");
    let client = RawClient::join(server.address(), "/doc", token).await.expect("the token is good");
    assert_eq!(usage(server.address(), token).await.connections, 1);
    client.leave().await;
}

#[tokio::test]
async fn a_token_can_be_made_before_the_first_start() {
    let data = DataFolder::fresh();
    let output = run(&["token"], data.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let token = String::from_utf8(output.stdout).expect("a JWT is ASCII");
    let server = Server::start(&data, &[]).await;
    RawClient::join(server.address(), "/doc", token.trim_end()).await.expect("the token is good");
}

#[tokio::test]
async fn tokens_are_not_in_the_log() {
    let (server, _data) = Server::fresh().await;
    let token = server.token(&Plan::default());
    let path = format!("/doc?token={token}");
    RawClient::join(server.address(), &path, &token).await.expect("the token is good").leave().await;
    let secret = token.rsplit('.').next().expect("a JWT has three parts");
    assert!(!server.log().contains(secret), "{}", server.log());
}
