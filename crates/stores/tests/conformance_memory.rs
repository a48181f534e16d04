//! The adapters in memory pass every clause of their ports.

use std::sync::Arc;

mod ledger {
    use super::*;
    stores::conformance!(ledger, ((), Arc::new(stores::memory::MemoryLedger::new())));
}

mod cluster {
    use super::*;
    stores::conformance!(cluster, ((), Arc::new(stores::memory::MemoryCluster::new())));
}

mod pins {
    use super::*;
    use domain::ids::Generation;
    stores::conformance!(pins, ((), Arc::new(stores::memory::MemoryPins::new(Generation(5)))));
}

mod documents {
    use super::*;
    stores::conformance!(documents, ((), Arc::new(stores::memory::MemoryDocuments::new())));
    stores::conformance!(documents_kept, ((), Arc::new(stores::memory::MemoryDocuments::new())));
}

mod documents_dropped_at_release {
    use super::*;
    use stores::AtRelease;
    use stores::memory::MemoryDocuments;

    fn documents() -> Arc<MemoryDocuments> {
        Arc::new(MemoryDocuments::with_retention(AtRelease::Dropped))
    }

    stores::conformance!(documents, ((), documents()));
    stores::conformance!(documents_dropped, ((), documents()));
}

mod rate_gate {
    use super::*;
    use stores::conformance::rate_gate::Timed;
    use stores::memory::MemoryRateGate;
    use stores::system::TurnedClock;

    fn gate() -> Timed {
        let clock = Arc::new(TurnedClock::default());
        (Arc::new(MemoryRateGate::new(clock.clone())), clock)
    }

    stores::conformance!(rate_gate, ((), gate()));
}

mod usage_log {
    use super::*;
    stores::conformance!(usage_log, ((), Arc::new(stores::memory::MemoryUsageLog::new())));
}

mod platform_log {
    use super::*;
    stores::conformance!(platform_log, ((), Arc::new(stores::memory::MemoryPlatformLog::new())));
}

mod registry {
    use super::*;
    stores::conformance!(registry, ((), Arc::new(stores::memory::MemoryRegistry::new())));
}

mod refresh_families {
    use super::*;
    stores::conformance!(refresh_families, ((), Arc::new(stores::memory::MemoryRegistry::new())));
}

mod api_keys {
    use super::*;
    stores::conformance!(api_keys, ((), Arc::new(stores::memory::MemoryRegistry::new())));
}

mod alerts {
    use super::*;
    stores::conformance!(alerts, ((), Arc::new(stores::memory::MemoryAlerts::new())));
}
