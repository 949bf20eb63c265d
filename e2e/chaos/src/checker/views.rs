//! What clients heard and showed: only what is theirs, each once, in the log's order, and in the end all of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::{Index, Rule, Violation, report};
use crate::history::{Client, Entry, Run, What};

pub(super) fn check(run: &Run, index: &Index<'_>, found: &mut Vec<Violation>) {
    let mut views: BTreeMap<(Client, Uuid), Vec<(u64, Uuid)>> = BTreeMap::new();
    for record in &run.records {
        match &record.what {
            What::Heard { conversation, entry, .. } => {
                check_heard(run, index, (record.client, *conversation, entry), found);
            }
            What::Shown { conversation, message_id, seq } => {
                views.entry((record.client, *conversation)).or_default().push((*seq, *message_id));
            }
            What::Sent { .. } | What::MarksHeard { .. } | What::MarksSet { .. } | What::Key(_) => {}
        }
    }
    for ((client, conversation), view) in &views {
        check_view(*client, *conversation, view, index, found);
    }
    for log in &run.logs {
        for (client, _) in run.people.iter().filter(|(_, person)| log.members.contains(person)) {
            check_whole(*client, log.id, views.get(&(*client, log.id)), index, found);
        }
    }
}

fn check_heard(run: &Run, index: &Index<'_>, heard: (Client, Uuid, &Entry), found: &mut Vec<Violation>) {
    let (client, conversation, entry) = heard;
    let Some(log) = index.logs.get(&conversation) else {
        report(found, Rule::MembersOnly, format!("client {client} heard of {conversation}, which nobody has"));
        return;
    };
    let is_member = run.people.get(&client).is_some_and(|person| log.members.contains(person));
    if !is_member {
        report(
            found,
            Rule::MembersOnly,
            format!("client {client} heard {} of {conversation} and is no member", entry.id),
        );
    }
    match index.by_seq.get(&(conversation, entry.seq)) {
        Some(kept) if kept.id == entry.id => {
            let words_fit = kept.words.is_none() || entry.words.is_none() || kept.words == entry.words;
            if !words_fit || kept.sender != entry.sender || kept.kind != entry.kind || kept.target != entry.target {
                report(found, Rule::OneOrder, format!("client {client} heard another form of {}", entry.id));
            }
        }
        Some(kept) => {
            let detail =
                format!("seq {} of {conversation} was {} for client {client}, and is {}", entry.seq, entry.id, kept.id);
            report(found, Rule::OneOrder, detail);
        }
        None => {
            let detail = format!(
                "client {client} heard {} as seq {} of {conversation}, and the log has no such",
                entry.id, entry.seq
            );
            report(found, Rule::AcknowledgedOnce, detail);
        }
    }
}

fn check_view(client: Client, conversation: Uuid, view: &[(u64, Uuid)], index: &Index<'_>, found: &mut Vec<Violation>) {
    let mut ids = HashSet::new();
    let mut seqs: HashMap<u64, Uuid> = HashMap::new();
    let mut last = 0;
    for (seq, id) in view {
        if !ids.insert(*id) || seqs.insert(*seq, *id).is_some() {
            report(found, Rule::ShownOnce, format!("client {client} shows {id} (seq {seq} of {conversation}) twice"));
        }
        if *seq != last + 1 {
            report(found, Rule::OneOrder, format!("client {client} shows seq {seq} of {conversation} after {last}"));
        }
        last = *seq;
        let kept = index.by_seq.get(&(conversation, *seq)).map(|entry| entry.id);
        if kept != Some(*id) {
            report(found, Rule::OneOrder, format!("client {client} shows {id} at seq {seq}, the log has {kept:?}"));
        }
    }
}

fn check_whole(
    client: Client,
    id: Uuid,
    view: Option<&Vec<(u64, Uuid)>>,
    index: &Index<'_>,
    found: &mut Vec<Violation>,
) {
    let shown: HashSet<u64> = view.into_iter().flatten().map(|(seq, _)| *seq).collect();
    let head = index.head(id);
    if let Some(missing) = (1..=head).find(|seq| !shown.contains(seq)) {
        report(found, Rule::Converged, format!("client {client} at rest lacks seq {missing} of {head} of {id}"));
    }
}
