//! Renders docs/benchmarks.md from the kept figures; only the reasons in it are written by people, and those are kept.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::compare::page::COMPARISON;
use crate::figures::{Deliver, Idle, Send, Start, Web, kept};
use crate::machine;
use crate::section::Section;
use crate::{seeds, takeover, ways};

/// The page.
pub(crate) const PAGE: &str = "docs/benchmarks.md";
const REASONS: Section =
    Section { begin: "<!-- reasons: written by hand, kept by the generator -->", end: "<!-- end of reasons -->" };

/// One row: what, measured, aim, and whether it is met.
struct Row {
    what: String,
    measured: String,
    aim: String,
    met: Option<bool>,
}

/// Writes the page.
pub(crate) fn write() -> Result<()> {
    let old = std::fs::read_to_string(PAGE).unwrap_or_default();
    let page = render(&rows()?, &old);
    if let Some(folder) = Path::new(PAGE).parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(PAGE, page)?)
}

/// The page anew, with what of the old one is not this generator's: the reasons, and the comparison.
fn render(rows: &[Row], old: &str) -> String {
    let mut page = String::from(
        "# Benchmarks\n\nWritten by `cargo xtask bench` from what it measured; edit nothing but the reasons.\n\n## The machine\n\n| | |\n| --- | --- |\n",
    );
    for (what, value) in machine::describe() {
        let _ = writeln!(page, "| {what} | {value} |");
    }
    page.push_str("\n## The figures\n\n| figure | measured | aim | |\n| --- | --- | --- | --- |\n");
    for Row { what, measured, aim, met } in rows {
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        let _ = writeln!(page, "| {what} | {measured} | {aim} | {verdict} |");
    }
    let _ = write!(page, "\n## Reasons, where an aim is missed\n\n{}", REASONS.around(&REASONS.of(old)));
    page.push_str(METHOD);
    for section in [COMPARISON, takeover::SECTION, seeds::SECTION, ways::SECTION] {
        let _ = write!(page, "\n{}", section.around(&section.of(old)));
    }
    page
}

fn rows() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    match kept::<Send>("send")? {
        Some(send) => rows.extend(send_rows(&send)),
        None => rows.push(absent("messages accepted and durable", "3,000/s")),
    }
    match kept::<Deliver>("deliver")? {
        Some(deliver) => rows.extend(deliver_rows(&deliver)),
        None => rows.push(absent("from due to the other's device", "p99 under 50 ms at 1,000/s")),
    }
    match kept::<Idle>("idle")? {
        Some(idle) => rows.extend(idle_rows(&idle)),
        None => rows.push(absent("memory of an idle socket", "16 KiB")),
    }
    match kept::<Start>("start")? {
        Some(start) => rows.extend(start_rows(&start)),
        None => rows.push(absent("start with 1 million messages", "under 1 s")),
    }
    match kept::<Web>("web")? {
        Some(web) => rows.extend(web_rows(&web)),
        None => rows.push(absent("JavaScript, compressed", "180 KB")),
    }
    Ok(rows)
}

fn send_rows(send: &Send) -> Vec<Row> {
    let scene = format!("{} senders, {} conversations", send.senders, send.conversations);
    let mut rows = Vec::new();
    for (way, rate) in [("sockets", &send.socket), ("HTTP", &send.http)] {
        rows.push(Row {
            what: format!("messages accepted and durable over {way} ({scene})"),
            measured: format!("{:.0}/s; {} lost", rate.per_second, rate.lost),
            aim: "3,000/s".to_owned(),
            met: Some(rate.per_second >= 3000.0 && rate.lost == 0),
        });
        rows.push(plain(
            format!("the acknowledgement at that rate over {way}: p50, p99"),
            format!(
                "{:.1} ms, {:.1} ms; server {:.2} ms of processor time a message",
                rate.ack_p50_ms, rate.ack_p99_ms, rate.server_cpu_ms
            ),
        ));
    }
    rows
}

fn deliver_rows(deliver: &Deliver) -> Vec<Row> {
    let measured = |latency: &crate::figures::Latency| {
        format!(
            "{:.1} ms, {:.1} ms, {:.0} ms; {} of {} missing",
            latency.p50_ms, latency.p99_ms, latency.max_ms, latency.missing, latency.sent
        )
    };
    let thousand = &deliver.at_thousand;
    vec![
        Row {
            what: "from due to the other's device at 1,000/s: p50, p99, slowest".to_owned(),
            measured: measured(thousand),
            aim: "p99 under 50 ms".to_owned(),
            met: Some(thousand.p99_ms < 50.0 && thousand.missing == 0),
        },
        plain(format!("the same at half the accepted rate, {:.0}/s", deliver.at_half.rate), measured(&deliver.at_half)),
    ]
}

fn idle_rows(idle: &Idle) -> Vec<Row> {
    vec![
        Row {
            what: format!("memory of an idle socket ({} of as many people)", idle.sockets),
            measured: format!("{:.1} KiB; {} dropped", idle.kib_each, idle.dropped),
            aim: "16 KiB".to_owned(),
            met: Some(idle.kib_each <= 16.0 && idle.dropped == 0),
        },
        plain(
            "the server's memory before, with them, and after they left".to_owned(),
            format!("{} MiB, {} MiB, {} MiB", idle.before_kib / 1024, idle.after_kib / 1024, idle.closed_kib / 1024),
        ),
        plain("processor time of a connect".to_owned(), format!("{:.2} ms", idle.connect_cpu_ms)),
    ]
}

fn start_rows(start: &Start) -> Vec<Row> {
    let slowest = start.clean_ms.max(start.killed_ms);
    vec![
        plain("start to ready, empty".to_owned(), format!("{:.0} ms", start.empty_ms)),
        Row {
            what: format!("start to ready with {} messages: after a stop, after kill -9", thousands(start.messages)),
            measured: format!("{:.0} ms, {:.0} ms", start.clean_ms, start.killed_ms),
            aim: "under 1 s".to_owned(),
            met: Some(slowest < 1000.0),
        },
        plain(
            "that store on disk, and the rate at which it was filled (4,096 messages under way)".to_owned(),
            format!("{} MB, {:.0}/s", start.bytes / 1_000_000, start.fill_per_second),
        ),
    ]
}

fn web_rows(web: &Web) -> Vec<Row> {
    let paint = web
        .first_paint_ms
        .map_or_else(|| "not measured: run the browser suite first".to_owned(), |ms| format!("{ms:.0} ms"));
    vec![
        Row {
            what: "the web client's JavaScript, all of it, brotli".to_owned(),
            measured: format!("{} KB", web.js_brotli_bytes.div_ceil(1000)),
            aim: "180 KB".to_owned(),
            met: Some(web.js_brotli_bytes <= 180_000),
        },
        plain("its style sheets, brotli".to_owned(), format!("{} KB", web.css_brotli_bytes.div_ceil(1000))),
        plain("its first contentful paint (headless Chromium, same machine)".to_owned(), paint),
    ]
}

fn plain(what: String, measured: String) -> Row {
    Row { what, measured, aim: String::new(), met: None }
}

fn absent(what: &str, aim: &str) -> Row {
    Row { what: what.to_owned(), measured: "not measured yet".to_owned(), aim: aim.to_owned(), met: None }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const METHOD: &str = "
## How it is measured

`e2e/load` starts the release server on an empty data directory on the disk that holds the clone, registers people over
HTTP, and speaks the raw protocol, so that the two cores are the server's as far as possible.

- **Accepted and durable**: each sender waits for its acknowledgement before it sends again; the server acknowledges only what
  is on disk. Everyone also holds a socket and hears what the others send. Afterwards the logs are counted: lost is what was
  acknowledged and is not there.
- **From due to the device** is an open loop: every message has a moment at which it is due, and its time runs from that
  moment, sent late or not, until the other's socket has it.
- **Idle sockets**: resident memory with and without 5,000 sockets that have answered pings for half a minute.
- **Start**: from starting the process until `/readyz` answers 200, median of five; files are in the page cache.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_survives_a_new_page() {
        let reasons = REASONS.replaced(&render(&[], ""), "because of this\n");
        let old = COMPARISON.replaced(&reasons, "## Beside\n");
        let old = takeover::SECTION.replaced(&old, "## Deaths\n");
        let page = render(&[], &old);
        assert_eq!(page, old);
        assert_eq!(
            [REASONS, COMPARISON, takeover::SECTION].map(|section| section.of(&page)),
            ["because of this\n", "## Beside\n", "## Deaths\n"]
        );
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(1_000_000), "1,000,000");
        assert_eq!(thousands(64), "64");
    }
}
