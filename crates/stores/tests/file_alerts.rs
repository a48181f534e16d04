//! The alerts in a file, as several processes and their operator meet them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::alerts::{Delivery, EventKind, Webhook, WebhookUrl};
use domain::ids::{EventId, TenantId, WebhookId};
use domain::ports::{Added, Alerts};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use stores::alerts::FileAlerts;
use stores::system::SeededEntropy;

const NOW: u64 = 1_700_000_000;

fn open(folder: &Path) -> Arc<FileAlerts> {
    Arc::new(FileAlerts::open(folder).unwrap())
}

fn tenant() -> TenantId {
    TenantId::parse("t").unwrap()
}

fn webhook() -> Webhook {
    Webhook {
        id: WebhookId::parse("wh_1").unwrap(),
        tenant: tenant(),
        url: WebhookUrl::parse("https://hooks.example.com").unwrap(),
        events: BTreeSet::from(EventKind::ALL),
        description: String::new(),
        sealed_secret: b"sealed".to_vec(),
        created_unix_s: NOW,
    }
}

fn delivery() -> Delivery {
    Delivery::new(tenant(), EventId::parse("evt_1").unwrap(), webhook().id, "{}".to_owned(), NOW)
}

#[tokio::test]
async fn an_operator_replays_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let (server, operator) = (open(folder.path()), open(folder.path()));
    let parked = delivery().parked("500");
    assert_eq!(server.add_delivery(&delivery()).await, Ok(Added::New));
    assert_eq!(server.change(&delivery(), &parked).await, Ok(true));
    assert_eq!(operator.parked().await, Ok(vec![parked.clone()]));
    assert_eq!(operator.change(&parked, &parked.replayed(NOW)).await, Ok(true));
    assert_eq!(server.pending().await, Ok(vec![parked.replayed(NOW)]));
    assert_eq!(open(folder.path()).pending().await.unwrap().len(), 1, "and so for one that starts later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_processes_one_takes_a_delivery_on() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).add_delivery(&delivery()).await.unwrap();
    let racers = (0..4).map(|process| {
        let (alerts, claimed) = (open(folder.path()), delivery().claimed(NOW, &SeededEntropy::new(process)));
        tokio::spawn(async move { alerts.change(&delivery(), &claimed).await.unwrap() })
    });
    let mut took = 0;
    for racer in racers.collect::<Vec<_>>() {
        took += usize::from(racer.await.unwrap());
    }
    assert_eq!(took, 1);
}

#[tokio::test]
async fn only_its_owner_reads_the_file_and_nothing_unfinished_is_left() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).add_webhook(&webhook()).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["alerts.json", "alerts.lock"]);
}

#[tokio::test]
async fn a_broken_file_is_named_and_left_alone() {
    let lists = r#""webhooks":[],"events":[],"deliveries":[]"#;
    for text in ["", "{", "[]", &format!("{{{lists},\"more\":[]}}"), r#"{"webhooks":7}"#] {
        let folder = tempfile::tempdir().unwrap();
        let running = open(folder.path());
        let path = folder.path().join("alerts.json");
        fs::write(&path, text).unwrap();
        let error = FileAlerts::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("alerts.json"), "{error}");
        let refused = running.add_webhook(&webhook()).await.unwrap_err();
        assert!(refused.to_string().contains("alerts.json"));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}
