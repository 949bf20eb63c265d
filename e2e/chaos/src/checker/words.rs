//! What was sealed: every device that a message was for reads just the words of its sender, and no other device does.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::{Rule, Violation, report};
use crate::history::{Client, KeyWork, Run, What};

/// How a message was sealed.
#[derive(Default)]
struct Sealing<'a> {
    words: &'a str,
    readers: BTreeSet<Uuid>,
}

/// How a run went, as far as keys are concerned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Messages of the logs that devices read in the end, each once for each device.
    pub opened: usize,
    /// How often a sender was asked once more for the key to a message that was for the device.
    pub asked: usize,
    /// How often for one that was not, as newcomers do: nobody may answer that.
    pub begged: usize,
    /// Messages that opened after that.
    pub repaired: usize,
    /// How many boxes were lost on purpose.
    pub lost: usize,
    /// How many boxes did not open.
    pub failed: usize,
    /// How often a client ended and started again.
    pub restarts: usize,
    /// Messages that a device should read in the end, and can't.
    pub undecryptable: usize,
}

/// Adds up what devices did with their keys.
pub fn reading(run: &Run) -> Reading {
    let mut reading = Reading::default();
    let sealings = sealings(run);
    let mut asked = BTreeSet::new();
    let mut repaired = BTreeSet::new();
    for (client, work) in work(run) {
        match work {
            KeyWork::AskedAgain { message_id } => {
                let device = run.devices.get(&client);
                let is_for = |sealing: &Sealing<'_>| device.is_some_and(|device| sealing.readers.contains(device));
                if sealings.get(message_id).is_some_and(|marks| marks.values().any(is_for)) {
                    reading.asked += 1;
                } else {
                    reading.begged += 1;
                }
                asked.insert((client, *message_id));
            }
            KeyWork::Opened { message_id, .. } if asked.contains(&(client, *message_id)) => {
                repaired.insert((client, *message_id));
            }
            KeyWork::BoxLost { .. } => reading.lost += 1,
            KeyWork::BoxFailed { .. } => reading.failed += 1,
            KeyWork::StartedAgain => reading.restarts += 1,
            KeyWork::Opened { .. } | KeyWork::Sealed { .. } | KeyWork::Shut { .. } | KeyWork::Refused { .. } => {}
        }
    }
    reading.repaired = repaired.len();
    for due in due(run, &sealings) {
        match due.read {
            Some(_) => reading.opened += 1,
            None => reading.undecryptable += 1,
        }
    }
    reading
}

pub(super) fn check(run: &Run, found: &mut Vec<Violation>) {
    let sealings = sealings(run);
    for Due { client, message, sealing, read, why } in due(run, &sealings) {
        match read {
            Some(words) if words == sealing.words => {}
            Some(words) => {
                let detail = format!("client {client} reads {words:?} in {message}, which says {:?}", sealing.words);
                report(found, Rule::ReadersOnly, detail);
            }
            None => report(found, Rule::ReadersOnly, format!("client {client} can't read {message}: {why}")),
        }
    }
    for (client, work) in work(run) {
        match work {
            KeyWork::Opened { message_id, words } => {
                let device = run.devices.get(&client);
                let is_for = |sealing: &Sealing<'_>| {
                    sealing.words == words && device.is_some_and(|device| sealing.readers.contains(device))
                };
                if !sealings.get(message_id).is_some_and(|marks| marks.values().any(is_for)) {
                    let detail =
                        format!("client {client} opened {message_id} as {words:?}, which nobody sealed for it");
                    report(found, Rule::ReadersOnly, detail);
                }
            }
            KeyWork::Refused { what } => {
                report(found, Rule::ReadersOnly, format!("client {client} met a refusal: {what}"));
            }
            KeyWork::Sealed { .. }
            | KeyWork::Shut { .. }
            | KeyWork::AskedAgain { .. }
            | KeyWork::BoxLost { .. }
            | KeyWork::BoxFailed { .. }
            | KeyWork::StartedAgain => {}
        }
    }
}

/// A message that a device should read in the end.
struct Due<'a> {
    client: Client,
    message: Uuid,
    sealing: &'a Sealing<'a>,
    /// What it reads.
    read: Option<&'a str>,
    /// Why it reads nothing.
    why: &'a str,
}

/// How each message was sealed, by the mark of its envelope: it may have been for other devices first.
type Sealings<'a> = HashMap<Uuid, HashMap<&'a str, Sealing<'a>>>;

fn sealings(run: &Run) -> Sealings<'_> {
    let mut sealings = Sealings::new();
    for (_, work) in work(run) {
        let KeyWork::Sealed { message_id, mark, words, readers } = work else { continue };
        let sealing = sealings.entry(*message_id).or_default().entry(mark).or_default();
        sealing.words = words;
        // The same envelope, with boxes for more devices.
        sealing.readers.extend(readers);
    }
    sealings
}

fn due<'a>(run: &'a Run, sealings: &'a Sealings<'a>) -> Vec<Due<'a>> {
    let mut last: HashMap<(Client, Uuid), Result<&str, &str>> = HashMap::new();
    for (client, work) in work(run) {
        match work {
            KeyWork::Opened { message_id, words } => drop(last.insert((client, *message_id), Ok(words))),
            KeyWork::Shut { message_id, why } => drop(last.insert((client, *message_id), Err(why))),
            KeyWork::Sealed { .. }
            | KeyWork::AskedAgain { .. }
            | KeyWork::BoxLost { .. }
            | KeyWork::BoxFailed { .. }
            | KeyWork::StartedAgain
            | KeyWork::Refused { .. } => {}
        }
    }
    let mut due = Vec::new();
    for entry in run.logs.iter().flat_map(|log| &log.entries) {
        let mark = entry.words.as_deref().unwrap_or_default();
        let Some(sealing) = sealings.get(&entry.id).and_then(|marks| marks.get(mark)) else { continue };
        for (client, _) in run.devices.iter().filter(|(_, device)| sealing.readers.contains(device)) {
            let read = last.get(&(*client, entry.id)).copied().unwrap_or(Err("it was never tried"));
            let why = read.err().unwrap_or_default();
            due.push(Due { client: *client, message: entry.id, sealing, read: read.ok(), why });
        }
    }
    due
}

fn work(run: &Run) -> impl Iterator<Item = (Client, &KeyWork)> {
    run.records.iter().filter_map(|record| match &record.what {
        What::Key(work) => Some((record.client, work)),
        What::Sent { .. }
        | What::Heard { .. }
        | What::Shown { .. }
        | What::MarksHeard { .. }
        | What::MarksSet { .. } => None,
    })
}
