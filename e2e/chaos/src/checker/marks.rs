//! Watermarks: they never fall, nothing acknowledged is forgotten, and delivered means that a device had it.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::{Index, Rule, Violation, report};
use crate::history::{Client, Marks, Outcome, Run, Via, What};

/// A cache that lost what it knew may show less than before, until pods have brought back what they hold: every five
/// seconds, and some for a machine that is busy. Nothing of it may be missing in the end.
const LAG_US: u64 = 8_000_000;

#[derive(Default)]
struct Seen {
    /// The highest that each client heard by each way.
    heard: HashMap<(Client, Via, Uuid, Uuid), Marks>,
    /// The highest that must still be there in the end.
    promised: BTreeMap<(Uuid, Uuid), Marks>,
    /// What reached any device of a person.
    had: HashMap<(Uuid, Uuid), HashSet<u64>>,
}

pub(super) fn check(run: &Run, index: &Index<'_>, found: &mut Vec<Violation>) {
    let mut seen = Seen::default();
    for log in &run.logs {
        for entry in &log.entries {
            // One's own words need no delivery.
            seen.had.entry((log.id, entry.sender)).or_default().insert(entry.seq);
        }
    }
    let mut records: Vec<_> = run.records.iter().collect();
    records.sort_by_key(|record| record.t_mono);
    for record in records {
        let Some(person) = run.people.get(&record.client).copied() else { continue };
        match &record.what {
            What::Heard { conversation, entry, .. } => {
                seen.had.entry((*conversation, person)).or_default().insert(entry.seq);
            }
            What::MarksSet { conversation, marks, result: Outcome::Accepted } => {
                raise(seen.promised.entry((*conversation, person)).or_default(), *marks);
            }
            What::MarksHeard { conversation, of, marks, via } => {
                let lags = run.lags.iter().any(|(from, to)| (*from..to + LAG_US).contains(&record.t_mono));
                check_rise(&mut seen, (record.client, *via, *conversation, *of), (*marks, lags), found);
                raise(seen.promised.entry((*conversation, *of)).or_default(), *marks);
                check_had(&seen, (*conversation, *of), *marks, found);
            }
            What::MarksSet { .. } | What::Sent { .. } | What::Shown { .. } | What::Key(_) => {}
        }
    }
    check_final(run, index, &seen, found);
}

fn check_rise(
    seen: &mut Seen,
    key: (Client, Via, Uuid, Uuid),
    (marks, lags): (Marks, bool),
    found: &mut Vec<Violation>,
) {
    let before = seen.heard.entry(key).or_default();
    if !lags && (marks.delivered < before.delivered || marks.read < before.read) {
        let (client, via, conversation, of) = key;
        let detail = format!("client {client} saw ({via:?}) {of} fall from {before:?} to {marks:?} in {conversation}");
        report(found, Rule::WatermarksRise, detail);
    }
    raise(before, marks);
}

fn check_had(seen: &Seen, key: (Uuid, Uuid), marks: Marks, found: &mut Vec<Violation>) {
    let had = seen.had.get(&key);
    let lacks = (1..=marks.delivered).find(|seq| had.is_none_or(|had| !had.contains(seq)));
    if let Some(seq) = lacks {
        let (conversation, person) = key;
        let detail =
            format!("{person} has delivered {} in {conversation}, but no device had seq {seq}", marks.delivered);
        report(found, Rule::WatermarksRise, detail);
    }
}

fn check_final(run: &Run, index: &Index<'_>, seen: &Seen, found: &mut Vec<Violation>) {
    for log in &run.logs {
        for (person, marks) in &log.marks {
            check_had(seen, (log.id, *person), *marks, found);
            if marks.read > marks.delivered || marks.delivered > index.head(log.id) {
                report(
                    found,
                    Rule::WatermarksRise,
                    format!("{person} ends at {marks:?} of {} in {}", index.head(log.id), log.id),
                );
            }
        }
    }
    for ((conversation, person), promised) in &seen.promised {
        let kept = index.logs.get(conversation).and_then(|log| log.marks.get(person)).copied().unwrap_or_default();
        if kept.delivered < promised.delivered || kept.read < promised.read {
            let detail = format!("{person} had {promised:?} in {conversation} and ends with {kept:?}");
            report(found, Rule::WatermarksRise, detail);
        }
    }
}

fn raise(marks: &mut Marks, by: Marks) {
    marks.delivered = marks.delivered.max(by.delivered);
    marks.read = marks.read.max(by.read);
}
