use crate::waiting::{PATIENCE, within};
use rustix::process::{Pid, Signal, kill_process};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// A program under test that says in lines what others wait for. Killed when dropped, also where it is stopped.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    printed: mpsc::UnboundedReceiver<String>,
}

impl Daemon {
    /// Starts a program, which reads nothing.
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary can be run");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let (sender, printed) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                // With nobody to listen, its output is read all the same, so that it never waits for a reader.
                let _ = sender.send(line);
            }
        });
        Self { child, printed }
    }

    /// The rest of the next line that begins with `prefix`, or nothing where the program ended before it.
    pub(crate) async fn says(&mut self, prefix: &str) -> Option<String> {
        let line = async {
            loop {
                let line = self.printed.recv().await?;
                if let Some(rest) = line.strip_prefix(prefix) {
                    return Some(rest.to_owned());
                }
            }
        };
        within(PATIENCE, &format!("the line `{prefix}…`"), line).await
    }

    /// Sends a signal without waiting for what comes of it.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process has an id");
        kill_process(pid, signal).expect("one may signal one's own children");
    }

    /// Ends it as `kill -9` does.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("one may kill one's own children");
    }

    /// Waits for the end of a program that was told to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        within(PATIENCE, "the program's end", self.child.wait()).await.expect("a child can be waited for")
    }

    /// The process id, as long as it has not been waited for.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("the program has not been waited for")
    }

    /// What it writes to stderr, where that is piped.
    pub(crate) fn stderr(&mut self) -> tokio::process::ChildStderr {
        self.child.stderr.take().expect("stderr is piped")
    }
}
