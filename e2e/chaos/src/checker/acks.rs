//! What was promised to senders: acknowledged is in the log once and unaltered, refused is not, and order is kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::{Index, Rule, Violation, report};
use crate::history::{Client, Entry, Kind, Outcome, Run, What};

/// The codes of answers that only mean 'not now', or 'not so'.
const NOT_NOW: [&str; 3] = ["unavailable", "stale_devices", "stale_epoch"];

struct Attempts<'a> {
    conversation: Uuid,
    sender: Option<Uuid>,
    kind: Kind,
    target: Option<Uuid>,
    /// More than one where it had to be sealed again, because devices had changed.
    words: Vec<Option<&'a str>>,
    accepted: bool,
    refused: Option<&'a str>,
    unknown: bool,
}

pub(super) fn check(run: &Run, index: &Index<'_>, found: &mut Vec<Violation>) {
    let mut sent: HashMap<Uuid, Attempts<'_>> = HashMap::new();
    let mut orders: BTreeMap<(Client, Uuid), Vec<Uuid>> = BTreeMap::new();
    for record in &run.records {
        let What::Sent { conversation, message_id, kind, target, words, result } = &record.what else { continue };
        let attempts = sent.entry(*message_id).or_insert_with(|| {
            orders.entry((record.client, *conversation)).or_default().push(*message_id);
            Attempts {
                conversation: *conversation,
                sender: run.people.get(&record.client).copied(),
                kind: *kind,
                target: *target,
                words: Vec::new(),
                accepted: false,
                refused: None,
                unknown: false,
            }
        });
        if !attempts.words.contains(&words.as_deref()) {
            attempts.words.push(words.as_deref());
        }
        match result {
            Outcome::Accepted => attempts.accepted = true,
            Outcome::Unknown => attempts.unknown = true,
            Outcome::Refused(code) if NOT_NOW.contains(&code.as_str()) => {}
            Outcome::Refused(code) => attempts.refused = Some(code),
        }
    }
    for (id, attempts) in &sent {
        check_one(*id, attempts, index, found);
    }
    check_invented(run, &sent, found);
    check_order(&orders, index, found);
}

fn check_one(id: Uuid, attempts: &Attempts<'_>, index: &Index<'_>, found: &mut Vec<Violation>) {
    let places = index.places(id);
    let here = places.iter().filter(|(conversation, _)| *conversation == attempts.conversation).count();
    if attempts.accepted && here != 1 {
        let detail = format!("{id} was acknowledged and is {here} times in the log of {}", attempts.conversation);
        report(found, Rule::AcknowledgedOnce, detail);
    }
    if let (true, Some(code)) = (attempts.accepted, attempts.refused) {
        report(found, Rule::SameAnswer, format!("{id} was accepted, and refused another time ({code})"));
    }
    if let (false, Some(code), true) = (attempts.accepted, attempts.refused, here > 0) {
        report(found, Rule::NoFalseRefusal, format!("{id} was refused ({code}) and is in the log"));
    }
    if !attempts.accepted && !attempts.unknown && attempts.refused.is_none() && here > 0 {
        report(found, Rule::NoFalseRefusal, format!("{id} was never taken ({NOT_NOW:?}) and is in the log"));
    }
    for (conversation, entry) in places {
        if !is_as_sent(entry, *conversation, attempts) {
            report(found, Rule::AcknowledgedOnce, format!("{id} is not in the log as it was sent: {entry:?}"));
        }
    }
}

fn is_as_sent(entry: &Entry, conversation: Uuid, attempts: &Attempts<'_>) -> bool {
    conversation == attempts.conversation
        && Some(entry.sender) == attempts.sender
        && entry.kind == attempts.kind
        && entry.target == attempts.target
        // Whether words may be missing is for the rule about retractions.
        && (entry.words.is_none() || attempts.words.contains(&entry.words.as_deref()))
}

fn check_invented(run: &Run, sent: &HashMap<Uuid, Attempts<'_>>, found: &mut Vec<Violation>) {
    for log in &run.logs {
        let retracted: HashSet<Uuid> =
            log.entries.iter().filter(|e| e.kind == Kind::Retract).filter_map(|e| e.target).collect();
        for entry in log.entries.iter().filter(|entry| entry.kind != Kind::System) {
            let Some(attempts) = sent.get(&entry.id) else {
                report(found, Rule::AcknowledgedOnce, format!("{} is in the log and nobody sent it", entry.id));
                continue;
            };
            let may_be_bare = retracted.contains(&entry.id) || entry.target.is_some_and(|t| retracted.contains(&t));
            if attempts.words != [None] && entry.words.is_none() && !may_be_bare {
                report(found, Rule::AcknowledgedOnce, format!("{} has lost its words", entry.id));
            }
        }
    }
}

fn check_order(orders: &BTreeMap<(Client, Uuid), Vec<Uuid>>, index: &Index<'_>, found: &mut Vec<Violation>) {
    for ((client, conversation), ids) in orders {
        let mut last = 0;
        for id in ids {
            let place = index.places(*id).iter().find(|(place, _)| place == conversation);
            let Some((_, entry)) = place else { continue };
            if entry.seq < last {
                let detail =
                    format!("client {client} sent {id} after what stands at {last}, but it is at {}", entry.seq);
                report(found, Rule::OneOrder, detail);
            }
            last = last.max(entry.seq);
        }
    }
}
