use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

/// Lines that are kept.
const LINES_MAX: usize = 5_000;

/// What happened, and when.
#[derive(Debug)]
pub(crate) struct Trace {
    began: Instant,
    lines: Mutex<VecDeque<String>>,
}

impl Trace {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), lines: Mutex::default() }
    }

    pub(crate) fn note(&self, what: impl std::fmt::Display) {
        let line = format!("{:8.3} s  {what}\n", self.began.elapsed().as_secs_f64());
        let mut lines = self.lines.lock().expect("no holder panics");
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The lines, oldest first.
    pub(crate) fn told(&self) -> String {
        self.lines.lock().expect("no holder panics").iter().map(String::as_str).collect()
    }
}
