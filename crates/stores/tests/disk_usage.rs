//! What usage on a disk promises beyond the ports' contracts: it outlives the process, and says what is wrong with its file.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::bounds::{PLATFORM_MINUTES_KEPT, USAGE_KEPT_DAYS};
use domain::calendar::{Day, Hour};
use domain::ids::{AppId, AppKey, TenantId};
use domain::metering::{AppUsage, Endpoint};
use domain::ports::{NodeMinute, PlatformLog, Resolution, Span, UsageAdd, UsageLog, Writer};
use redb::{Database, TableDefinition};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use stores::disk::{DiskDocuments, DiskUsage, UsageFileError};

const FOLDER: &str = "STORES_TEST_USAGE_FOLDER";
const FILE: &str = "usage.redb";
const DAY: Day = Day(20_000);
const HOUR: Hour = Hour(DAY.0 * 24);

fn app(name: &str) -> AppKey {
    AppKey { tenant: TenantId::parse("t").unwrap(), app: AppId::parse(name).unwrap() }
}

fn usage(requests: u64) -> AppUsage {
    let mut usage = AppUsage::default();
    usage.of_mut(Endpoint::Ops).answered(requests, Duration::from_micros(300));
    usage
}

fn minute(minute: u64) -> NodeMinute {
    NodeMinute { writer: Writer(1), minute, connections: [3; 12], ops: 5 }
}

async fn add(log: &DiskUsage, name: &str, sequence: u64, hour: Hour) {
    let add = UsageAdd { app: app(name), hour, usage: usage(1) };
    log.add(Writer(1), sequence, &add).await.unwrap();
}

async fn read(log: &DiskUsage, name: &str, resolution: Resolution) -> Vec<(Span, u64)> {
    let spans = log.read(&app(name), Hour(0), Hour(u64::MAX), resolution).await.unwrap();
    spans.into_iter().map(|(span, usage)| (span, usage.total(None).requests)).collect()
}

fn hour(hour: Hour) -> Span {
    Span { from: hour, hours: 1 }
}

/// Why the folder's usage can't be opened.
fn refusal(folder: &Path) -> UsageFileError {
    match DiskUsage::open(folder) {
        Ok(_) => panic!("it is opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn usage_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for life in 1..=4 {
        let log = DiskUsage::open(folder.path()).unwrap();
        add(&log, "a", life, HOUR).await;
        add(&log, "a", life - 1, HOUR).await;
        assert_eq!(read(&log, "a", Resolution::Hours).await, [(hour(HOUR), life)]);
        log.roll_up(&app("a"), DAY).await.unwrap();
        log.note(&minute(life)).await.unwrap();
        assert_eq!(log.minutes(0, 9).await.unwrap(), (1..=life).map(minute).collect::<Vec<_>>());
        assert_eq!(log.standings().await.unwrap()[0].rolled_up_to, DAY);
    }
}

#[tokio::test]
async fn a_file_that_nobody_closed_has_all_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    let log = DiskUsage::open(folder.path()).unwrap();
    for sequence in 1..=20 {
        add(&log, "a", sequence, HOUR).await;
        fs::copy(folder.path().join(FILE), crashed.path().join(FILE)).unwrap();
        let found = DiskUsage::open(crashed.path()).unwrap();
        assert_eq!(read(&found, "a", Resolution::Hours).await, [(hour(HOUR), sequence)]);
    }
}

#[tokio::test]
async fn hours_and_apps_that_nobody_may_ask_for_expire() {
    let folder = tempfile::tempdir().unwrap();
    let log = DiskUsage::open(folder.path()).unwrap();
    add(&log, "idle", 1, HOUR).await;
    add(&log, "a", 2, HOUR.plus(24)).await;
    log.roll_up(&app("a"), DAY.plus(2)).await.unwrap();
    let last_to_keep_both = DAY.plus(1 + USAGE_KEPT_DAYS);
    add(&log, "a", 3, last_to_keep_both.first_hour()).await;
    let newest = (hour(last_to_keep_both.first_hour()), 1);
    assert_eq!(read(&log, "a", Resolution::Hours).await, [(hour(HOUR.plus(24)), 1), newest]);
    assert_eq!(read(&log, "idle", Resolution::Hours).await, [(hour(HOUR), 1)]);

    // One day more may be that of a wrong clock.
    add(&log, "b", 4, last_to_keep_both.plus(2).first_hour()).await;
    assert_eq!(read(&log, "idle", Resolution::Hours).await, [(hour(HOUR), 1)]);
    add(&log, "b", 5, last_to_keep_both.plus(3).first_hour()).await;
    assert_eq!(read(&log, "a", Resolution::Hours).await, [newest]);
    assert_eq!(read(&log, "a", Resolution::Days).await, [newest]);
    assert_eq!(read(&log, "idle", Resolution::Hours).await, []);
    let standings = log.standings().await.unwrap();
    assert_eq!(
        standings.iter().map(|standing| standing.app.clone()).collect::<Vec<_>>(),
        [app("a"), app("b")]
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_in_nobody_elses_way() {
    let folder = tempfile::tempdir().unwrap();
    let log = DiskUsage::open(folder.path()).unwrap();
    add(&log, "broken", 1, HOUR).await;
    drop(log);
    let hours = TableDefinition::<(&str, &str, u64), &[u8]>::new("hours");
    let database = Database::create(folder.path().join(FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(hours).unwrap().insert(("t", "broken", HOUR.0), &b"?"[..]).unwrap();
    transaction.commit().unwrap();
    drop(database);

    let log = DiskUsage::open(folder.path()).unwrap();
    let more = |name| UsageAdd { app: app(name), hour: HOUR, usage: usage(1) };
    let (broken, whole) = (more("broken"), more("whole"));
    // They wait together, and go to the device as one.
    let adds = tokio::join!(log.add(Writer(1), 2, &broken), log.add(Writer(1), 3, &whole));
    let failure = adds.0.unwrap_err().to_string();
    assert!(failure.contains("a record of usage can't be read"), "{failure}");
    adds.1.unwrap();
    assert_eq!(read(&log, "whole", Resolution::Hours).await, [(hour(HOUR), 1)]);
}

#[test]
fn nobody_else_reads_the_file() {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("usage");
    drop(DiskUsage::open(&own).unwrap());
    assert_eq!((mode(&own), mode(&own.join(FILE))), (0o700, 0o600));
    // Somebody opened it to all.
    fs::set_permissions(own.join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
    drop(DiskUsage::open(&own).unwrap());
    assert_eq!(mode(&own.join(FILE)), 0o600);
}

#[tokio::test]
async fn minutes_that_nobody_may_ask_for_expire() {
    let folder = tempfile::tempdir().unwrap();
    let log = DiskUsage::open(folder.path()).unwrap();
    for at in [1_000, 1_001, 1_001 + PLATFORM_MINUTES_KEPT] {
        log.note(&minute(at)).await.unwrap();
    }
    let noted = log.minutes(0, u64::MAX).await.unwrap();
    assert_eq!(noted, [minute(1_001), minute(1_001 + PLATFORM_MINUTES_KEPT)]);
}

#[tokio::test]
async fn a_file_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let log = DiskUsage::open(folder.path()).unwrap();
    let refusal = refusal(folder.path());
    assert!(matches!(refusal, UsageFileError::InUse { .. }), "{refusal}");
    assert!(refusal.to_string().ends_with("usage.redb is in use by another process"), "{refusal}");
    drop(log);
    DiskUsage::open(folder.path()).unwrap();
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    fs::write(&file, "no database at all ".repeat(1_000)).unwrap();
    let before = fs::read(&file).unwrap();
    let not_a_database = refusal(folder.path());
    assert!(matches!(not_a_database, UsageFileError::Unusable { .. }), "{not_a_database}");
    assert_eq!(fs::read(&file).unwrap(), before);

    let documents = tempfile::tempdir().unwrap();
    drop(DiskDocuments::open(documents.path()).unwrap());
    let table = TableDefinition::<(), u64>::new("something else");
    write_version(&documents.path().join("documents.redb"), table, 1);
    fs::copy(documents.path().join("documents.redb"), &file).unwrap();
    let foreign = refusal(folder.path());
    assert!(matches!(foreign, UsageFileError::Foreign { .. }), "{foreign}");
    assert!(foreign.to_string().ends_with("usage.redb is no file of usage"), "{foreign}");
}

#[tokio::test]
async fn a_file_of_a_later_release_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(DiskUsage::open(folder.path()).unwrap());
    write_version(&folder.path().join(FILE), TableDefinition::new("usage format"), 2);
    let newer = refusal(folder.path());
    assert!(matches!(newer, UsageFileError::Newer { format: 2, .. }), "{newer}");
    assert!(newer.to_string().ends_with("has format 2, and this release knows none above 1"), "{newer}");
}

fn write_version(file: &Path, table: TableDefinition<'_, (), u64>, version: u64) {
    let database = Database::create(file).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert((), version).unwrap();
    transaction.commit().unwrap();
}

/// The other process of the test below: adds until it is killed, and says what was answered.
#[test]
fn adds_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let log = DiskUsage::open(Path::new(&folder)).unwrap();
        let before = read(&log, "a", Resolution::Hours).await.first().map_or(0, |(_, requests)| *requests);
        for sequence in before + 1.. {
            add(&log, "a", sequence, HOUR).await;
            println!("added {sequence}");
        }
    });
}

/// Runs the process above until `count` of its additions were answered. Returns the last of them.
fn added_and_killed(folder: &Path, count: usize) -> u64 {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "adds_until_it_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let added = lines.filter_map(|line| line.strip_prefix("added ").and_then(|n| n.parse().ok()));
    let last = added.take(count).last().unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    last
}

#[tokio::test]
async fn answered_additions_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut answered = 0;
    for _ in 0..2 {
        let last = added_and_killed(folder.path(), 50);
        assert!(last >= answered + 50, "{last} after {answered}");
        answered = last;
    }
    let log = DiskUsage::open(folder.path()).unwrap();
    let found = read(&log, "a", Resolution::Hours).await;
    assert_eq!(found[0].0, hour(HOUR));
    assert!((answered..=answered + 1).contains(&found[0].1), "{found:?} after {answered}");
}
