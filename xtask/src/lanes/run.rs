use super::{Lane, Lanes, TestBinary};
use crate::failure::Failure;
use crate::house::House;
use crate::variables::Variables;
use std::fs;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// How a binary ended.
struct Ended {
    name: String,
    passed: bool,
    took: Duration,
    /// What it printed, to its output and its errors alike.
    log: PathBuf,
}

/// Runs all lanes to their ends. Returns the names of the binaries that failed.
pub(super) fn to_the_end(
    house: &House,
    lanes: &Lanes,
    variables: &Variables,
) -> Result<Vec<String>, Failure> {
    let run_lane = |lane: &Lane| -> Result<Vec<String>, Failure> {
        let mut failed = Vec::new();
        for binary in &lane.0 {
            println!("begins {}", binary.name);
            let ended = run(house, binary, variables)?;
            show(&ended).map_err(|source| Failure::Write { path: ended.log.clone(), source })?;
            if !ended.passed {
                failed.push(ended.name);
            }
        }
        Ok(failed)
    };
    let mut outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = lanes.beside.iter().map(|lane| scope.spawn(|| run_lane(lane))).collect();
        running.into_iter().map(|lane| lane.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    outcomes.push(run_lane(&lanes.alone));
    let mut failed = outcomes.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    failed.sort_unstable();
    Ok(failed)
}

fn run(house: &House, binary: &TestBinary, variables: &Variables) -> Result<Ended, Failure> {
    let within = format!("lanes/{}.log", binary.name.replace('/', "-"));
    let (log, path) = (house.log(&within)?, house.built(&within));
    let shared = log.try_clone().map_err(|source| Failure::Write { path: path.clone(), source })?;
    let mut command = binary.command(house);
    command.envs(variables.iter()).stdout(log).stderr(shared);
    let begun = Instant::now();
    let status =
        command.status().map_err(|source| Failure::Start { command: binary.name.clone(), source })?;
    Ok(Ended { name: binary.name.clone(), passed: status.success(), took: begun.elapsed(), log: path })
}

/// Prints all that it said at once, so that no other's lines come between.
fn show(ended: &Ended) -> io::Result<()> {
    let said = fs::read(&ended.log)?;
    let verdict = if ended.passed { "passed" } else { "FAILED" };
    let mut terminal = io::stdout().lock();
    writeln!(terminal, "\n-- {} {verdict} in {:.1} s --", ended.name, ended.took.as_secs_f64())?;
    terminal.write_all(&said)
}
