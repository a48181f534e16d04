//! The registry in files, as several processes and their operator meet it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::ids::{ApiKeyId, ClientId, FamilyId, TenantId};
use domain::ports::{Added, ApiKeys, RefreshFamilies, Registry, Turn};
use domain::registry::{ApiKey, KeyHolder, Presented, RefreshFamily, Tenant};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use stores::registry::FileRegistry;

const FILES: [&str; 2] = ["registry.json", "refresh-tokens.json"];

fn open(folder: &Path) -> Arc<FileRegistry> {
    Arc::new(FileRegistry::open(folder).unwrap())
}

fn tenant(id: &str) -> Tenant {
    Tenant { id: TenantId::parse(id).unwrap(), name: String::new() }
}

fn family() -> RefreshFamily {
    RefreshFamily {
        id: FamilyId::parse("f").unwrap(),
        client: ClientId::parse("c").unwrap(),
        current: [1; 32],
        expires_unix_s: 1_000,
        revoked: false,
    }
}

fn turn(spent: u8, next: u8) -> Turn {
    let RefreshFamily { id, client, .. } = family();
    Turn { family: id, client, spent: [spent; 32], next: [next; 32], expires_unix_s: 1_000 }
}

#[tokio::test]
async fn what_one_process_writes_the_other_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(folder.path()), open(folder.path()));
    for n in 0..20 {
        let (writer, reader) = if n % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let tenant = tenant(&format!("t{n:02}"));
        assert_eq!(writer.add_tenant(&tenant).await, Ok(Added::New));
        assert_eq!(reader.tenant(&tenant.id).await, Ok(Some(tenant)));
    }
    assert_eq!(open(folder.path()).tenants().await.unwrap().len(), 20, "and so does one that starts later");
}

/// A disk that keeps whole seconds gives two changes of one second the same time.
#[tokio::test]
async fn two_changes_of_one_time_are_two_to_whoever_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, reader) = (open(folder.path()), open(folder.path()));
    let path = folder.path().join(FILES[0]);
    let begun = fs::metadata(folder.path()).unwrap().modified().unwrap();
    for id in ["t", "u"] {
        writer.add_tenant(&tenant(id)).await.unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(begun).unwrap();
        assert_eq!(reader.tenant(&tenant(id).id).await, Ok(Some(tenant(id))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_process_undoes_anothers_writes() {
    let folder = tempfile::tempdir().unwrap();
    let writers = (0..4).map(|process| {
        let registry = open(folder.path());
        tokio::spawn(async move {
            for n in 0..10 {
                registry.add_tenant(&tenant(&format!("t-{process}-{n}"))).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(open(folder.path()).tenants().await.unwrap().len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_one_turns_a_token() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (open(folder.path()), open(folder.path()));
        one.begin(&family()).await.unwrap();
        let racers = [(one, 2), (other.clone(), 3)];
        let racers = racers.map(|(registry, next)| {
            tokio::spawn(async move { registry.turn(&turn(1, next), 0).await.unwrap() })
        });
        let mut told = Vec::new();
        for racer in racers {
            told.push(racer.await.unwrap());
        }
        told.sort_by_key(|presented| *presented != Presented::Good);
        assert_eq!(told, [Presented::Good, Presented::Reused]);
        assert_eq!(other.turn(&turn(2, 4), 0).await, Ok(Presented::Refused));
    }
}

#[tokio::test]
async fn only_their_owner_reads_the_files_and_nothing_unfinished_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    registry.add_tenant(&tenant("t")).await.unwrap();
    registry.begin(&family()).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["refresh-tokens.json", "registry.json", "registry.lock"]);
}

#[tokio::test]
async fn a_broken_file_is_named_and_left_alone() {
    for name in FILES {
        for text in ["", "{", "[]", r#"{"tenants":7}"#, r#"{"families":[{"id":"a b"}]}"#] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            let running = open(folder.path());
            fs::write(&path, text).unwrap();
            let error = FileRegistry::open(folder.path()).err().unwrap().to_string();
            assert!(error.contains(name), "{error}");
            let added = running.add_tenant(&tenant("t")).await.map(drop);
            let begun = running.begin(&family()).await;
            let refused = if name == FILES[0] { added } else { begun };
            assert!(refused.unwrap_err().to_string().contains(name));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}

#[tokio::test]
async fn a_crash_while_writing_leaves_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    registry.add_tenant(&tenant("t")).await.unwrap();
    fs::write(folder.path().join("registry.unfinished"), "{\"tena").unwrap();
    let restarted = open(folder.path());
    assert_eq!(restarted.tenants().await, Ok(vec![tenant("t")]));
    assert_eq!(restarted.add_tenant(&tenant("u")).await, Ok(Added::New));
    assert_eq!(registry.tenants().await, Ok(vec![tenant("t"), tenant("u")]));
}

#[tokio::test]
async fn a_lock_that_another_process_keeps_is_waited_for_no_longer_than_its_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path());
    registry.add_tenant(&tenant("t")).await.unwrap();
    let kept = File::open(folder.path().join("registry.lock")).unwrap();
    kept.lock().unwrap();
    let error = registry.add_tenant(&tenant("u")).await.unwrap_err().to_string();
    assert!(error.contains("registry.lock"), "{error}");
    assert_eq!(registry.tenants().await, Ok(vec![tenant("t")]), "and readers don't wait");
    kept.unlock().unwrap();
    assert_eq!(registry.add_tenant(&tenant("u")).await, Ok(Added::New));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named_when_something_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder.path().join("no"));
    let error = registry.add_tenant(&tenant("t")).await.unwrap_err().to_string();
    assert!(error.contains("/no/registry.lock"), "{error}");
}

#[tokio::test]
async fn a_file_from_before_there_were_api_keys_takes_some() {
    let folder = tempfile::tempdir().unwrap();
    let lists = r#""tenants":[{"id":"t","name":"T"}],"plans":[],"apps":[],"clients":[],"keys":[]"#;
    fs::write(folder.path().join(FILES[0]), format!("{{{lists}}}")).unwrap();
    let registry = open(folder.path());
    assert_eq!(registry.api_keys(&KeyHolder::Platform).await, Ok(Vec::new()));
    let key = ApiKey {
        id: ApiKeyId::parse("k").unwrap(),
        holder: KeyHolder::Platform,
        scopes: [].into(),
        description: String::new(),
        digest: [7; 32],
        created_unix_s: 1,
        revoked_unix_s: None,
        used_unix_s: None,
    };
    assert_eq!(registry.add_api_key(&key).await, Ok(Added::New));
    assert_eq!(open(folder.path()).api_key(&key.id).await, Ok(Some(key)));
    assert_eq!(registry.tenants().await.unwrap().len(), 1);
}
