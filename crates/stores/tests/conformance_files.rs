//! The registry and the alerts in files pass every clause of their ports, each test in a folder of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use stores::alerts::FileAlerts;
use stores::registry::FileRegistry;
use tempfile::TempDir;

fn files() -> (TempDir, Arc<FileRegistry>) {
    let folder = tempfile::tempdir().unwrap();
    let registry = FileRegistry::open(folder.path()).unwrap();
    (folder, Arc::new(registry))
}

mod registry {
    use super::*;
    stores::conformance!(registry, files());
}

mod refresh_families {
    use super::*;
    stores::conformance!(refresh_families, files());
}

mod api_keys {
    use super::*;
    stores::conformance!(api_keys, files());
}

mod alerts {
    use super::*;
    stores::conformance!(alerts, {
        let folder = tempfile::tempdir().unwrap();
        let alerts = FileAlerts::open(folder.path()).unwrap();
        (folder, Arc::new(alerts))
    });
}
