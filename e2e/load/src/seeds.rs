//! What the last run of the suite `faults` has come to, seed by seed: from its log into the page.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

use crate::report::PAGE;
use crate::section::Section;

/// What the suite has said.
const LOG: &str = "build/logs/faults.log";
/// Where it stands in the page.
pub(crate) const SECTION: Section =
    Section { begin: "<!-- seeds: written by `cargo xtask bench seeds` -->", end: "<!-- end of the seeds -->" };

/// One seed.
#[derive(Debug, PartialEq, Eq)]
struct Seed<'a> {
    number: u32,
    redis: &'a str,
    acknowledged: u32,
    entries: u32,
    faults: u32,
    /// As it was said: `0.2 s`, or `never`.
    converged: &'a str,
    violations: u32,
}

/// Puts the log's seeds into the page.
pub(crate) fn write() -> Result<()> {
    let log = std::fs::read_to_string(LOG).with_context(|| format!("{LOG} is not there: cargo xtask bench seeds"))?;
    let seeds: Vec<Seed<'_>> = log.lines().filter_map(seed).collect();
    if seeds.is_empty() {
        bail!("{LOG} tells of no seed");
    }
    let old = std::fs::read_to_string(PAGE).unwrap_or_default();
    std::fs::write(PAGE, SECTION.replaced(&old, &render(&seeds)))?;
    println!("{PAGE} is written");
    Ok(())
}

/// `  seed 3 (Cluster): 3910 acknowledged, 3778 entries, 10 faults, converged 0.2 s, 217 useless events, 0 violations`
fn seed(line: &str) -> Option<Seed<'_>> {
    let (number, rest) = line.strip_prefix("  seed ")?.split_once(" (")?;
    let (redis, rest) = rest.split_once("): ")?;
    let mut parts = rest.split(", ");
    let mut count = |unit: &str| parts.next()?.strip_suffix(unit)?.parse().ok();
    let (acknowledged, entries, faults) = (count(" acknowledged")?, count(" entries")?, count(" faults")?);
    let converged = parts.next()?.strip_prefix("converged ")?;
    let violations = parts.last()?.strip_suffix(" violations")?.parse().ok()?;
    Some(Seed { number: number.parse().ok()?, redis, acknowledged, entries, faults, converged, violations })
}

fn render(seeds: &[Seed<'_>]) -> String {
    let sum = |of: fn(&Seed<'_>) -> u32| seeds.iter().map(of).sum::<u32>();
    let mut text = format!(
        "## When everything breaks\n\nThe suite `faults` throws dice: pods, workers, RabbitMQ, MongoDB, Redis, S3 and the network between them are killed, \
         stopped, emptied, cut off, slowed down and made to lose packets for at least a minute a seed, while ten devices talk, by raw sockets and by \
         `socket.io-client`. What each saw is judged afterwards. In {} seeds: {} faults, {} messages and receipts acknowledged, {} entries in the logs; \
         lost, doubled, out of order, missing or otherwise not as promised: {}.\n\n\
         | seed | Redis | faults | acknowledged | entries | at one after healing | violations |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        seeds.len(),
        sum(|seed| seed.faults),
        sum(|seed| seed.acknowledged),
        sum(|seed| seed.entries),
        sum(|seed| seed.violations),
    );
    for Seed { number, redis, acknowledged, entries, faults, converged, violations } in seeds {
        let _ = writeln!(
            text,
            "| {number} | {redis} | {faults} | {acknowledged} | {entries} | {converged} | {violations} |"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "  seed 3 (Cluster): 3910 acknowledged, 3778 entries, 10 faults, converged 0.2 s, 217 useless events, 1 violations";

    #[test]
    fn a_seeds_line_is_read_and_others_are_not() {
        let read = seed(LINE).map(|seed| (seed.number, seed.redis, seed.faults, seed.converged, seed.violations));
        assert_eq!(read, Some((3, "Cluster", 10, "0.2 s", 1)));
        for other in ["seed 3 (SOTTO_SEED=3 throws the same dice again)", "    12.8 s  kill -9 worker-1", ""] {
            assert_eq!(seed(other), None);
        }
    }

    #[test]
    fn violations_are_not_hidden() {
        let seeds: Vec<_> = [LINE, LINE].into_iter().filter_map(seed).collect();
        let text = render(&seeds);
        assert!(text.contains("In 2 seeds: 20 faults") && text.contains("not as promised: 2."), "{text}");
        assert!(text.contains("| 3 | Cluster | 10 | 3910 | 3778 | 0.2 s | 1 |"), "{text}");
    }
}
