//! Whether the machine and the engines are ours alone: a comparison that others disturb says nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

/// A machine that does no more than this share of what it could is at rest: engines that wait need a little.
const QUIET: f64 = 0.15;
/// How long one look takes.
const LOOK: Duration = Duration::from_secs(3);
/// How long rest is waited for.
const LIMIT: Duration = Duration::from_mins(5);

/// Waits until the machine is at rest, and says whether it came to be.
pub(crate) async fn is_quiet() -> Result<bool> {
    let began = Instant::now();
    loop {
        let before = std::fs::read_to_string("/proc/stat")?;
        sleep(LOOK).await;
        let busy = busy(&before, &std::fs::read_to_string("/proc/stat")?);
        if busy < QUIET {
            return Ok(true);
        }
        if began.elapsed() > LIMIT {
            println!("the machine is not at rest: {:.0} % of it is busy", busy * 100.0);
            return Ok(false);
        }
    }
}

/// Whether somebody else is connected to one of these ports.
pub(crate) fn has_others(ports: &BTreeSet<u16>) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| std::fs::read_to_string(file).unwrap_or_default());
    tables
        .iter()
        .flat_map(|table| table.lines())
        .any(|line| connected_to(line).is_some_and(|port| ports.contains(&port)))
}

/// The share of the machine's time between two readings of /proc/stat that was not idle.
fn busy(before: &str, after: &str) -> f64 {
    let (before, after) = (times(before), times(after));
    let sum = |times: &[f64]| times.iter().sum::<f64>();
    // Waiting for a disk is idle too.
    let idle = |times: &[f64]| times.iter().skip(3).take(2).sum::<f64>();
    let all = sum(&after) - sum(&before);
    if all <= 0.0 { 0.0 } else { 1.0 - (idle(&after) - idle(&before)) / all }
}

/// User, nice, system, idle, waiting, interrupts, soft interrupts, stolen.
fn times(stat: &str) -> Vec<f64> {
    let line = stat.lines().next().unwrap_or_default();
    line.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect()
}

/// The port at the other end of an open connection's line.
fn connected_to(line: &str) -> Option<u16> {
    let mut fields = line.split_whitespace();
    let (_, port) = fields.nth(2)?.rsplit_once(':')?;
    if fields.next()? != "01" {
        return None;
    }
    u16::from_str_radix(port, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busy_share_leaves_out_idle_and_waiting() {
        let (before, after) = ("cpu  100 0 50 1000 10 0 0 0 0 0\ncpu0 1", "cpu  120 0 60 1060 20 0 0 0 0 0\ncpu0 1");
        assert!((busy(before, after) - 0.3).abs() < 1e-9);
        assert!(busy(before, before).abs() < 1e-9);
    }

    #[test]
    fn open_connections_are_told_from_others() {
        let line =
            "   1: 0100007F:C350 0100007F:5DC1 01 00000000:00000000 00:00000000 00000000     0        0 12345 1 0";
        assert_eq!(connected_to(line), Some(24001));
        assert_eq!(connected_to(&line.replace(" 01 ", " 06 ")), None);
    }
}
