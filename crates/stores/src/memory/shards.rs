use parking_lot::{Mutex, MutexGuard};
use std::hash::{BuildHasher, Hash, RandomState};

/// A few times the cores of a small node.
const COUNT: usize = 16;

/// A structure in parts, each behind a lock of its own, so that tasks on different keys seldom meet.
/// Keys come from clients: the hash is seeded anew each time, so that nobody can choose keys of one part.
#[derive(Debug, Default)]
pub(super) struct Shards<P> {
    hasher: RandomState,
    parts: [Mutex<P>; COUNT],
}

impl<P> Shards<P> {
    /// The part that `key` belongs to, locked.
    pub(super) fn of(&self, key: &impl Hash) -> MutexGuard<'_, P> {
        let at = self.hasher.hash_one(key) as usize % COUNT;
        self.parts[at].lock()
    }
}
