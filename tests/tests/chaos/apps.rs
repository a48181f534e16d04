use house_tests::Plan;

/// An app, the clients that want into it, and the documents that they want.
#[derive(Debug, Clone, Copy)]
pub(crate) struct App {
    pub(crate) plan: Plan,
    /// Clients that come and go.
    pub(crate) clients: usize,
    /// Documents that they choose from.
    pub(crate) documents: usize,
}

const ROOM: u64 = 100_000;

/// One app near each of its limits, and one with room.
pub(crate) const APPS: [App; 4] = [
    App { plan: Plan { app: "crowded", connections: 80, ..roomy() }, clients: 110, documents: 10 },
    App { plan: Plan { app: "many-documents", documents: 10, ..roomy() }, clients: 50, documents: 14 },
    App { plan: Plan { app: "popular", users: 8, ..roomy() }, clients: 50, documents: 5 },
    App { plan: Plan { app: "calm", ..roomy() }, clients: 40, documents: 8 },
];

const fn roomy() -> Plan {
    Plan { app: "roomy", connections: ROOM, documents: ROOM, users: ROOM, ops: 10_000_000 }
}
