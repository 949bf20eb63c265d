//! The offline checker: holds what clients saw, and the server's final logs, against the invariants.

mod acks;
mod logs;
mod marks;
mod views;
mod words;

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;

pub use self::words::{Reading, reading};
use crate::history::{Entry, Log, Run};

/// The invariants, by their numbers in the project's testing notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// I1: every acknowledged message is exactly once in the log, as it was sent, and in every member's view.
    AcknowledgedOnce,
    /// I2: no client shows a message twice.
    ShownOnce,
    /// I3: positions are dense, the order is the same for all, and a sender's order is kept.
    OneOrder,
    /// I4: watermarks never fall, and delivered means that a device had it.
    WatermarksRise,
    /// I6: nobody receives an entry outside their membership.
    MembersOnly,
    /// I8: when all is at rest, every view is the whole log.
    Converged,
    /// I9: the same request again has one effect and the same answer.
    SameAnswer,
    /// I12: whatever was sealed for a device can be read on it in the end, as its sender wrote it, and on no other.
    ReadersOnly,
    /// I14: what was refused did not happen.
    NoFalseRefusal,
    /// What was taken back has lost its words.
    WordsAreGone,
}

impl Rule {
    /// Its short name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AcknowledgedOnce => "I1",
            Self::ShownOnce => "I2",
            Self::OneOrder => "I3",
            Self::WatermarksRise => "I4",
            Self::MembersOnly => "I6",
            Self::Converged => "I8",
            Self::SameAnswer => "I9",
            Self::ReadersOnly => "I12",
            Self::NoFalseRefusal => "I14",
            Self::WordsAreGone => "retract",
        }
    }
}

/// One thing that must not have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant it breaks.
    pub rule: Rule,
    /// What exactly.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", self.rule.code(), self.rule, self.detail)
    }
}

/// Everything that is wrong with a run; empty where nothing is.
pub fn check(run: &Run) -> Vec<Violation> {
    let index = Index::of(run);
    let mut found = Vec::new();
    logs::check(run, &mut found);
    acks::check(run, &index, &mut found);
    views::check(run, &index, &mut found);
    marks::check(run, &index, &mut found);
    words::check(run, &mut found);
    found
}

/// The final logs, to look things up in.
struct Index<'a> {
    logs: HashMap<Uuid, &'a Log>,
    /// Every place where an id stands.
    places: HashMap<Uuid, Vec<(Uuid, &'a Entry)>>,
    by_seq: HashMap<(Uuid, u64), &'a Entry>,
}

impl<'a> Index<'a> {
    fn of(run: &'a Run) -> Self {
        let mut index = Self { logs: HashMap::new(), places: HashMap::new(), by_seq: HashMap::new() };
        for log in &run.logs {
            index.logs.insert(log.id, log);
            for entry in &log.entries {
                index.places.entry(entry.id).or_default().push((log.id, entry));
                index.by_seq.entry((log.id, entry.seq)).or_insert(entry);
            }
        }
        index
    }

    fn places(&self, id: Uuid) -> &[(Uuid, &'a Entry)] {
        self.places.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    fn head(&self, conversation: Uuid) -> u64 {
        self.logs.get(&conversation).map_or(0, |log| log.entries.len() as u64)
    }
}

fn report(found: &mut Vec<Violation>, rule: Rule, detail: String) {
    found.push(Violation { rule, detail });
}
