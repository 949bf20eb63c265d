//! Something dies under load, a few times: how long messages then took, as their senders and readers saw it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sotto_chaos::checker;
use sotto_chaos::faults::Fault;
use sotto_chaos::history::{Client, Outcome, Record, What};
use sotto_chaos::keep::accepted;
use sotto_chaos::keys::Mishaps;
use sotto_chaos::rig::{Parts, Redis, Rig};
use sotto_chaos::siege::{ABSENT, Siege};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::figures::keep;
use crate::report::PAGE;
use crate::section::Section;

const FOLDER: &str = "build/bench-takeover";
/// How often each thing dies.
const TIMES: usize = 5;
const SEED: u64 = 1;
/// How long what died may have been missed at most, in milliseconds.
const DEATHS: [(Fault, &str, f64); 2] = [
    (Fault::KillWorker, "kill -9 of one of two workers", 5_000.0),
    (Fault::KillRabbit, "kill -9 of one of three RabbitMQ nodes", 10_000.0),
];

/// Where it stands in the page.
pub(crate) const SECTION: Section =
    Section { begin: "<!-- deaths: written by `cargo xtask bench takeover` -->", end: "<!-- end of the deaths -->" };

/// What came of one kind of death.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Deaths {
    what: String,
    times: usize,
    /// The longest it may last.
    aim_ms: f64,
    accepted: usize,
    /// Lost, doubled, out of order, or anything else that must not be.
    violations: usize,
    /// The longest from `accepted` until another person's device had the message, pushed or asked for.
    heard_ms: f64,
    /// The longest that a device which sends all the time was without an `accepted`.
    silent_ms: f64,
    /// Events that went to a pod with no socket for them.
    useless: u64,
}

/// Measures, and puts it into the page.
pub(crate) async fn takeover() -> Result<()> {
    let binary: PathBuf = std::env::var_os("SOTTO_BIN").context("SOTTO_BIN names no server binary")?.into();
    println!("takeover: starting RabbitMQ, MongoDB, Redis, S3 and four pods");
    let start = move || {
        let (folder, caches) = (Path::new(FOLDER), vec![Redis::Sentinel]);
        Rig::start(Parts { folder, binary: &binary, caches, settings: Vec::new() })
    };
    let rig = spawn_blocking(start).await??;
    let measured = rig.attend(all(&rig)).await;
    spawn_blocking(move || rig.engines.discard()).await??;
    let measured = measured?;
    keep("takeover", &measured)?;
    let old = std::fs::read_to_string(PAGE).unwrap_or_default();
    std::fs::write(PAGE, SECTION.replaced(&old, &render(&measured)))?;
    println!("{PAGE} is written");
    Ok(())
}

async fn all(rig: &Rig) -> Result<Vec<Deaths>> {
    let mut measured = Vec::new();
    // People are named after the seed.
    for (seed, (fault, what, aim_ms)) in (SEED..).zip(DEATHS) {
        println!("{what}, {TIMES} times ...");
        let siege = Siege {
            seed,
            lasts: Duration::from_secs(1),
            faults: TIMES,
            deck: vec![fault],
            joined: 0,
            cache: Redis::Sentinel,
            mishaps: Mishaps::NONE,
            watch: Duration::from_mins(1),
        };
        let outlook = siege.lay(rig, |line| println!("  {line}")).await?;
        let people = &outlook.run.people;
        let violations = checker::check(&outlook.run).len() + outlook.complaints.len();
        measured.push(Deaths {
            what: what.to_owned(),
            times: outlook.faults.len(),
            aim_ms,
            accepted: accepted(&outlook.run),
            violations,
            heard_ms: heard_ms(&outlook.run.records, people),
            silent_ms: silent_ms(&outlook.run.records, outlook.stormed),
            useless: outlook.figures.useless,
        });
        println!("  {:?}", measured.last());
    }
    Ok(measured)
}

/// The longest from `accepted` until another person's device had it.
fn heard_ms(records: &[Record], people: &BTreeMap<Client, Uuid>) -> f64 {
    let (mut accepted, mut heard) = (HashMap::<Uuid, u64>::new(), HashMap::<Uuid, u64>::new());
    for record in records {
        match &record.what {
            What::Sent { message_id, result: Outcome::Accepted, .. } => {
                accepted.entry(*message_id).or_insert(record.t_mono);
            }
            // Whoever is away hears of it when they come back.
            What::Heard { entry, .. }
                if record.client != ABSENT && people.get(&record.client) != Some(&entry.sender) =>
            {
                let at = heard.entry(entry.id).or_insert(record.t_mono);
                *at = (*at).min(record.t_mono);
            }
            _ => {}
        }
    }
    // Heard by nobody: the checker knows whether it is lost.
    let waits = accepted.iter().filter_map(|(id, at)| Some(heard.get(id)?.saturating_sub(*at)));
    ms(waits.max().unwrap_or_default())
}

/// The longest between two answers with yes that a device got, while everybody sent.
fn silent_ms(records: &[Record], stormed: u64) -> f64 {
    let mut last: HashMap<Client, u64> = HashMap::new();
    let mut longest = 0;
    for record in records.iter().filter(|record| record.client != ABSENT && record.t_mono < stormed) {
        if matches!(&record.what, What::Sent { result: Outcome::Accepted, .. }) {
            let before = last.insert(record.client, record.t_mono).unwrap_or(record.t_mono);
            longest = longest.max(record.t_mono - before);
        }
    }
    ms(longest)
}

#[expect(clippy::cast_precision_loss, reason = "minutes, in microseconds")]
fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

fn render(measured: &[Deaths]) -> String {
    let mut text = String::from(
        "## When something dies\n\nSix people with ten devices talk over two gateways and two workers on three RabbitMQ nodes, three MongoDB \
         members and a Redis behind sentinels, while one thing dies again and again.\n\n\
         | what | times | accepted | lost, doubled or wrong | longest from `accepted` to another's device | longest a device had no `accepted` | aim | |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for deaths in measured {
        let Deaths { what, times, accepted, violations, heard_ms, silent_ms, aim_ms, .. } = deaths;
        let verdict = if heard_ms.max(*silent_ms) <= *aim_ms && *violations == 0 { "met" } else { "**missed**" };
        let _ = writeln!(
            text,
            "| {what} | {times} | {accepted} | {violations} | {:.1} s | {:.1} s | {:.0} s | {verdict} |",
            heard_ms / 1e3,
            silent_ms / 1e3,
            aim_ms / 1e3
        );
    }
    let useless: u64 = measured.iter().map(|deaths| deaths.useless).sum();
    let _ = writeln!(text, "\nEvents that reached a pod with no socket for them: {useless}.");
    text
}

#[cfg(test)]
mod tests {
    use sotto_chaos::history::{Entry, Kind, Via};

    use super::*;

    fn sent(client: Client, id: u128, t_mono: u64, result: Outcome) -> Record {
        let (conversation, message_id, kind) = (Uuid::from_u128(9), Uuid::from_u128(id), Kind::Message);
        Record {
            t_mono,
            client,
            what: What::Sent { conversation, message_id, kind, target: None, words: None, result },
        }
    }

    fn heard(client: Client, id: u128, t_mono: u64) -> Record {
        let sender = Uuid::from_u128(100);
        let entry = Entry { id: Uuid::from_u128(id), seq: 1, kind: Kind::Message, target: None, sender, words: None };
        Record { t_mono, client, what: What::Heard { conversation: Uuid::from_u128(9), entry, via: Via::Event } }
    }

    #[test]
    fn the_longest_way_to_another_person_counts_and_not_to_oneself() {
        let people = (0..=ABSENT).map(|client| (client, Uuid::from_u128(100 + u128::from(client)))).collect();
        let records = [
            sent(0, 1, 1_000, Outcome::Accepted),
            heard(0, 1, 2_000),
            heard(1, 1, 9_000),
            heard(2, 1, 90_000),
            sent(0, 4, 1_000, Outcome::Accepted),
            heard(ABSENT, 4, 99_000),
            sent(0, 2, 1_000, Outcome::Accepted),
            heard(1, 2, 3_000),
            sent(0, 3, 1_000, Outcome::Unknown),
            heard(1, 3, 99_000),
        ];
        assert!((heard_ms(&records, &people) - 8.0).abs() < 1e-9);
    }

    #[test]
    fn only_a_yes_breaks_the_silence_and_only_while_it_storms() {
        let records = [
            sent(0, 1, 1_000, Outcome::Accepted),
            sent(0, 2, 3_000, Outcome::Unknown),
            sent(0, 2, 6_000, Outcome::Accepted),
            sent(1, 3, 5_000, Outcome::Accepted),
            sent(ABSENT, 4, 1_000, Outcome::Accepted),
            sent(ABSENT, 5, 9_000, Outcome::Accepted),
            sent(0, 6, 50_000, Outcome::Accepted),
        ];
        assert!((silent_ms(&records, 10_000) - 5.0).abs() < 1e-9);
    }
}
