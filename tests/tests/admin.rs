//! `wiresocket admin`: an operator's books, in a data folder and in a table.

use house_tests::{Admin, DataFolder, Dynamo, eventually, wiresocket};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
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

/// The signal of a process that writes past the length that its files may have, on Linux and macOS.
const SIGXFSZ: i32 = 25;

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
    let pro = json!({"plan": "pro", "limits": limits, "monthly_requests": null, "price_per_million": "0"});
    assert_eq!(plans, json!({ "plans": [pro] }));
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
fn a_rotation_that_is_repeated_finds_the_next_key() {
    let (admin, _data) = begun();
    let keys = [(); 2].map(|()| admin.json(&["keys", "rotate", "acme"])["key"].clone());
    assert_eq!(keys[0], keys[1]);
    assert_eq!(ids(&admin.json(&["keys", "list", "acme"]), "keys", "standing"), ["next", "active"]);
}

#[test]
fn a_vault_that_opens_none_of_the_keys_seals_none() {
    let (admin, data) = begun();
    let at = format!("file:{}", data.path().display());
    let others = DataFolder::fresh();
    let path = others.path().join("other.key");
    FileVault::open_or_create(&path).expect("the folder can be written");
    let other = Admin::on(&at, &format!("file:{}", path.display()));
    let before = other.json(&["keys", "list", "acme"]);
    for command in [&["keys", "rotate", "acme", "--at-once"][..], &["tenants", "create", "globex"]] {
        let refused = complaint(&other.run(command));
        assert!(refused.contains("--vault") && refused.contains("of another key"), "{refused}");
    }
    assert_eq!(other.json(&["keys", "list", "acme"]), before);
    assert_eq!(ids(&other.json(&["tenants", "list"]), "tenants", "tenant"), ["acme"]);
    admin.json(&["keys", "rotate", "acme"]);
    let moved = other.json(&["keys", "rotate", "acme", "--new-vault"]);
    let keys = other.json(&["keys", "list", "acme"]);
    assert_eq!(ids(&keys, "keys", "standing"), ["next", "active"], "one whose time no vault awaits is gone");
    assert_eq!(keys["keys"][0]["key"], moved["key"]);
    assert_eq!(other.json(&["keys", "rotate", "acme"])["key"], moved["key"]);
    other.json(&["tenants", "create", "globex"]);
}

#[test]
fn a_lost_key_of_the_vault_is_not_made_anew_beside_what_it_sealed() {
    let (admin, data) = begun();
    let key = data.path().join("vault.key");
    fs::remove_file(&key).expect("it is there");
    admin.json(&["apps", "list"]);
    for command in [&["keys", "rotate", "acme"][..], &["tenants", "create", "globex"]] {
        let refused = complaint(&admin.run(command));
        assert!(refused.contains("vault.key is missing") && refused.contains("backup"), "{refused}");
    }
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data"];
    let serve = Command::new(wiresocket()).args(serve).arg(data.path()).output();
    let refused = complaint(&serve.expect("the binary can be run"));
    assert!(refused.contains("vault.key is missing"), "{refused}");
    assert!(!key.exists());
}

#[test]
fn a_list_makes_nothing() {
    let folder = DataFolder::fresh();
    for list in ["tenants", "plans", "apps", "clients"] {
        let nothing = Admin::of_folder(folder.path()).json(&[list, "list"]);
        assert_eq!(nothing[list], json!([]));
    }
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
    let nowhere = folder.path().join("nowhere");
    let refused = complaint(&Admin::of_folder(&nowhere).run(&["tenants", "list"]));
    assert!(refused.contains("no data folder") && !nowhere.exists(), "{refused}");
}

#[test]
fn books_that_cannot_be_read_are_no_fault_of_the_command_line() {
    let (admin, data) = begun();
    fs::write(data.path().join("registry.json"), "{").expect("the folder can be written");
    let output = admin.run(&["tenants", "list"]);
    let refused = complaint(&output);
    assert_eq!(output.status.code(), Some(1), "{refused}");
    assert!(refused.contains("registry.json") && !refused.contains("--registry"), "{refused}");
}

#[test]
fn a_secret_that_nobody_could_read_is_told_with_its_client() {
    let (admin, _data) = begun();
    admin.json(&["apps", "create", "acme/editor", "--plan", "pro"]);
    let (unread, stdout) = std::io::pipe().expect("there are pipes");
    drop(unread);
    let mut create = admin.command(&["clients", "create", "acme/editor"]);
    let output = create.stdout(stdout).stderr(Stdio::piped()).spawn().and_then(Child::wait_with_output);
    let said = complaint(&output.expect("the binary can be run"));
    let clients = ids(&admin.json(&["clients", "list"]), "clients", "client_id");
    assert_eq!(clients.len(), 1);
    assert!(said.contains(&format!("clients revoke {}", clients[0])), "{said}");

    let (unread, stdout) = std::io::pipe().expect("there are pipes");
    drop(unread);
    let mut list = admin.command(&["clients", "list"]);
    let output = list.stdout(stdout).stderr(Stdio::piped()).spawn().and_then(Child::wait_with_output);
    let output = output.expect("the binary can be run");
    assert!(output.status.success() && output.stderr.is_empty(), "nobody need read a list to its end");
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

/// Runs a command that is killed once it has written 1 KiB of a file: in the middle of books that are longer.
fn killed_while_writing(admin: &Admin, arguments: &[&str]) {
    let whole = admin.command(arguments);
    let mut limited = Command::new("bash");
    limited
        .args(["-c", r#"ulimit -c 0 -f 1 && exec "$0" "$@""#])
        .arg(whole.get_program())
        .args(whole.get_args());
    for (name, value) in whole.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let ended = limited.stdout(Stdio::null()).status().expect("bash is installed");
    assert_eq!(ended.signal(), Some(SIGXFSZ), "{arguments:?} ended otherwise: {ended}");
}

#[test]
fn an_operator_who_is_killed_while_writing_leaves_books_that_can_be_read() {
    let (admin, data) = begun();
    let mut made = Vec::new();
    while fs::metadata(data.path().join("registry.json")).expect("the books are there").len() <= 1024 {
        let app = format!("app-{:02}", made.len());
        admin.json(&["apps", "create", &format!("acme/{app}"), "--plan", "pro"]);
        made.push(app);
    }
    for _ in 0..2 {
        killed_while_writing(&admin, &["apps", "create", "acme/lost", "--plan", "pro"]);
        assert_eq!(ids(&admin.json(&["apps", "list", "acme"]), "apps", "app"), made);
    }
    admin.json(&["apps", "create", "acme/last", "--plan", "pro"]);
    made.push("last".to_owned());
    assert_eq!(ids(&admin.json(&["apps", "list", "acme"]), "apps", "app"), made);
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
