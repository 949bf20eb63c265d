//! What must hold in the final logs by themselves: dense positions, each id once, no words of what was taken back.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Rule, Violation, report};
use crate::history::{Kind, Log, Run};

pub(super) fn check(run: &Run, found: &mut Vec<Violation>) {
    let mut seen: HashMap<Uuid, (Uuid, u64)> = HashMap::new();
    for log in &run.logs {
        for (expected, entry) in (1_u64..).zip(&log.entries) {
            if entry.seq != expected {
                let detail = format!("in {} position {expected} holds seq {} ({})", log.id, entry.seq, entry.id);
                report(found, Rule::OneOrder, detail);
                break;
            }
        }
        for entry in &log.entries {
            if let Some((other, seq)) = seen.insert(entry.id, (log.id, entry.seq)) {
                let detail = format!("{} stands at {} of {} and at {seq} of {other}", entry.id, entry.seq, log.id);
                report(found, Rule::AcknowledgedOnce, detail);
            }
        }
        check_retracted(log, found);
    }
}

fn check_retracted(log: &Log, found: &mut Vec<Violation>) {
    let retracted: Vec<Uuid> =
        log.entries.iter().filter(|e| e.kind == Kind::Retract).filter_map(|e| e.target).collect();
    for entry in log.entries.iter().filter(|entry| entry.words.is_some()) {
        let is_gone = retracted.contains(&entry.id);
        let is_edit_of_gone =
            entry.kind == Kind::Edit && entry.target.is_some_and(|target| retracted.contains(&target));
        if is_gone || is_edit_of_gone {
            let detail = format!("{} (seq {} of {}) was taken back and still has words", entry.id, entry.seq, log.id);
            report(found, Rule::WordsAreGone, detail);
        }
    }
}
