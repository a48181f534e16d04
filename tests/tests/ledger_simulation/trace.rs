//! What happened in a schedule, line by line, for whoever has to find out why it failed.

use std::fmt::{self, Write};
use std::time::Duration;

/// Lines that a failure shows.
const TAIL_LINES: usize = 60;

#[derive(Default)]
pub(crate) struct Trace {
    /// `None`: nobody will read it.
    text: Option<String>,
}

impl Trace {
    pub(crate) fn kept() -> Self {
        Self { text: Some(String::new()) }
    }

    pub(crate) fn note(&mut self, now: Duration, what: fmt::Arguments<'_>) {
        if let Some(text) = &mut self.text {
            writeln!(text, "{:>10.4} s  {what}", now.as_secs_f64()).expect("a string takes any text");
        }
    }

    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    pub(crate) fn tail(&self) -> String {
        let lines: Vec<&str> = self.text().lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}
