//! The ways of a live event, as `server/cluster/benches/ways.rs` has measured them: into the page.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::figures::kept;
use crate::report::PAGE;
use crate::section::Section;

/// Where it stands in the page.
pub(crate) const SECTION: Section =
    Section { begin: "<!-- ways: written by `cargo xtask bench ways` -->", end: "<!-- end of the ways -->" };

/// One way at one rate, in one turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Way {
    name: String,
    /// Events a second.
    rate: u32,
    /// Microseconds of processor time an event: of the sender and four pods.
    pods_us: f64,
    /// The same for everything else on the machine, which is the engines.
    rest_us: f64,
    /// Milliseconds from due to the pod that holds the socket.
    p50_ms: f64,
    p99_ms: f64,
    /// Events that did not reach it.
    missing: usize,
}

/// Puts the kept figures into the page.
pub(crate) fn write() -> Result<()> {
    let measured: Vec<Way> = kept("ways")?.context("build/bench/ways.json is not there: cargo xtask bench ways")?;
    let old = std::fs::read_to_string(PAGE).unwrap_or_default();
    std::fs::write(PAGE, SECTION.replaced(&old, &render(&measured)))?;
    println!("{PAGE} is written");
    Ok(())
}

fn render(measured: &[Way]) -> String {
    let mut text = String::from(
        "## Which way an event goes\n\nThe courier of [`server/cluster`](../server/cluster/src/courier.rs) tells four pods, on one RabbitMQ and one \
         Redis; other engines stand beside, and what all of it needs at rest is subtracted: \
         the engines' share of a single event is small beside that, and where turns differ, or it is below zero, it was lost in it. Each event is for a socket at one pod. \
         Where two numbers stand, they are two turns.\n\n\
         | way | a second | CPU of sender and pods | CPU of the engines | p50 | p99 | missing |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut rows: Vec<(u32, &str)> = Vec::new();
    for way in measured {
        if !rows.contains(&(way.rate, way.name.as_str())) {
            rows.push((way.rate, &way.name));
        }
    }
    for (rate, name) in rows {
        let turns: Vec<&Way> = measured.iter().filter(|way| way.rate == rate && way.name == name).collect();
        let all = |number: &dyn Fn(&Way) -> String| turns.iter().map(|way| number(way)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "| {name} | {rate} | {} µs | {} µs | {} ms | {} ms | {} |",
            all(&|way| format!("{:.0}", way.pods_us)),
            all(&|way| format!("{:.0}", way.rest_us)),
            all(&|way| format!("{:.1}", way.p50_ms)),
            all(&|way| format!("{:.1}", way.p99_ms)),
            all(&|way| way.missing.to_string()),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_of_a_way_share_a_row() {
        let way = |rate, pods_us| Way {
            name: "by post".into(),
            rate,
            pods_us,
            rest_us: 9.0,
            p50_ms: 1.0,
            p99_ms: 2.0,
            missing: 0,
        };
        let text = render(&[way(200, 4.0), way(2_000, 2.0), way(200, 5.0)]);
        assert!(text.contains("| by post | 200 | 4, 5 µs | 9, 9 µs | 1.0, 1.0 ms | 2.0, 2.0 ms | 0, 0 |"), "{text}");
        assert!(text.contains("| by post | 2000 | 2 µs |"), "{text}");
    }
}
