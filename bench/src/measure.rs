//! CPU time and memory from procfs (proc(5)), for the server's whole process tree and for the generator.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::Instant;

/// Reads a server's use of the machine.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    server: u32,
}

/// The counters at one moment. CPU times are seconds since each process began.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    at: Instant,
    server_cpu: f64,
    generator_cpu: f64,
    machine_cpu: f64,
    /// Resident memory of the server, KiB.
    pub(crate) rss_kib: u64,
    /// The most it has ever been, KiB.
    pub(crate) rss_peak_kib: u64,
}

/// What passed between two readings.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    /// Wall-clock seconds.
    pub(crate) wall_seconds: f64,
    /// CPU seconds of the server: user and system, all threads and child processes.
    pub(crate) server_cpu_seconds: f64,
    /// CPU seconds of the generator.
    pub(crate) generator_cpu_seconds: f64,
    /// CPU seconds of everything else on the machine: above nought, somebody disturbed the run.
    pub(crate) other_cpu_seconds: f64,
    /// The server's resident memory before, KiB.
    pub(crate) rss_before_kib: u64,
    /// The server's resident memory after, KiB.
    pub(crate) rss_after_kib: u64,
    /// The server's largest resident memory since its start, KiB.
    pub(crate) rss_peak_kib: u64,
}

impl Phase {
    /// Several phases in order, what lies between them left out.
    pub(crate) fn sum(phases: &[Self]) -> Self {
        let total = |of: fn(&Self) -> f64| phases.iter().map(of).sum();
        let last = phases.last();
        Self {
            wall_seconds: total(|phase| phase.wall_seconds),
            server_cpu_seconds: total(|phase| phase.server_cpu_seconds),
            generator_cpu_seconds: total(|phase| phase.generator_cpu_seconds),
            other_cpu_seconds: total(|phase| phase.other_cpu_seconds),
            rss_before_kib: phases.first().map_or(0, |phase| phase.rss_before_kib),
            rss_after_kib: last.map_or(0, |phase| phase.rss_after_kib),
            rss_peak_kib: last.map_or(0, |phase| phase.rss_peak_kib),
        }
    }
}

impl Meter {
    /// Measures the process `server` and its descendants.
    pub(crate) fn new(server: u32) -> Self {
        Self { server }
    }

    /// Reads all counters.
    ///
    /// # Errors
    /// The server is no more, or procfs is not there.
    pub(crate) fn read(&self) -> io::Result<Reading> {
        let tree = self.tree()?;
        let mut reading = Reading {
            at: Instant::now(),
            server_cpu: 0.0,
            generator_cpu: cpu_seconds("self")?,
            machine_cpu: machine_cpu_seconds()?,
            rss_kib: 0,
            rss_peak_kib: 0,
        };
        for pid in &tree {
            let pid = pid.to_string();
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            reading.server_cpu += cpu_seconds(&pid)?;
            reading.rss_kib += kib(&status, "VmRSS:");
            reading.rss_peak_kib += kib(&status, "VmHWM:");
        }
        Ok(reading)
    }

    /// The server and its descendants: a server started through a script is the script's child.
    ///
    /// # Errors
    /// Procfs is not there.
    pub(crate) fn tree(&self) -> io::Result<Vec<u32>> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // A process may end while the list is read.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            if let Some(parent) = stat_field(&stat, 4) {
                children.entry(parent as u32).or_default().push(pid);
            }
        }
        let mut tree = vec![self.server];
        let mut next = 0;
        while let Some(pid) = tree.get(next) {
            tree.extend(children.remove(pid).unwrap_or_default());
            next += 1;
        }
        Ok(tree)
    }
}

impl Reading {
    /// What passed from this reading to a later one.
    pub(crate) fn until(&self, later: &Self) -> Phase {
        let server_cpu_seconds = later.server_cpu - self.server_cpu;
        let generator_cpu_seconds = later.generator_cpu - self.generator_cpu;
        let all = later.machine_cpu - self.machine_cpu;
        Phase {
            wall_seconds: (later.at - self.at).as_secs_f64(),
            server_cpu_seconds,
            generator_cpu_seconds,
            other_cpu_seconds: (all - server_cpu_seconds - generator_cpu_seconds).max(0.0),
            rss_before_kib: self.rss_kib,
            rss_after_kib: later.rss_kib,
            rss_peak_kib: later.rss_peak_kib,
        }
    }
}

/// The numbered field of a `stat` line, counted from 1 as proc(5) does. The second is a name in brackets
/// that may hold anything, so fields are counted from its last bracket.
fn stat_field(stat: &str, number: usize) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(number - 3)?.parse().ok()
}

fn cpu_seconds(pid: &str) -> io::Result<f64> {
    const UTIME: usize = 14;
    const STIME: usize = 15;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = |field| stat_field(&stat, field).ok_or(io::ErrorKind::InvalidData);
    Ok((ticks(UTIME)? + ticks(STIME)?) as f64 / ticks_per_second())
}

/// Seconds that all cores together were not idle.
fn machine_cpu_seconds() -> io::Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line.split_ascii_whitespace().skip(1).flat_map(str::parse).collect();
    // user nice system idle iowait irq softirq steal; guest times are part of user and nice.
    let busy =
        ticks.iter().take(8).enumerate().filter(|(i, _)| *i != 3 && *i != 4).map(|(_, n)| n).sum::<u64>();
    Ok(busy as f64 / ticks_per_second())
}

fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

fn kib(status: &str, field: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(field));
    value.and_then(|v| v.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_brackets_and_spaces_is_no_field() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194304 100 0 0 0 123 45 0 0 20 0 3 0";
        assert_eq!(stat_field(stat, 4), Some(7));
        assert_eq!(stat_field(stat, 14), Some(123));
        assert_eq!(stat_field(stat, 15), Some(45));
    }

    #[test]
    fn memory_is_read_in_kib() {
        assert_eq!(kib("VmHWM:\t    9044 kB\nVmRSS:\t    8988 kB\n", "VmRSS:"), 8988);
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), 0);
    }

    #[test]
    fn a_child_process_belongs_to_the_server() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let meter = Meter::new(std::process::id());
        let tree = meter.tree().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(tree.contains(&child.id()));
        assert!(meter.read().unwrap().rss_kib > 0);
    }
}
