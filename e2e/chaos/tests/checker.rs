//! The checker itself is tested: a good run passes, and every single corruption of it is found, under the right name.

mod made_up;

use proptest::prelude::*;
use sotto_chaos::checker::{Rule, check, reading};
use sotto_chaos::dice::Dice;
use sotto_chaos::history::{Entry, KeyWork, Kind, Marks, Outcome, Record, Run, Via, What};
use uuid::Uuid;

type Corruption = fn(&mut Run, &mut Dice) -> bool;

/// Every corruption: its name, the rules that may name it, and how to do it (false where this run offers no chance).
const CORRUPTIONS: [(&str, &[Rule], Corruption); 19] = [
    ("an acknowledged message is lost", &[Rule::AcknowledgedOnce], lose_the_newest),
    ("an entry in the middle is lost", &[Rule::OneOrder], lose_from_the_middle),
    ("a message is stored twice", &[Rule::AcknowledgedOnce], store_twice),
    ("a position is left out", &[Rule::OneOrder], leave_a_gap),
    ("two messages change places", &[Rule::OneOrder], swap_in_the_log),
    ("a position was handed out twice", &[Rule::OneOrder], hand_out_twice),
    ("words are altered", &[Rule::AcknowledgedOnce], alter_words),
    ("a client shows a message twice", &[Rule::ShownOnce], show_twice),
    ("a client shows two messages in the wrong order", &[Rule::OneOrder], show_swapped),
    ("a client never gets an entry", &[Rule::Converged], never_shown),
    ("an event goes to a stranger", &[Rule::MembersOnly], tell_a_stranger),
    ("a watermark falls", &[Rule::WatermarksRise], watermark_falls),
    ("a watermark is forgotten", &[Rule::WatermarksRise], watermark_forgotten),
    ("delivered runs ahead of what a device had", &[Rule::WatermarksRise], delivered_ahead),
    ("a refused message is in the log", &[Rule::NoFalseRefusal], refused_and_stored),
    ("a device loses a box and never asks again", &[Rule::ReadersOnly], never_opened),
    ("what a device read before is shut in the end", &[Rule::ReadersOnly], shut_in_the_end),
    ("a device reads other words than were sealed", &[Rule::ReadersOnly], reads_other_words),
    ("a device reads what was not sealed for it", &[Rule::ReadersOnly], read_by_a_stranger),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_good_run_passes(seed: u64) {
        let run = made_up::run(seed);
        prop_assert_eq!(check(&run), vec![]);
    }

    #[test]
    fn any_single_corruption_is_found(seed: u64) {
        for (name, rules, corrupt) in CORRUPTIONS {
            let mut run = made_up::run(seed);
            let mut dice = Dice::new(seed ^ 0xC0FF_EE00);
            if corrupt(&mut run, &mut dice) {
                let found = check(&run);
                prop_assert!(found.iter().any(|violation| rules.contains(&violation.rule)), "{name}: {found:?}");
            }
        }
    }
}

#[test]
fn every_corruption_has_its_chance() {
    for (name, _, corrupt) in CORRUPTIONS {
        let done = (0..50).filter(|seed| corrupt(&mut made_up::run(*seed), &mut Dice::new(*seed))).count();
        assert!(done > 10, "{name} was possible in {done} of 50 runs only");
    }
}

#[test]
fn a_false_second_answer_is_found() {
    let mut run = made_up::run(7);
    let again = run.records.iter().find(|r| matches!(r.what, What::Sent { .. })).cloned().unwrap();
    let mut again = again;
    if let What::Sent { result, .. } = &mut again.what {
        *result = Outcome::Refused("id_conflict".to_owned());
    }
    run.records.push(again);
    assert!(check(&run).iter().any(|violation| violation.rule == Rule::SameAnswer));
}

#[test]
fn a_run_is_added_up() {
    let run = made_up::run(7);
    let read = reading(&run);
    assert!(read.opened > 0);
    assert_eq!((read.asked, read.repaired, read.undecryptable), (0, 0, 0));
    let mut broken = run.clone();
    assert!(never_opened(&mut broken, &mut Dice::new(7)));
    assert_eq!(reading(&broken).undecryptable, 1);
    let What::Key(KeyWork::Opened { message_id, .. }) =
        &run.records[record(&run, &mut Dice::new(7), opened).unwrap()].what
    else {
        unreachable!("that kind was looked for")
    };
    let client = run.records[record(&run, &mut Dice::new(7), opened).unwrap()].client;
    let mut mended = run.clone();
    mended
        .records
        .insert(0, Record { t_mono: 0, client, what: What::Key(KeyWork::AskedAgain { message_id: *message_id }) });
    assert_eq!((reading(&mended).asked, reading(&mended).repaired), (1, 1));
}

#[test]
fn a_message_that_was_sealed_again_for_more_devices_may_stand_in_either_form() {
    let mut run = made_up::run(7);
    let again = run.records.iter().find(|r| matches!(r.what, What::Sent { .. })).cloned().unwrap();
    let mut first = again.clone();
    if let What::Sent { words, result, .. } = &mut first.what {
        *words = Some("sealed-for-the-devices-of-before".to_owned());
        *result = Outcome::Refused("stale_devices".to_owned());
    }
    run.records.insert(0, first);
    assert_eq!(check(&run), vec![]);
}

#[test]
fn watermarks_may_lag_only_while_a_cache_is_lost_and_nothing_may_be_missing_in_the_end() {
    let lag = (0, u64::MAX / 2);
    let broken = |corrupt: Corruption, lags: Vec<(u64, u64)>| {
        let runs = (0..50).filter_map(|seed| {
            let mut run = made_up::run(seed);
            run.lags.clone_from(&lags);
            corrupt(&mut run, &mut Dice::new(seed)).then(|| check(&run))
        });
        runs.flatten().filter(|violation| violation.rule == Rule::WatermarksRise).count()
    };
    assert_eq!(broken(watermark_falls, vec![lag]), 0);
    assert!(broken(watermark_falls, vec![(u64::MAX / 2, u64::MAX / 2)]) > 0);
    assert!(broken(watermark_forgotten, vec![lag]) > 0);
}

#[test]
fn words_that_outlive_their_retraction_are_found() {
    let mut run = made_up::run(7);
    let log = run.logs.iter_mut().find(|log| !log.entries.is_empty()).unwrap();
    let first = log.entries.first().cloned().unwrap();
    let seq = log.entries.len() as u64 + 1;
    let retract = Entry { id: Uuid::now_v7(), seq, kind: Kind::Retract, target: Some(first.id), words: None, ..first };
    log.entries.push(retract);
    assert!(check(&run).iter().any(|violation| violation.rule == Rule::WordsAreGone));
}

/// Where in the logs something can be done: the log's number, and one of its entries' numbers from `from` on.
fn spot(run: &Run, dice: &mut Dice, from: usize) -> Option<(usize, usize)> {
    let spots: Vec<(usize, usize)> = run
        .logs
        .iter()
        .enumerate()
        .flat_map(|(log, l)| (from..l.entries.len()).map(move |entry| (log, entry)))
        .collect();
    dice.pick(&spots).copied()
}

/// A record that is of the wanted kind.
fn record(run: &Run, dice: &mut Dice, wanted: fn(&What) -> bool) -> Option<usize> {
    let fitting: Vec<usize> =
        run.records.iter().enumerate().filter(|(_, r)| wanted(&r.what)).map(|(at, _)| at).collect();
    dice.pick(&fitting).copied()
}

fn lose_the_newest(run: &mut Run, dice: &mut Dice) -> bool {
    let Some((log, _)) = spot(run, dice, 0) else { return false };
    run.logs[log].entries.pop().is_some()
}

fn lose_from_the_middle(run: &mut Run, dice: &mut Dice) -> bool {
    let Some((log, entry)) = spot(run, dice, 1) else { return false };
    run.logs[log].entries.remove(entry - 1);
    true
}

fn store_twice(run: &mut Run, dice: &mut Dice) -> bool {
    let Some((log, entry)) = spot(run, dice, 0) else { return false };
    let mut copy = run.logs[log].entries[entry].clone();
    copy.seq = run.logs[log].entries.len() as u64 + 1;
    run.logs[log].entries.push(copy);
    true
}

fn leave_a_gap(run: &mut Run, dice: &mut Dice) -> bool {
    let Some((log, entry)) = spot(run, dice, 0) else { return false };
    run.logs[log].entries[entry..].iter_mut().for_each(|entry| entry.seq += 1);
    true
}

fn swap_in_the_log(run: &mut Run, dice: &mut Dice) -> bool {
    let Some((log, entry)) = spot(run, dice, 1) else { return false };
    let entries = &mut run.logs[log].entries;
    entries.swap(entry - 1, entry);
    entries[entry - 1].seq -= 1;
    entries[entry].seq += 1;
    true
}

fn hand_out_twice(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, |what| matches!(what, What::Heard { .. })) else { return false };
    let mut twin = run.records[at].clone();
    if let What::Heard { entry, .. } = &mut twin.what {
        entry.id = Uuid::now_v7();
    }
    run.records.insert(at, twin);
    true
}

fn alter_words(run: &mut Run, dice: &mut Dice) -> bool {
    let Some((log, entry)) = spot(run, dice, 0) else { return false };
    let entry = &mut run.logs[log].entries[entry];
    entry.words = entry.words.as_ref().map(|words| format!("{words}!"));
    entry.words.is_some()
}

fn show_twice(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, |what| matches!(what, What::Shown { .. })) else { return false };
    run.records.push(run.records[at].clone());
    true
}

fn show_swapped(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, |what| matches!(what, What::Shown { seq, .. } if *seq > 1)) else { return false };
    let late = run.records.remove(at);
    let place = |what: &What| match what {
        What::Shown { conversation, .. } => Some(*conversation),
        _ => None,
    };
    let before = run.records[..at].iter().rposition(|r| r.client == late.client && place(&r.what) == place(&late.what));
    let Some(before) = before else { return false };
    run.records.insert(before, late);
    true
}

fn never_shown(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, |what| matches!(what, What::Shown { .. })) else { return false };
    run.records.remove(at);
    true
}

fn tell_a_stranger(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, |what| matches!(what, What::Heard { .. })) else { return false };
    let mut told = run.records[at].clone();
    told.client = made_up::STRANGER;
    run.records.push(told);
    true
}

fn watermark_falls(run: &mut Run, dice: &mut Dice) -> bool {
    let high = |what: &What| matches!(what, What::MarksHeard { marks, .. } if marks.delivered > 0);
    let Some(at) = record(run, dice, high) else { return false };
    let mut fallen = run.records[at].clone();
    fallen.t_mono += 1;
    if let What::MarksHeard { marks, .. } = &mut fallen.what {
        *marks = Marks { delivered: marks.delivered - 1, read: marks.read.saturating_sub(1) };
    }
    run.records.insert(at + 1, fallen);
    true
}

fn watermark_forgotten(run: &mut Run, dice: &mut Dice) -> bool {
    let high = |what: &What| matches!(what, What::MarksSet { marks, .. } if marks.delivered > 0);
    let Some(at) = record(run, dice, high) else { return false };
    let What::MarksSet { conversation, .. } = run.records[at].what else { return false };
    let person = run.people[&run.records[at].client];
    let log = run.logs.iter_mut().find(|log| log.id == conversation);
    log.is_some_and(|log| log.marks.insert(person, Marks::default()).is_some())
}

fn delivered_ahead(run: &mut Run, dice: &mut Dice) -> bool {
    // Before anybody heard anything, someone's mark is at another's message.
    let Some((log, entry)) = spot(run, dice, 0) else { return false };
    let log = &run.logs[log];
    let Some(reader) = log.members.iter().find(|member| **member != log.entries[entry].sender) else { return false };
    let marks = Marks { delivered: entry as u64 + 1, read: 0 };
    let what = What::MarksHeard { conversation: log.id, of: *reader, marks, via: Via::Page };
    let Some(client) = run.records.first().map(|first| first.client) else { return false };
    run.records.insert(0, Record { t_mono: 0, client, what });
    true
}

fn refused_and_stored(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, |what| matches!(what, What::Sent { .. })) else { return false };
    let What::Sent { message_id: chosen, .. } = run.records[at].what else { return false };
    for record in &mut run.records {
        match &mut record.what {
            What::Sent { message_id, result, .. } if *message_id == chosen => {
                *result = Outcome::Refused("not_found".to_owned());
            }
            _ => {}
        }
    }
    true
}

fn opened(what: &What) -> bool {
    matches!(what, What::Key(KeyWork::Opened { .. }))
}

fn never_opened(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, opened) else { return false };
    let gone = run.records[at].clone();
    // It was opened more than once: live, and with the last look.
    run.records.retain(|record| record.client != gone.client || record.what != gone.what);
    true
}

fn shut_in_the_end(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, opened) else { return false };
    let mut last = run.records[at].clone();
    if let What::Key(KeyWork::Opened { message_id, .. }) = last.what {
        last.what = What::Key(KeyWork::Shut { message_id, why: "no session opens this".to_owned() });
    }
    run.records.push(last);
    true
}

fn reads_other_words(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, opened) else { return false };
    if let What::Key(KeyWork::Opened { words, .. }) = &mut run.records[at].what {
        words.push('!');
    }
    true
}

fn read_by_a_stranger(run: &mut Run, dice: &mut Dice) -> bool {
    let Some(at) = record(run, dice, opened) else { return false };
    let mut read = run.records[at].clone();
    read.client = made_up::STRANGER;
    run.records.push(read);
    true
}
