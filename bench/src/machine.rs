//! What a run was made on: figures of different machines are not to be compared.

use std::fs;
use std::thread::available_parallelism;

/// Cores, processor and kernel in one line, such as `2 x Intel(R) Xeon(R) CPU, Linux 6.1.0`. To be asked before the
/// generator confines itself to one core.
pub(crate) fn describe() -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} x {}, Linux {}", processor(&cpuinfo), kernel.trim())
}

fn processor(cpuinfo: &str) -> &str {
    let name =
        cpuinfo.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == "model name");
    name.map_or("unnamed processor", |(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_processor_gives_its_name() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\n\nprocessor\t: 1\nmodel name\t: B\n";
        assert_eq!(processor(cpuinfo), "A CPU @ 2 GHz");
        assert_eq!(processor(""), "unnamed processor");
    }
}
