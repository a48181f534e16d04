//! Alarms count log lines by their messages, which nothing but this test holds to what the code logs.

use std::fs;
use std::path::{Path, PathBuf};

const SOURCES: [&str; 4] = ["syncd/src", "functions/src", "crates/stores/src", "crates/domain/src"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The messages that the filters of `infra/alarms.yaml` name; a star at the beginning is for any words.
fn filtered() -> Vec<String> {
    let alarms = fs::read_to_string(root().join("infra/alarms.yaml")).unwrap();
    let after = alarms.split("$.message = \"").skip(1);
    after.map(|rest| rest.split('"').next().unwrap().trim_start_matches('*').to_owned()).collect()
}

fn sources() -> String {
    let mut folders: Vec<PathBuf> = SOURCES.iter().map(|folder| root().join(folder)).collect();
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text += &fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

#[test]
fn alarms_count_messages_that_the_code_logs() {
    let (filtered, sources) = (filtered(), sources());
    assert!(filtered.len() > 10, "{filtered:?}");
    for message in filtered {
        assert!(sources.contains(&format!("{message}\"")), "nothing logs `{message}`");
    }
}
