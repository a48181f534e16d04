//! The registry in files passes every clause of its ports, each test in a folder of its own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
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
