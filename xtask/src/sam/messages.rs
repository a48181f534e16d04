//! Alarms count log lines by their messages, which nothing but this test holds to what the code logs.

use std::fs;
use std::path::{Path, PathBuf};

/// The logs, as `infra/alarms.yaml` names them, and where the code lies that writes them.
const WRITERS: [(&str, &[&str]); 8] = [
    ("SyncLog", &["syncd/src", "crates/stores/src"]),
    ("DiscoveryLog", &["functions/src", "crates/stores/src"]),
    ("UsageLog", &["functions/src", "crates/stores/src"]),
    ("TokenLog", &["functions/src", "crates/stores/src"]),
    ("ReportsLog", &["functions/src", "crates/stores/src"]),
    ("AdminLog", &["functions/src", "crates/stores/src"]),
    ("WebhooksLog", &["functions/src/alerting", "functions/src/bin", "crates/stores/src"]),
    ("SweepLog", &["functions/src/sweep", "functions/src/setup", "crates/stores/src"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Each log of `infra/alarms.yaml` and a message that a filter counts in it; a star at the beginning is for any words.
fn filtered() -> Vec<(String, String)> {
    let alarms = fs::read_to_string(root().join("infra/alarms.yaml")).unwrap();
    let filters = alarms.split("LogGroupName: !Ref ").skip(1);
    filters
        .flat_map(|filter| {
            let log = filter.split_whitespace().next().unwrap();
            let messages = filter.split("$.message = \"").skip(1);
            messages.map(move |rest| (log.to_owned(), rest.split('"').next().unwrap().to_owned()))
        })
        .collect()
}

/// What the code in these folders logs, as it is written: the last text of each call of `tracing`.
fn logged(folders: &[&str]) -> Vec<String> {
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut messages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                messages.extend(messages_of(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    messages
}

/// The messages of a file's calls, whose message comes last; those of its tests are nobody's.
fn messages_of(source: &str) -> Vec<String> {
    let code = source.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let is_call = |text: &&str| {
        ["error!(", "warn!(", "info!(", "debug!(", "trace!("].iter().any(|level| text.starts_with(level))
    };
    code.split("tracing::").skip(1).filter(is_call).filter_map(message).collect()
}

/// The last text of a call before its closing bracket.
fn message(call: &str) -> Option<String> {
    let mut last = None;
    let mut depth = 0_u32;
    let mut rest = call;
    while let Some(at) = rest.find(['(', ')', '"']) {
        let (mark, after) = rest[at..].split_at(1);
        rest = after;
        match mark {
            "(" => depth += 1,
            ")" if depth == 1 => return last,
            ")" => depth -= 1,
            _ => {
                let (text, after) = rest.split_once('"')?;
                last = Some(text.to_owned());
                rest = after;
            }
        }
    }
    None
}

#[test]
fn alarms_count_messages_that_the_code_logs() {
    let filtered = filtered();
    assert!(filtered.len() > 10, "{filtered:?}");
    for (log, filter) in filtered {
        let writer = WRITERS.iter().find(|(name, _)| *name == log);
        let (_, folders) = writer.unwrap_or_else(|| panic!("nobody is known to write {log}"));
        let counts = |message: &String| match filter.strip_prefix('*') {
            Some(end) => message.ends_with(end),
            None => *message == filter,
        };
        assert!(logged(folders).iter().any(counts), "nothing logs `{filter}` to {log}");
    }
}

#[test]
fn a_message_is_the_last_text_of_a_call() {
    let source = r#"
        tracing::warn!(%key, cause = say("a", (1, 2)), "is (not) counted");
        #[error("is no message")]
#[cfg(test)]
mod tests { tracing::error!("is a test's"); }"#;
    assert_eq!(messages_of(source), ["is (not) counted"]);
}
