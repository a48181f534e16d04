//! `wiresocket admin`: an operator's books, in a data folder and in a table.

use house_tests::{Admin, DataFolder, Dynamo, eventually};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::process::{Output, Stdio};
use stores::dynamo::{Access, TableAt};
use stores::vault::FileVault;

const PRO: [&str; 11] = [
    "plans",
    "set",
    "pro",
    "--max-connections",
    "500",
    "--max-documents",
    "50",
    "--max-users-per-doc",
    "20",
    "--ops-per-minute",
    "6000",
];

/// The books of a folder of its own, with a tenant `acme` and a plan `pro`.
fn begun() -> (Admin, DataFolder) {
    let data = DataFolder::fresh();
    let admin = Admin::of(&data);
    admin.json(&["tenants", "create", "acme", "--name", "Acme Inc."]);
    admin.json(&PRO);
    (admin, data)
}

/// What a command that is refused says.
fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "it is done");
    assert!(output.stdout.is_empty(), "errors go to stderr");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The ids of a list.
fn ids(list: &Value, of: &str, id: &str) -> Vec<String> {
    let entries = list[of].as_array().expect("a list is an array");
    entries.iter().map(|entry| entry[id].as_str().expect("an id is text").to_owned()).collect()
}

#[test]
fn what_an_operator_makes_first_is_listed() {
    let (admin, _data) = begun();
    admin.json(&[
        "apps",
        "create",
        "acme/editor",
        "--plan",
        "pro",
        "--home",
        "aws-eu-central-1",
        "--origin",
        "app.example.com,localhost:3000",
    ]);
    let client = admin.json(&["clients", "create", "acme/editor", "--refresh"]);

    let tenants = admin.json(&["tenants", "list"]);
    assert_eq!(tenants, json!({"tenants": [{"tenant": "acme", "name": "Acme Inc."}]}));
    let plans = admin.json(&["plans", "list"]);
    let limits =
        json!({"maxConnections": 500, "maxDocuments": 50, "maxUsersPerDoc": 20, "opsPerMinute": 6000});
    assert_eq!(plans, json!({"plans": [{"plan": "pro", "limits": limits}]}));
    let apps = admin.json(&["apps", "list", "acme"]);
    assert_eq!(apps["apps"][0]["origins"], json!(["app.example.com", "localhost:3000"]));
    assert_eq!(apps["apps"][0]["home"], "aws-eu-central-1");
    let keys = admin.json(&["keys", "list", "acme"]);
    assert_eq!(keys["keys"][0]["standing"], "active");

    let clients = admin.json(&["clients", "list", "acme/editor"]);
    assert_eq!(clients["clients"][0]["client_id"], client["client_id"]);
    assert_eq!(clients["clients"][0]["revoked"], Value::Null);
    let table = stdout(&admin.run(&["clients", "list"]));
    assert!(table.starts_with("CLIENT") && table.contains("acme/editor"), "{table}");
}

#[test]
fn a_clients_secret_is_shown_once_and_kept_as_a_hash_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let (admin, data) = begun();
    admin.json(&["apps", "create", "acme/editor", "--plan", "pro"]);
    let said = stdout(&admin.run(&["clients", "create", "acme/editor"]));
    let secret = said.split_whitespace().find(|word| word.starts_with("wss_")).expect("the secret is shown");
    assert_eq!(secret.len(), 4 + 43);
    assert!(said.contains("shown this once"), "{said}");
    for entry in fs::read_dir(data.path()).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        let content = fs::read(&path).expect("the file can be read");
        assert!(!String::from_utf8_lossy(&content).contains(secret), "{} has the secret", path.display());
        let mode = fs::metadata(&path).expect("it is a file").permissions().mode();
        let holds_nothing = content.is_empty();
        assert!(holds_nothing || mode & 0o077 == 0, "{} can be read by others", path.display());
    }
    assert!(!stdout(&admin.run(&["clients", "list", "--json"])).contains("wss_"));
}

#[test]
fn a_repeated_command_finds_its_work_done() {
    let (admin, _data) = begun();
    let app = ["apps", "create", "acme/editor", "--plan", "pro", "--origin", "app.example.com"];
    for command in [&["tenants", "create", "acme"][..], &PRO, &app, &app] {
        admin.json(command);
    }
    assert_eq!(admin.json(&["tenants", "list"])["tenants"][0]["name"], "Acme Inc.", "the first name stays");
    assert_eq!(ids(&admin.json(&["keys", "list", "acme"]), "keys", "key").len(), 1);
    let client = admin.json(&["clients", "create", "acme/editor"]);
    let id = client["client_id"].as_str().expect("an id is text");
    let revoked = [(); 2].map(|()| admin.json(&["clients", "revoke", id])["revoked"].clone());
    assert!(revoked[0].is_string());
    assert_eq!(revoked[0], revoked[1], "revoked once, it keeps its time");
}

#[test]
fn what_is_missing_is_named_with_the_command_that_makes_it() {
    let (admin, _data) = begun();
    let cases: [(&[&str], i32, &[&str]); 12] = [
        (&["apps", "create", "globex/site", "--plan", "pro"], 1, &["no tenant `globex`", "tenants create"]),
        (&["apps", "create", "acme/site", "--plan", "max"], 1, &["no plan `max`", "plans set max"]),
        (&["apps", "set-plan", "acme/site", "pro"], 1, &["no app `acme/site`", "apps create"]),
        (&["clients", "create", "acme/site"], 1, &["no app `acme/site`", "apps create acme/site"]),
        (&["clients", "revoke", "client_x"], 1, &["no client `client_x`", "clients list"]),
        (&["keys", "rotate", "globex"], 1, &["no tenant `globex`"]),
        (&["keys", "revoke", "acme", "-x"], 1, &["no key `-x`", "keys list acme"]),
        (&["plans", "set", "max", "--max-documents", "1"], 2, &["`max` is new", "--max-connections"]),
        (&["tenants", "create", "a b"], 2, &["a b", "1 to 64"]),
        (&["apps", "create", "acme", "--plan", "pro"], 2, &["acme", "TENANT/APP"]),
        (
            &["apps", "create", "acme/a", "--plan", "pro", "--origin", "a,b,c,d"],
            2,
            &["--origin", "at most 3"],
        ),
        (&["tenants", "list", "--vault", "file:key"], 2, &["--vault", "--registry"]),
    ];
    for (command, code, words) in cases {
        let mut command_of = admin.command(command);
        if command.contains(&"--vault") {
            // Without a place of its own, it is a local service's.
            command_of = Admin::of(&DataFolder::fresh()).command(command);
        }
        let output = command_of.output().expect("the binary can be run");
        let complaint = complaint(&output);
        assert_eq!(output.status.code(), Some(code), "{command:?}: {complaint}");
        for word in words {
            assert!(complaint.contains(word), "{command:?}: {complaint}");
        }
    }
}

#[test]
fn an_app_that_differs_from_the_one_there_is_is_refused_and_its_plan_is_changed_by_name() {
    let (admin, _data) = begun();
    let create = ["apps", "create", "acme/editor", "--plan", "pro"];
    admin.json(&create);
    let other = admin.run(&[&create[..], &["--home", "aws-us-east-1"]].concat());
    assert!(complaint(&other).contains("differs"));
    let limits = ["--max-connections", "1", "--max-documents", "1", "--max-users-per-doc", "1"];
    admin.json(&[&["plans", "set", "max", "--ops-per-minute", "1"], &limits[..]].concat());
    assert_eq!(admin.json(&["apps", "set-plan", "acme/editor", "max"])["plan"], "max");
    assert_eq!(admin.json(&["apps", "list"])["apps"][0]["plan"], "max");
}

#[tokio::test]
async fn the_key_that_signs_is_revoked_only_behind_another() {
    let (admin, _data) = begun();
    let standings = || {
        let keys = admin.json(&["keys", "list", "acme"]);
        let pairs = ids(&keys, "keys", "key").into_iter().zip(ids(&keys, "keys", "standing"));
        pairs.collect::<Vec<(String, String)>>()
    };
    let first = standings().remove(0).0;
    assert!(
        complaint(&admin.run(&["keys", "revoke", "acme", &first])).contains("keys rotate acme --at-once")
    );
    let next = admin.json(&["keys", "rotate", "acme"]);
    assert_eq!(next["standing"], "next");
    assert_eq!(standings()[1], (first.clone(), "active".to_owned()));
    admin.json(&["keys", "revoke", "acme", next["key"].as_str().expect("an id is text")]);
    let urgent = admin.json(&["keys", "rotate", "acme", "--at-once"]);
    // No two keys begin in one second, so this one may have to wait for the next.
    let both = vec![
        (urgent["key"].as_str().expect("an id is text").to_owned(), "active".to_owned()),
        (first.clone(), "retired".to_owned()),
    ];
    eventually("the urgent key signs", async || (standings() == both).then_some(())).await;
    admin.json(&["keys", "revoke", "acme", &first]);
    assert_eq!(standings().len(), 1);
}

#[test]
fn operators_who_write_at_once_lose_nothing() {
    let (admin, _data) = begun();
    let writers = (0..24).map(|n| {
        let app = format!("acme/app-{n:02}");
        let mut command = admin.command(&["apps", "create", &app, "--plan", "pro"]);
        (app, command.stdout(Stdio::null()).spawn().expect("the binary can be run"))
    });
    let writers: Vec<_> = writers.collect();
    let mut made = Vec::new();
    for (app, mut writer) in writers {
        assert!(writer.wait().expect("a child can be waited for").success(), "{app}");
        made.push(app.trim_start_matches("acme/").to_owned());
    }
    assert_eq!(ids(&admin.json(&["apps", "list", "acme"]), "apps", "app"), made);
}

/// Whether somebody holds the lock on the books at this moment.
fn are_locked(books: &File) -> bool {
    match books.try_lock() {
        Ok(()) => {
            books.unlock().expect("it is locked");
            false
        }
        Err(_) => true,
    }
}

#[test]
fn an_operator_who_is_killed_while_writing_leaves_books_that_can_be_read() {
    let (admin, data) = begun();
    let lock = File::open(data.path().join("registry.lock")).expect("the books have a lock");
    let mut made = vec!["app-00".to_owned()];
    admin.json(&["apps", "create", "acme/app-00", "--plan", "pro"]);
    for n in 1..30 {
        let app = format!("acme/app-{n:02}");
        let mut command = admin.command(&["apps", "create", &app, "--plan", "pro"]);
        let mut writer = command.stdout(Stdio::null()).spawn().expect("the binary can be run");
        let ended = loop {
            if are_locked(&lock) {
                break None;
            }
            if let Some(status) = writer.try_wait().expect("a child can be waited for") {
                break Some(status);
            }
        };
        if ended.is_some() {
            made.push(app.trim_start_matches("acme/").to_owned());
        } else {
            writer.kill().expect("one may kill one's own children");
            writer.wait().expect("a child can be waited for");
        }
    }
    let there = ids(&admin.json(&["apps", "list", "acme"]), "apps", "app");
    println!("{} of 30 ended by themselves, {} are there", made.len(), there.len());
    assert!(made.len() < 30, "nobody was killed while writing");
    assert!(made.iter().all(|app| there.contains(app)), "{made:?} are not all of {there:?}");
    admin.json(&["apps", "create", "acme/last", "--plan", "pro"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commands_work_on_a_deployments_table() {
    let dynamo = Dynamo::start();
    let at = format!("registry,endpoint={}", dynamo.endpoint());
    let table: TableAt = at.parse().expect("it is a table");
    let registry = Access::from_environment().await.registry(&table).expect("an endpoint needs no region");
    registry.create_table().await.expect("an empty DynamoDB takes a table");
    let folder = DataFolder::fresh();
    let key = folder.path().join("vault.key");
    let vault = format!("file:{}", key.display());
    let admin = Admin::on(&at, &vault);
    let no_key = complaint(&admin.run(&["tenants", "create", "acme"]));
    assert!(no_key.contains("--vault") && no_key.contains(&*key.to_string_lossy()), "{no_key}");
    FileVault::open_or_create(&key).expect("the folder can be written");

    let client = admin.client_of("acme/editor");
    let clients = admin.json(&["clients", "list", "acme"]);
    assert_eq!(ids(&clients, "clients", "client_id"), [client.id.as_str()]);
    assert_eq!(ids(&admin.json(&["keys", "list", "acme"]), "keys", "standing"), ["active"]);
    assert_eq!(admin.json(&["keys", "rotate", "acme"])["standing"], "next");
    assert!(admin.json(&["clients", "revoke", &client.id])["revoked"].is_string());

    let nowhere = format!("nowhere,endpoint={}", dynamo.endpoint());
    let complaint = complaint(&Admin::on(&nowhere, &vault).run(&["tenants", "list"]));
    assert!(complaint.contains("'--registry' names does not exist"), "{complaint}");
}
