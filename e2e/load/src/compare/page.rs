//! The comparison's part of docs/benchmarks.md.

use std::fmt::Write as _;

use anyhow::Result;

use super::figures::{Comparison, Fanout, Pair, Side, Storm, Turn};
use super::{fanout, pair, storm};
use crate::figures::Idle;
use crate::report::PAGE;
use crate::section::Section;

/// Where the comparison stands in the page.
pub(crate) const COMPARISON: Section = Section {
    begin: "<!-- comparison: written by `cargo xtask bench peer` -->",
    end: "<!-- end of the comparison -->",
};
const REASONS: Section = Section {
    begin: "<!-- reasons of the comparison: written by hand, kept by the generator -->",
    end: "<!-- end of the comparison's reasons -->",
};
/// Nearer than this, neither is ahead: the machine's own noise is as large.
const EVEN: f64 = 0.05;

/// Which way is better.
#[derive(Debug, Clone, Copy)]
enum Better {
    Higher,
    Lower,
    /// It is no race.
    Neither,
}

/// One row: what was measured, and how often in each side's turns.
struct Row {
    what: String,
    better: Better,
    peer: Vec<f64>,
    sotto: Vec<f64>,
    unit: &'static str,
}

/// Puts the comparison into the page, and leaves the rest of it alone.
pub(crate) fn write(comparison: &Comparison) -> Result<()> {
    let old = std::fs::read_to_string(PAGE).unwrap_or_default();
    let reasons = REASONS.around(&REASONS.of(&old));
    let text = format!("{}\n### Reasons, where Sotto is behind\n\n{reasons}{METHOD}", render(comparison));
    std::fs::write(PAGE, COMPARISON.replaced(&old, &text))?;
    println!("{PAGE} is written");
    Ok(())
}

/// The table.
pub(crate) fn render(comparison: &Comparison) -> String {
    let mut text = format!(
        "## Beside Node.js\n\nThe system of `e2e/peer` and Sotto in turns ({}), each with two gateways and a worker, on {}.\n\n",
        turns(comparison),
        comparison.engines
    );
    text.push_str("| figure | Node.js | Sotto | Sotto / Node.js | |\n| --- | --- | --- | --- | --- |\n");
    for row in rows(comparison) {
        let (ratio, verdict) = verdict(&row);
        let Row { what, peer, sotto, unit, .. } = row;
        let _ = writeln!(text, "| {what} | {} | {} | {ratio} | {verdict} |", shown(&peer, unit), shown(&sotto, unit));
    }
    text
}

fn turns(comparison: &Comparison) -> String {
    let names = comparison.turns.iter().map(|turn| match turn.side {
        Side::Peer => "Node.js",
        Side::Sotto => "Sotto",
    });
    names.collect::<Vec<_>>().join(", ")
}

fn rows(comparison: &Comparison) -> Vec<Row> {
    let mut rows = Vec::new();
    let all = &comparison.turns;
    if all.iter().any(|turn| turn.pair.is_some()) {
        rows.extend(pair_rows(all, comparison.common_rate()));
    }
    if all.iter().any(|turn| turn.fanout.is_some()) {
        rows.extend(fanout_rows(all));
    }
    if all.iter().any(|turn| turn.storm.is_some()) {
        rows.extend(storm_rows(all));
    }
    if all.iter().any(|turn| turn.idle.is_some()) {
        rows.extend(idle_rows(all));
    }
    rows
}

/// A row from what each turn says.
fn row(turns: &[Turn], (what, better, unit): (&str, Better, &'static str), of: impl Fn(&Turn) -> Option<f64>) -> Row {
    let values = |side| turns.iter().filter(|turn| turn.side == side).filter_map(&of).collect();
    Row { what: what.to_owned(), better, peer: values(Side::Peer), sotto: values(Side::Sotto), unit }
}

fn pair_rows(turns: &[Turn], common: Option<f64>) -> Vec<Row> {
    use Better::{Higher, Lower, Neither};
    let figure = |what: &str, better, unit, of: fn(&Pair) -> f64| {
        row(turns, (what, better, unit), move |turn| turn.pair.as_ref().map(of))
    };
    let at = common.map_or_else(|| "at a common rate".to_owned(), |rate| format!("at {rate:.0}/s"));
    let bound = pair::BOUND_MS;
    vec![
        figure(
            &format!("most messages of two a second while p99 stays below {bound:.0} ms and nothing goes wrong"),
            Higher,
            "/s",
            |pair| pair.most,
        ),
        figure(&format!("from due to the other's socket {at}: p50"), Lower, " ms", |pair| pair.at_common.p50_ms),
        figure(&format!("{at}: p99"), Lower, " ms", |pair| pair.at_common.p99_ms),
        figure(&format!("CPU-s a million deliveries {at}: gateways"), Lower, "", |pair| pair.at_common.cpu.gateways),
        figure(&format!("{at}: worker"), Lower, "", |pair| pair.at_common.cpu.workers),
        figure(&format!("{at}: both"), Lower, "", |pair| pair.at_common.cpu.own()),
        figure(&format!("{at}: the engines"), Lower, "", |pair| pair.at_common.cpu.engines),
        figure("half of its own most", Neither, "/s", |pair| pair.at_half.rate),
        figure("from due to the other's socket at that rate: p50", Lower, " ms", |pair| pair.at_half.p50_ms),
        figure("at that rate: p99", Lower, " ms", |pair| pair.at_half.p99_ms),
        figure("CPU-s a million deliveries at that rate: gateways and worker", Lower, "", |pair| {
            pair.at_half.cpu.own()
        }),
        figure("at that rate: the engines", Lower, "", |pair| pair.at_half.cpu.engines),
        figure("lost, refused or doubled at these two rates", Neither, "", |pair| {
            count(pair.at_common.wrong + pair.at_half.wrong)
        }),
        row(
            turns,
            ("events that reached a gateway with no socket for them, at these two rates", Neither, ""),
            |turn| {
                let pair = turn.pair.as_ref()?;
                Some(count(pair.at_common.useless? + pair.at_half.useless?))
            },
        ),
    ]
}

fn fanout_rows(turns: &[Turn]) -> Vec<Row> {
    use Better::{Lower, Neither};
    let figure = |what: &str, better, unit, of: fn(&Fanout) -> f64| {
        row(turns, (what, better, unit), move |turn| turn.fanout.as_ref().map(of))
    };
    let scene = format!("{} members, {} messages/s", fanout::MEMBERS, fanout::RATE);
    vec![
        figure(&format!("CPU-s a million deliveries, {scene}: gateways"), Lower, "", |fanout| fanout.cpu.gateways),
        figure("in that: gateways and worker", Lower, "", |fanout| fanout.cpu.own()),
        figure("in that: the engines", Lower, "", |fanout| fanout.cpu.engines),
        figure("a million bare writes of 200 bytes, in the same turn", Neither, "", |fanout| fanout.floor),
        figure("from due to a member's socket: p50", Lower, " ms", |fanout| fanout.p50_ms),
        figure("from due to a member's socket: p99", Lower, " ms", |fanout| fanout.p99_ms),
        figure("deliveries missing", Neither, "", |fanout| count(fanout.missing)),
    ]
}

fn storm_rows(turns: &[Turn]) -> Vec<Row> {
    use Better::{Lower, Neither};
    let figure = |what: &str, better, unit, of: fn(&Storm) -> f64| {
        row(turns, (what, better, unit), move |turn| turn.storm.as_ref().map(of))
    };
    let sockets = storm::SOCKETS;
    vec![
        figure(&format!("{sockets} sockets connect at once: until all are ready"), Lower, " ms", |storm| storm.all_ms),
        figure("until half of them are", Lower, " ms", |storm| storm.p50_ms),
        figure("not let in", Neither, "", |storm| count(storm.errors as u64)),
    ]
}

fn idle_rows(turns: &[Turn]) -> Vec<Row> {
    use Better::{Lower, Neither};
    let figure = |what: &str, better, unit, of: fn(&Idle) -> f64| {
        row(turns, (what, better, unit), move |turn| turn.idle.as_ref().map(of))
    };
    let sockets = crate::idle::SOCKETS;
    vec![
        figure(&format!("memory of an idle socket ({sockets})"), Lower, " KiB", |idle| idle.kib_each),
        figure("memory of both gateways without sockets", Lower, " MiB", |idle| count(idle.before_kib) / 1024.0),
        figure("with them", Lower, " MiB", |idle| count(idle.after_kib) / 1024.0),
        figure("CPU-ms of a connect in the gateways", Lower, " ms", |idle| idle.connect_cpu_ms),
        figure("idle sockets dropped", Neither, "", |idle| count(idle.dropped as u64)),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts of these scenes are small")]
fn count(number: u64) -> f64 {
    number as f64
}

/// The values of a side's turns, with no more digits than they are worth.
fn shown(values: &[f64], unit: &str) -> String {
    let digits = |value: f64| match value {
        whole if whole.fract().abs() < 1e-9 => 0,
        small if small < 1.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    let texts: Vec<String> = values.iter().map(|value| format!("{value:.*}", digits(*value))).collect();
    if texts.is_empty() { "not measured".to_owned() } else { format!("{}{unit}", texts.join(", ")) }
}

/// How Sotto compares, by the means of the turns.
fn verdict(row: &Row) -> (String, &'static str) {
    let (Some(peer), Some(sotto)) = (mean(&row.peer), mean(&row.sotto)) else { return (String::new(), "") };
    if matches!(row.better, Better::Neither) || peer <= 0.0 {
        return (String::new(), "");
    }
    let ratio = sotto / peer;
    let gain = match row.better {
        Better::Higher => ratio - 1.0,
        Better::Lower | Better::Neither => 1.0 - ratio,
    };
    let verdict = match gain {
        even if even.abs() < EVEN => "even",
        ahead if ahead > 0.0 => "ahead",
        _ => "**behind**",
    };
    (format!("{ratio:.2}"), verdict)
}

fn mean(values: &[f64]) -> Option<f64> {
    let count = u32::try_from(values.len()).ok().filter(|count| *count > 0)?;
    Some(values.iter().sum::<f64>() / f64::from(count))
}

const METHOD: &str = "
### How it is compared

[`e2e/peer`](../e2e/peer/README.md) says what the other system is, how it is tuned, and that it promises the same: accepted is
confirmed by the quorum, stored is in the journals of a majority. One generator drives both, over sockets and in an open loop; the
engines, the generator and the system share this machine's cores, and nothing else may be busy on them. Either side has two
partitions; a pod of Sotto has one thread for its tasks, as a Node.js process has one for its JavaScript. Where two numbers stand, they are the two turns; the ratio is that
of their means. Processor time is of the system's own processes; the engines' stands apart, and
what they need at rest is in it.

- **Messages of two**: 400 people, 1,000 conversations, spread over both gateways. The rate climbs until a step fails, and then is
  searched for between; a step counts for 8 seconds after 2 of warm-up. The common rate is half of what Node.js held in its first turn.
- **One to many**: a community whose members all have a socket; 75 messages count.
- **All at once**: every socket connects in the same moment; the time runs until the last has its `ready`.
- **Idle sockets**: on processes that have just started and have been woken by 200 sockets; read half a minute after the last connect.
";

#[cfg(test)]
mod tests {
    use super::super::figures::{Cost, Step};
    use super::*;

    fn turn(side: Side, most: f64) -> Turn {
        let cpu = Cost { gateways: 300.0, workers: 100.0, engines: 50.0 };
        let step =
            Step { rate: most / 2.0, sent: 10, wrong: 0, p50_ms: 5.0, p99_ms: 20.0, max_ms: 30.0, useless: None, cpu };
        let pair = Pair { most, steps: Vec::new(), at_common: step.clone(), at_half: step };
        Turn { side, pair: Some(pair), fanout: None, storm: None, idle: None }
    }

    fn comparison() -> Comparison {
        let turns = vec![turn(Side::Peer, 1000.0), turn(Side::Sotto, 2000.0), turn(Side::Peer, 1500.0)];
        Comparison { engines: "one of each".to_owned(), turns }
    }

    #[test]
    fn both_turns_and_their_ratio_are_shown() {
        let text = render(&comparison());
        assert!(text.contains("| 1000, 1500/s | 2000/s | 1.60 | ahead |"), "{text}");
        assert!(text.contains("at 500/s"), "{text}");
        assert!(!text.contains("members"), "{text}");
    }

    #[test]
    fn whoever_is_slower_is_behind() {
        let row = |sotto: f64| Row {
            what: String::new(),
            better: Better::Lower,
            peer: vec![10.0],
            sotto: vec![sotto],
            unit: "",
        };
        assert_eq!(verdict(&row(12.0)), ("1.20".to_owned(), "**behind**"));
        assert_eq!(verdict(&row(9.8)).1, "even");
        assert_eq!(verdict(&row(5.0)).1, "ahead");
    }

    #[test]
    fn numbers_have_the_digits_they_are_worth() {
        assert_eq!(shown(&[0.123, 4.56, 789.4, 3.0], " ms"), "0.12, 4.6, 789, 3 ms");
        assert_eq!(shown(&[], ""), "not measured");
    }
}
