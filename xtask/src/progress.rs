//! Says which step runs, and at the end how each of them went.

use crate::failure::Failure;
use crate::steps::Step;
use std::fmt;
use std::time::{Duration, Instant};

/// Runs the steps in order, up to the first that fails, and prints the summary of all of them.
pub(crate) fn run(
    steps: &[Step],
    mut run_step: impl FnMut(Step) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut outcome = Ok(());
    for step in steps {
        if outcome.is_err() {
            lines.push((step.name(), Ending::NotRun));
            continue;
        }
        println!("\n== {} ==", step.name());
        let begun = Instant::now();
        outcome = run_step(*step);
        let took = begun.elapsed();
        lines.push((step.name(), if outcome.is_ok() { Ending::Passed(took) } else { Ending::Failed(took) }));
    }
    if let Err(failure) = &outcome {
        println!("\n{failure}");
    }
    println!("\n== summary ==");
    for (name, ending) in lines {
        println!("{name:<9} {ending}");
    }
    outcome
}

/// How a step went, and how long it took.
enum Ending {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(took) => write!(f, "passed  {:>7.1} s", took.as_secs_f64()),
            Self::Failed(took) => write!(f, "FAILED  {:>7.1} s", took.as_secs_f64()),
            Self::NotRun => f.write_str("not run"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_after_the_first_failure() {
        let mut seen = Vec::new();
        let outcome = run(Step::ALL, |step| {
            seen.push(step);
            if step == Step::Clippy { Err(Failure::Metadata) } else { Ok(()) }
        });
        assert!(outcome.is_err());
        assert_eq!(seen, [Step::Fmt, Step::Clippy]);
    }
}
