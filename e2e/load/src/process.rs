//! What a process uses, read from /proc; and how many files this one may open.

use std::iter::Sum;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// What a process has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// KiB of resident memory.
    pub(crate) rss_kib: u64,
    /// Seconds of processor time.
    pub(crate) cpu_s: f64,
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self { rss_kib: sum.rss_kib + one.rss_kib, cpu_s: sum.cpu_s + one.cpu_s })
    }
}

/// Asks the kernel about a process.
pub(crate) fn usage(pid: u32) -> Result<Usage> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let rss_kib = rss.trim().trim_end_matches(" kB").parse()?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, which may hold blanks, ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok()).context("no processor time");
    let used = f64::from(ticks(11)?) + f64::from(ticks(12)?);
    let per_second = u32::try_from(rustix::param::clock_ticks_per_second())?;
    Ok(Usage { rss_kib, cpu_s: used / f64::from(per_second) })
}

/// Returns when this process is asked to end.
pub(crate) async fn asked_to_end() {
    let Ok(mut term) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Lets this process, and what it starts, open as many files as it may: each socket is one.
pub(crate) fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}
