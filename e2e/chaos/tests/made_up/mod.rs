//! Makes up a run of a perfect server, with all the repetition, reordering and silence that a perfect server may show.

use std::collections::BTreeMap;

use sotto_chaos::dice::Dice;
use sotto_chaos::history::{Client, Entry, KeyWork, Kind, Log, Marks, Outcome, Record, Run, Via, What};
use uuid::Uuid;

/// A client whose person is in no conversation.
pub(crate) const STRANGER: Client = 99;

/// A good run, a different one for each seed.
pub(crate) fn run(seed: u64) -> Run {
    let mut world = World { dice: Dice::new(seed), run: Run::default(), now: 1, marks: BTreeMap::new() };
    world.run.people.insert(STRANGER, Uuid::now_v7());
    let clients: Vec<Client> = (0..5).take(2 + usize::from(world.dice.percent(50)) * 2).collect();
    for client in &clients {
        world.run.people.insert(*client, Uuid::now_v7());
        world.run.devices.insert(*client, Uuid::now_v7());
    }
    for (at, one) in clients.iter().enumerate() {
        for other in clients.iter().skip(at + 1) {
            if world.dice.percent(70) {
                world.converse(*one, *other);
            }
        }
    }
    if world.run.logs.is_empty() {
        world.converse(0, 1);
    }
    world.run
}

struct World {
    dice: Dice,
    run: Run,
    now: u64,
    marks: BTreeMap<(Uuid, Uuid), Marks>,
}

impl World {
    fn note(&mut self, client: Client, what: What) {
        self.now += self.dice.between(1, 50);
        self.run.records.push(Record { t_mono: self.now, client, what });
    }

    /// Two clients talk; each hears the other by events, by pages, or by both.
    fn converse(&mut self, one: Client, other: Client) {
        let id = Uuid::now_v7();
        let members = vec![self.run.people[&one], self.run.people[&other]];
        let mut log = Log { id, members, entries: Vec::new(), marks: BTreeMap::new() };
        let mut shown = BTreeMap::from([(one, 0_usize), (other, 0)]);
        for seq in 1..=self.dice.between(2, 9) {
            let sender = if self.dice.percent(50) { one } else { other };
            let entry = self.entry(&log, sender, seq);
            self.seal(sender, &entry, [one, other]);
            self.send(sender, id, &entry);
            log.entries.push(entry);
            for client in [one, other] {
                if self.dice.percent(60) {
                    self.catch_up(client, &log, &mut shown);
                }
            }
        }
        for client in [one, other] {
            self.catch_up(client, &log, &mut shown);
        }
        for person in &log.members {
            log.marks.insert(*person, self.marks.get(&(id, *person)).copied().unwrap_or_default());
        }
        self.run.logs.push(log);
    }

    fn entry(&mut self, log: &Log, sender: Client, seq: u64) -> Entry {
        let sender = self.run.people[&sender];
        let said: Vec<Uuid> = log.entries.iter().filter(|e| e.kind == Kind::Message).map(|e| e.id).collect();
        let target = self.dice.pick(&said).copied().filter(|_| self.dice.percent(20));
        let kind = if target.is_some() { Kind::Reaction } else { Kind::Message };
        Entry { id: Uuid::now_v7(), seq, kind, target, sender, words: Some(format!("words {}", self.dice.throw())) }
    }

    /// Each device opens it when it hears of it, and its own has it from the start.
    fn seal(&mut self, client: Client, entry: &Entry, readers: [Client; 2]) {
        let (message_id, mark) = (entry.id, entry.words.clone().unwrap_or_default());
        let readers = readers.iter().map(|client| self.run.devices[client]).collect();
        let words = says(entry);
        self.note(client, What::Key(KeyWork::Sealed { message_id, mark, words, readers }));
    }

    fn send(&mut self, client: Client, conversation: Uuid, entry: &Entry) {
        let mut results = vec![Outcome::Accepted];
        if self.dice.percent(30) {
            results.insert(0, Outcome::Unknown);
        }
        if self.dice.percent(20) {
            results.insert(0, Outcome::Refused("unavailable".to_owned()));
        }
        if self.dice.percent(20) {
            results.push(Outcome::Accepted);
        }
        for result in results {
            let Entry { id, kind, target, words, .. } = entry.clone();
            self.note(client, What::Sent { conversation, message_id: id, kind, target, words, result });
        }
    }

    fn catch_up(&mut self, client: Client, log: &Log, shown: &mut BTreeMap<Client, usize>) {
        let from = shown.insert(client, log.entries.len()).unwrap_or_default();
        let start = if self.dice.percent(30) { 0 } else { from };
        for entry in log.entries.iter().skip(start) {
            let via = if self.dice.percent(50) { Via::Event } else { Via::Page };
            self.note(client, What::Heard { conversation: log.id, entry: entry.clone(), via });
        }
        for entry in log.entries.iter().skip(from) {
            self.note(client, What::Key(KeyWork::Opened { message_id: entry.id, words: says(entry) }));
            self.note(client, What::Shown { conversation: log.id, message_id: entry.id, seq: entry.seq });
        }
        if self.dice.percent(70) {
            self.mark(client, log);
        }
    }

    fn mark(&mut self, client: Client, log: &Log) {
        let person = self.run.people[&client];
        let head = log.entries.len() as u64;
        let kept = self.marks.entry((log.id, person)).or_default();
        let read = kept.read.max(self.dice.below(head + 1));
        *kept = Marks { delivered: head, read };
        let marks = *kept;
        self.note(client, What::MarksSet { conversation: log.id, marks, result: Outcome::Accepted });
        let listeners: Vec<Client> =
            self.run.people.iter().filter(|(_, who)| log.members.contains(who)).map(|(client, _)| *client).collect();
        for listener in listeners {
            let what = What::MarksHeard { conversation: log.id, of: person, marks, via: Via::Event };
            self.note(listener, what);
        }
    }
}

/// What lies in an envelope of this mark.
fn says(entry: &Entry) -> String {
    format!("what {} says", entry.words.clone().unwrap_or_default())
}
