//! What the machine allows this process: files and memory.

/// File descriptors that are not for connections: stores, listeners, the runtime.
const OWN_FILES: u64 = 256;
/// Assumed where the machine does not say.
const MEMORY_BYTES_DEFAULT: u64 = 1 << 30;

/// How many files a connection may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sockets {
    /// Its own alone.
    Own,
    /// Its own, one to the owner of its document, and one for a session of another node's connection: as many as come
    /// in over the relay as go out.
    OwnAndRelay,
}

/// Raises the limit on open files as far as it may be raised. Returns how many connections it leaves room for,
/// at most `wanted`.
#[must_use]
pub fn connections_max(wanted: u64, sockets: Sockets) -> u64 {
    let each = match sockets {
        Sockets::Own => 1,
        Sockets::OwnAndRelay => 3,
    };
    match rlimit::increase_nofile_limit(wanted.saturating_mul(each).saturating_add(OWN_FILES)) {
        Ok(files) => wanted.min((files.saturating_sub(OWN_FILES) / each).max(1)),
        Err(error) => {
            tracing::warn!(%error, "the limit on open files could not be read");
            wanted
        }
    }
}

/// Bytes of memory that this process may use: its control group's limit, or else the machine's memory.
#[must_use]
pub fn memory_bytes() -> u64 {
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok())
        .min();
    let machine = machine_bytes();
    match (group, machine) {
        (Some(group), Some(machine)) => machine.min(group),
        (group, machine) => group.or(machine).unwrap_or(MEMORY_BYTES_DEFAULT),
    }
}

/// `MemTotal` of proc(5), `meminfo`.
fn machine_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
