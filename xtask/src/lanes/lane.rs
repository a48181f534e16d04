use super::TestBinary;
use super::waiting::{ALONE, WAITING};

/// Binaries that run one after the other.
#[derive(Debug)]
pub(super) struct Lane(pub(super) Vec<TestBinary>);

/// What runs beside what.
#[derive(Debug)]
pub(super) struct Lanes {
    /// Run side by side: those of [`WAITING`], and all that is named nowhere.
    pub(super) beside: [Lane; 2],
    /// Runs after them: those of [`ALONE`].
    pub(super) alone: Lane,
}

impl Lanes {
    /// Every binary in its lane.
    pub(super) fn of(mut binaries: Vec<TestBinary>) -> Self {
        let mut taken =
            |names: &[&str]| Lane(binaries.extract_if(.., |binary| names.contains(&&*binary.name)).collect());
        let (waiting, alone) = (taken(WAITING), taken(ALONE));
        Self { beside: [waiting, Lane(binaries)], alone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_binary_runs_in_one_lane() {
        let mut names: Vec<&str> = [WAITING, ALONE].concat();
        names.extend(["crates/domain/domain", "tests/one_that_no_lane_names"]);
        let lanes = Lanes::of(names.iter().map(|name| TestBinary::named(name)).collect());
        assert_eq!(lanes.beside[1].0.len(), 2);
        let all = lanes.beside.iter().chain([&lanes.alone]).flat_map(|lane| &lane.0);
        let mut run: Vec<&str> = all.map(|binary| &*binary.name).collect();
        run.sort_unstable();
        names.sort_unstable();
        assert_eq!(run, names);
    }

    #[test]
    fn what_is_named_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for name in WAITING.iter().chain(ALONE) {
            let (package, test) = name.rsplit_once('/').unwrap();
            let test = root.join(package).join("tests").join(test);
            assert!(test.with_extension("rs").exists() || test.join("main.rs").exists(), "{name}");
        }
    }
}
