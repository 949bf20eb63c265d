//! One process by its name: started, paused, killed and started again, and never confused with a stranger.

use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, waitpid};
use serde::{Deserialize, Serialize};

use crate::ask::Ready;
use crate::record::Record;

/// How often a condition is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How long the kernel may take to end what was killed.
const KILL_LIMIT: Duration = Duration::from_secs(10);
/// What the caller has set for servers of their own is not for these.
const NOT_INHERITED: [&str; 3] = ["SOTTO_", "RABBITMQ_", "ERL_"];

/// How to start a process: all that is needed to start it again, also from another program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// What it is called.
    pub name: String,
    /// What is run.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its variables; of the caller's, some are not passed on.
    pub env: Vec<(String, String)>,
    /// Where it runs.
    pub dir: PathBuf,
    /// Where its output goes.
    pub log: PathBuf,
    /// What it listens on, the most important first.
    pub ports: Vec<u16>,
    /// How to tell that it can be used.
    pub ready: Ready,
}

/// What makes a process unmistakable: a number alone is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Its number.
    pub(crate) pid: i32,
    /// When it was started, in the kernel's ticks since the machine was.
    pub(crate) started: u64,
}

/// What a process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It runs.
    Up,
    /// It was paused.
    Paused,
    /// It does not exist.
    Down,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, after it was asked.
    Asked,
    /// By force, since it did not in time.
    Forced,
}

/// A handle on one process of a set. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Process {
    pub(crate) name: String,
    pub(crate) record: Arc<Record>,
}

impl Process {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is started.
    pub fn spec(&self) -> Result<Spec> {
        self.record.spec(&self.name)
    }

    /// Changes some of its variables, from its next start on.
    pub fn retell(&self, variables: &[(String, String)]) -> Result<()> {
        self.record.set_env(&self.name, variables)
    }

    /// Its number, while it runs.
    pub fn pid(&self) -> Option<i32> {
        let mark = self.record.mark(&self.name)?;
        (condition(mark) != Condition::Down).then_some(mark.pid)
    }

    /// What it is doing.
    pub fn condition(&self) -> Condition {
        self.record.mark(&self.name).map_or(Condition::Down, condition)
    }

    /// Whether it can be used right now.
    pub fn is_ready(&self) -> bool {
        self.condition() == Condition::Up && self.spec().is_ok_and(|spec| spec.ready.holds())
    }

    /// Starts it, on the data it left; it may not be ready yet.
    pub fn start(&self) -> Result<()> {
        if self.condition() != Condition::Down {
            bail!("{} is running already", self.name);
        }
        let spec = self.spec()?;
        std::fs::create_dir_all(&spec.dir).with_context(|| format!("{} cannot be made", spec.dir.display()))?;
        let log = OpenOptions::new().create(true).append(true).open(&spec.log);
        let log = log.with_context(|| format!("{} cannot be written", spec.log.display()))?;
        let mut command = Command::new(&spec.program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if NOT_INHERITED.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        // Its own process group: a Ctrl-C that is meant for the caller does not reach it.
        command.args(&spec.args).envs(spec.env).current_dir(&spec.dir).process_group(0);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("{} cannot be started", spec.program.display()))?;
        let pid = i32::try_from(child.id())?;
        // Our child until we wait for it: even if it has ended by now, its entry is still there.
        let started = stat(pid).with_context(|| format!("{} vanished at its start", self.name))?.1;
        self.record.set_mark(&self.name, Some(Mark { pid, started }))
    }

    /// Waits until it can be used.
    pub fn wait_until_ready(&self, limit: Duration) -> Result<()> {
        let ready = self.spec()?.ready;
        self.wait("ready", limit, || Ok(ready.holds()))
    }

    /// Waits for a condition, but not for a process that is gone.
    pub(crate) fn wait(&self, what: &str, limit: Duration, mut check: impl FnMut() -> Result<bool>) -> Result<()> {
        let log = self.spec()?.log;
        let began = Instant::now();
        loop {
            let last = match check() {
                Ok(true) => return Ok(()),
                Ok(false) => String::new(),
                Err(error) => format!(" ({error:#})"),
            };
            if self.condition() == Condition::Down {
                bail!("{} has ended; its log says why: {}", self.name, log.display());
            }
            if began.elapsed() > limit {
                let seconds = limit.as_secs();
                bail!("{} was not {what} after {seconds} s{last}; its log: {}", self.name, log.display());
            }
            sleep(TICK);
        }
    }

    /// Kills it at once (SIGKILL): it can neither notice nor write.
    pub fn kill(&self) -> Result<()> {
        if self.signal(Signal::KILL)? && !self.is_gone_within(KILL_LIMIT) {
            bail!("{} is still there after being killed", self.name);
        }
        self.record.set_mark(&self.name, None)
    }

    /// Freezes it (SIGSTOP): it believes that no time passes.
    pub fn pause(&self) -> Result<()> {
        self.must_reach(Signal::STOP)
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.must_reach(Signal::CONT)
    }

    /// Asks it to end (SIGTERM) and waits; past the limit it is killed.
    pub fn stop(&self, limit: Duration) -> Result<Ending> {
        // A paused process would not hear it.
        if self.signal(Signal::TERM)? && self.signal(Signal::CONT)? && !self.is_gone_within(limit) {
            self.kill()?;
            return Ok(Ending::Forced);
        }
        self.record.set_mark(&self.name, None)?;
        Ok(Ending::Asked)
    }

    fn must_reach(&self, signal: Signal) -> Result<()> {
        if self.signal(signal)? {
            return Ok(());
        }
        bail!("{} is not running", self.name)
    }

    /// Sends a signal, and says whether there was anyone to get it.
    fn signal(&self, signal: Signal) -> Result<bool> {
        let Some(mark) = self.record.mark(&self.name) else { return Ok(false) };
        let Some(pid) = Pid::from_raw(mark.pid) else { return Ok(false) };
        // First the descriptor, then the look at who that is: the descriptor can't come to mean another.
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return Ok(false) };
        if condition(mark) == Condition::Down {
            return Ok(false);
        }
        match pidfd_send_signal(&handle, signal) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("{} cannot be signalled", self.name)),
        }
    }

    fn is_gone_within(&self, limit: Duration) -> bool {
        let began = Instant::now();
        while self.condition() != Condition::Down {
            if began.elapsed() > limit {
                return false;
            }
            sleep(TICK);
        }
        true
    }
}

/// Kills a process that no record knows, if it still is the one that is meant once it can't become another.
pub(crate) fn kill_if(pid: i32, is_meant: impl Fn() -> bool) -> Result<()> {
    let handle = Pid::from_raw(pid).filter(|_| is_meant()).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    match handle {
        Some(handle) if is_meant() => Ok(pidfd_send_signal(&handle, Signal::KILL)?),
        _ => Ok(()),
    }
}

/// What has become of the process that was marked.
fn condition(mark: Mark) -> Condition {
    if let Some(pid) = Pid::from_raw(mark.pid) {
        // If it is our child and has ended, its entry goes now; if it is not, this does nothing.
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    }
    match stat(mark.pid) {
        Some((_, started)) if started != mark.started => Condition::Down,
        Some(('Z' | 'X', _)) | None => Condition::Down,
        Some(('T' | 't', _)) => Condition::Paused,
        Some(_) => Condition::Up,
    }
}

/// A process's state and its start, from the kernel.
fn stat(pid: i32) -> Option<(char, u64)> {
    parse_stat(&std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?)
}

fn parse_stat(text: &str) -> Option<(char, u64)> {
    // The program's name comes before, in brackets, and may itself hold blanks and brackets.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_program_name_does_not_confuse_the_reading() {
        let text = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3";
        assert_eq!(parse_stat(text), Some(('S', 987_654)));
        assert_eq!(parse_stat(""), None);
    }

    #[test]
    fn a_number_that_now_means_another_process_counts_as_down() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let (_, started) = stat(pid).unwrap();
        assert_eq!(condition(Mark { pid, started }), Condition::Up);
        assert_eq!(condition(Mark { pid, started: started + 1 }), Condition::Down);
    }
}
