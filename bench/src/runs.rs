//! The runs that a command line asks for: server up, mode, line out, server down.

use crate::cores::{pin_to, raise_open_files};
use crate::modes::{Mode, ModeError, Task};
use crate::options::{Options, ServerKind, ServerOptions};
use crate::report::{Run, failed_run, medians};
use crate::server::Server;
use crate::{machine, table};
use serde_json::{Value, json};
use std::io::{self, Write};
use tokio::task::LocalSet;

/// Whether the figures may be quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every run was complete.
    Complete,
    /// At least one run was not, or failed.
    SomethingMissing,
}

/// Does what the command line asks. Lines go to `out`; a table, where one is asked for, to `notes`.
///
/// # Errors
/// Output can't be written, a core can't be had, or a file of lines can't be read. A run that fails is a line.
pub(crate) fn run(options: &Options, out: &mut impl Write, notes: &mut impl Write) -> io::Result<Verdict> {
    if let Mode::Table(table) = &options.mode {
        let lines = table::read_lines(&table.files)?;
        writeln!(out, "{}", table::markdown(&lines))?;
        return Ok(Verdict::Complete);
    }
    let machine = machine::describe();
    raise_open_files();
    if !options.server.unpinned {
        pin_to(options.server.generator_core)?;
    }
    let mut lines = Vec::new();
    for task in tasks(options) {
        let runs = repeat(&*task, options, &machine, out)?;
        lines.extend(runs);
    }
    if matches!(options.mode, Mode::All) {
        writeln!(notes, "{}", table::markdown(&lines))?;
    }
    let complete = lines.iter().all(|line| line["complete"] == Value::Bool(true));
    Ok(if complete { Verdict::Complete } else { Verdict::SomethingMissing })
}

fn tasks(options: &Options) -> Vec<Box<dyn Task>> {
    let has_limits = options.server.server == ServerKind::Wiresocket && options.server.pid.is_none();
    options.mode.tasks(has_limits)
}

/// One task as often as asked, with its medians behind it. Returns the line that stands for all: the
/// medians, or the only run.
fn repeat(
    task: &dyn Task,
    options: &Options,
    machine: &str,
    out: &mut impl Write,
) -> io::Result<Option<Value>> {
    let mut lines = Vec::new();
    for n in 1..=options.runs {
        let mut line = once(task, &options.server, n);
        line["machine"] = json!(machine);
        line["pinned"] = json!(!options.server.unpinned);
        writeln!(out, "{line}")?;
        out.flush()?;
        lines.push(line);
    }
    if lines.len() < 2 {
        return Ok(lines.pop());
    }
    let line = medians(&lines);
    writeln!(out, "{line}")?;
    Ok(Some(line))
}

fn once(task: &dyn Task, options: &ServerOptions, n: u32) -> Value {
    let (mode, parameters, name) = (task.name(), task.parameters(), options.name());
    match measure(task, options, n) {
        Ok(run) => run.to_json(mode, &parameters, &name),
        Err(error) => failed_run(mode, &parameters, &name, &error.to_string()),
    }
}

fn measure(task: &dyn Task, options: &ServerOptions, n: u32) -> Result<Run, ModeError> {
    let run = format!("{}-{}-{n}", task.name(), std::process::id());
    let server = Server::start(options, task.plan(), &run)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, task.run(&server))
}
