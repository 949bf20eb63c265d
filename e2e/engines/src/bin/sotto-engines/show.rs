//! What people and shells are shown.

use std::fmt::Write;

use anyhow::Result;
use sotto_engines::{Condition, Engines, Process};

/// Lines for a shell: what a pod and what the test suites need.
pub(crate) fn exports(engines: &Engines) -> Result<String> {
    let mut text = String::new();
    for (name, value) in engines.settings()?.into_iter().chain(engines.test_settings()) {
        // No value has an apostrophe in it: all are made here.
        writeln!(text, "export {name}='{value}'")?;
    }
    Ok(text)
}

/// A line for each process.
pub(crate) fn table(processes: &[Process]) -> Result<String> {
    let mut text = format!("{:<18}{:>8}  {:>5}  {:<7}{:<10}{:>8}\n", "process", "pid", "port", "", "", "memory");
    for process in processes {
        let spec = process.spec()?;
        let pid = process.pid();
        let (condition, ready) = match process.condition() {
            Condition::Up if process.is_ready() => ("up", "ready"),
            Condition::Up => ("up", "not ready"),
            Condition::Paused => ("paused", ""),
            Condition::Down => ("down", ""),
        };
        let number = pid.map(|pid| pid.to_string()).unwrap_or_default();
        let port = spec.ports.first().map(u16::to_string).unwrap_or_default();
        let memory = pid.and_then(memory_mib).map(|mib| format!("{mib} MiB")).unwrap_or_default();
        writeln!(text, "{:<18}{number:>8}  {port:>5}  {condition:<7}{ready:<10}{memory:>8}", spec.name)?;
    }
    Ok(text)
}

fn memory_mib(pid: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? / 1024)
}
