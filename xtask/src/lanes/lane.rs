use super::TestBinary;
use super::waiting::WAITING;

/// How far those that work step back behind those that wait (`nice`): who waits for an answer, and measures when it comes, gets a
/// core as soon as there is something to do, and those that work get all the rest, which is most.
const STEPS_BACK: u8 = 10;

/// Binaries that run one after the other.
#[derive(Debug)]
pub(super) struct Lane {
    /// In this order.
    pub(super) binaries: Vec<TestBinary>,
    /// How far they step back behind those of other lanes.
    pub(super) nice: u8,
}

impl Lane {
    /// All lanes: those of [`WAITING`], and one with all the rest.
    pub(super) fn all(binaries: Vec<TestBinary>) -> Vec<Self> {
        let mut rest = binaries;
        let mut lanes: Vec<Self> = WAITING.iter().map(|names| Self::taken(&mut rest, names)).collect();
        lanes.push(Self { binaries: rest, nice: STEPS_BACK });
        lanes
    }

    fn taken(from: &mut Vec<TestBinary>, names: &[&str]) -> Self {
        let binaries = from.extract_if(.., |binary| names.contains(&&*binary.name)).collect();
        Self { binaries, nice: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_binary_runs_in_one_lane() {
        let mut names: Vec<&str> = WAITING.iter().copied().flatten().copied().collect();
        names.extend(["crates/domain/domain", "tests/one_that_no_lane_names"]);
        let lanes = Lane::all(names.iter().map(|name| TestBinary::named(name)).collect());
        assert_eq!(lanes.last().unwrap().binaries.len(), 2);
        let mut run: Vec<&str> =
            lanes.iter().flat_map(|lane| &lane.binaries).map(|binary| &*binary.name).collect();
        run.sort_unstable();
        names.sort_unstable();
        assert_eq!(run, names);
    }

    #[test]
    fn what_waits_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for name in WAITING.iter().copied().flatten() {
            let (package, test) = name.rsplit_once('/').unwrap();
            let test = root.join(package).join("tests").join(test);
            assert!(test.with_extension("rs").exists() || test.join("main.rs").exists(), "{name}");
        }
    }
}
