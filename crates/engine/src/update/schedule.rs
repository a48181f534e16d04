//! Which structs of an update can be applied, in an order in which nothing refers to what comes later.

use super::known::Admission;
use super::structs::Struct;
use super::{Facts, Id, Known};
use crate::Malformed;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;

/// Consecutive structs of one section that are new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) section: usize,
    /// How many clocks of the first struct were known before.
    pub(crate) known: u32,
    /// Which of [`Facts::structs`].
    pub(crate) structs: Range<usize>,
}

/// What can be applied now, and what has to wait.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// The new structs that can be applied, in order.
    pub(crate) runs: Vec<Run>,
    /// For each section, the first struct that has to wait; the end where none has to.
    pub(crate) waiting_from: Vec<usize>,
    /// An element that something waits for.
    pub(crate) missing: Option<Id>,
}

/// Admits every struct to `known` that can be applied.
///
/// # Errors
/// As [`Known::admit`]; the caller undoes what was admitted.
pub(crate) fn schedule(facts: &Facts, known: &mut Known, nesting_max: usize) -> Result<Schedule, Malformed> {
    let waiting_from = facts.sections.iter().map(|section| section.structs.start).collect();
    let schedule = Schedule { runs: Vec::new(), waiting_from, missing: None };
    let mut scheduler =
        Scheduler { facts, known, nesting_max, schedule, waiters: HashMap::new(), ready: Vec::new() };
    for section in 0..facts.sections.len() {
        scheduler.advance(section)?;
        while let Some(woken) = scheduler.ready.pop() {
            scheduler.advance(woken)?;
        }
    }
    scheduler.miss_deletes();
    Ok(scheduler.schedule)
}

struct Scheduler<'a> {
    facts: &'a Facts,
    known: &'a mut Known,
    nesting_max: usize,
    schedule: Schedule,
    /// For each client, the sections that wait for one of its clocks, lowest clock first.
    waiters: HashMap<u64, BinaryHeap<Reverse<(u32, usize)>>>,
    ready: Vec<usize>,
}

impl Scheduler<'_> {
    /// Takes structs of a section as far as nothing is missing, and wakes the sections that waited for them.
    fn advance(&mut self, index: usize) -> Result<(), Malformed> {
        let section = &self.facts.sections[index];
        let mut at = self.schedule.waiting_from[index];
        let mut run = Run { section: index, known: 0, structs: at..at };
        let mut missing = None;
        while at < section.structs.end {
            let next = &self.facts.structs[at];
            let known = self.known.clock(section.client).saturating_sub(next.clock);
            match self.admit(section.client, next)? {
                Admission::Missing(id) => {
                    missing = Some(id);
                    break;
                }
                Admission::Admitted => {
                    at += 1;
                    run.known = run.known.max(known);
                    run.structs.end = at;
                }
                Admission::Known => {
                    at += 1;
                    let next = Run { section: index, known: 0, structs: at..at };
                    self.push_run(std::mem::replace(&mut run, next));
                }
            }
        }
        self.push_run(run);
        self.schedule.waiting_from[index] = at;
        self.wait(index, missing);
        self.wake(section.client);
        Ok(())
    }

    /// A gap, and a struct without length, holds nothing that is not known.
    fn admit(&mut self, client: u64, next: &Struct) -> Result<Admission, Malformed> {
        if next.is_skip() || next.length == 0 {
            return Ok(Admission::Known);
        }
        self.known.admit(client, next, self.nesting_max)
    }

    fn push_run(&mut self, run: Run) {
        if run.structs.start < run.structs.end {
            self.schedule.runs.push(run);
        }
    }

    fn wait(&mut self, section: usize, missing: Option<Id>) {
        if let Some(id) = missing {
            self.waiters.entry(id.client).or_default().push(Reverse((id.clock, section)));
        }
    }

    fn wake(&mut self, client: u64) {
        let Some(waiters) = self.waiters.get_mut(&client) else { return };
        let clock_end = self.known.clock(client);
        while waiters.peek().is_some_and(|Reverse((clock, _))| *clock < clock_end) {
            if let Some(Reverse((_, section))) = waiters.pop() {
                self.ready.push(section);
            }
        }
    }

    /// Notes what is still missing: what sections wait for, or structs that are to be deleted.
    fn miss_deletes(&mut self) {
        let waited_for = self.waiters.iter().find_map(|(client, waiters)| {
            waiters.peek().map(|Reverse((clock, _))| Id { client: *client, clock: *clock })
        });
        let undeleted = || {
            let known = &self.known;
            let beyond = self.facts.deletes.iter().find(|range| range.end > known.clock(range.client))?;
            Some(Id { client: beyond.client, clock: beyond.end - 1 })
        };
        self.schedule.missing = waited_for.or_else(undeleted);
    }
}
