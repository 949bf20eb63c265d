//! Whatever is reordered, doubled, lost, restarted or killed: a message opens once, or says why not, and a repair opens it.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod world;

use std::collections::BTreeMap;

use crypto_core::{
    Error, Remedy,
    device::{Device, Received},
};
use proptest::prelude::*;
use shared_types::{Message, keys::MailboxItem};
use world::{World, at};

const DEVICES: [&str; 4] = ["ana/phone", "ana/web", "bo/desk", "bo/web"];

#[derive(Debug, Clone)]
enum Step {
    /// A device says something, to the other or in the group.
    Say { device: usize, in_group: bool },
    /// One of the boxes that wait for a device arrives; it is killed before or after it committed, or not at all.
    Arrive { device: usize, place: usize, end: End },
    /// A box is lost.
    Lose { device: usize, place: usize },
    /// A box comes twice.
    Double { device: usize, place: usize },
    /// A device is killed between sealing and sending.
    DieSealing { device: usize },
}

#[derive(Debug, Clone, Copy)]
enum End {
    Acknowledged,
    KilledBeforeCommit,
    KilledAfterCommit,
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![4 => Just(End::Acknowledged), 1 => Just(End::KilledBeforeCommit), 1 => Just(End::KilledAfterCommit)];
    prop_oneof![
        4 => (0..4_usize, any::<bool>()).prop_map(|(device, in_group)| Step::Say { device, in_group }),
        6 => (0..4_usize, 0..6_usize, end).prop_map(|(device, place, end)| Step::Arrive { device, place, end }),
        1 => (0..4_usize, 0..6_usize).prop_map(|(device, place)| Step::Lose { device, place }),
        1 => (0..4_usize, 0..6_usize).prop_map(|(device, place)| Step::Double { device, place }),
        1 => (0..4_usize).prop_map(|device| Step::DieSealing { device }),
    ]
}

struct Sim {
    world: World,
    said: Vec<(usize, Message)>,
    refused: Vec<Error>,
}

impl Sim {
    fn new() -> Self {
        let mut world = World::of(&DEVICES);
        world.set_members("ana/phone", &["bo"]);
        Self { world, said: Vec::new(), refused: Vec::new() }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Say { device, in_group } => {
                let (name, other) = (DEVICES[device], if device < 2 { "bo" } else { "ana" });
                let words = self.said.len().to_string();
                let message =
                    if in_group { self.world.say_all(name, &words) } else { self.world.say(name, other, &words) };
                self.said.push((device, message));
            }
            Step::Arrive { device, place, end } => {
                let Some(item) = self.take(device, place) else { return };
                self.arrive(device, &item, end);
            }
            Step::Lose { device, place } => drop(self.take(device, place)),
            Step::Double { device, place } => {
                let mailbox = self.world.server.mailboxes.entry(at(DEVICES[device])).or_default();
                if let Some(item) = mailbox.get(place % mailbox.len().max(1)).cloned() {
                    mailbox.push(item);
                }
            }
            Step::DieSealing { device } => {
                let (name, other) = (DEVICES[device], if device < 2 { "bo" } else { "ana" });
                let readers = self.world.hosts[&at(name)].device.devices_of([world::user("ana"), world::user("bo")]);
                self.world.reach(at(name), &readers).unwrap();
                let conversation = shared_types::ConversationId::direct(world::user("ana"), world::user("bo"));
                let draft = world::draft(conversation, self.world.server.id(), "never sent");
                let now = self.world.now;
                self.world.host(name).device.seal_direct(&draft, world::user(other), now).unwrap();
                self.world.host(name).restart();
            }
        }
    }

    fn take(&mut self, device: usize, place: usize) -> Option<MailboxItem> {
        let mailbox = self.world.server.mailboxes.entry(at(DEVICES[device])).or_default();
        (!mailbox.is_empty()).then(|| mailbox.remove(place % mailbox.len()))
    }

    fn arrive(&mut self, device: usize, item: &MailboxItem, end: End) {
        let now = self.world.now;
        let host = self.world.host(DEVICES[device]);
        let received = host.device.receive(item, now);
        match end {
            End::Acknowledged => host.commit(now),
            End::KilledBeforeCommit => host.restart(),
            End::KilledAfterCommit => {
                host.commit(now);
                host.restart();
            }
        }
        if !matches!(end, End::Acknowledged) {
            // Not acknowledged, so it comes again.
            let again = self.world.host(DEVICES[device]).device.receive(item, now);
            self.world.host(DEVICES[device]).commit(now);
            match (end, &received, again) {
                (End::KilledAfterCommit, Ok(_), again) => assert_eq!(again, Err(Error::Duplicate)),
                (End::KilledBeforeCommit, before, again) => assert_eq!(*before, again),
                (End::Acknowledged | End::KilledAfterCommit, ..) => {}
            }
        }
        self.refused.extend(received.err());
    }

    /// What a device reads of everything said, by the message's place.
    fn read(&mut self, device: usize) -> BTreeMap<usize, Result<Vec<u8>, Error>> {
        let now = self.world.now;
        let host = self.world.hosts.get_mut(&at(DEVICES[device])).unwrap();
        let read = |(place, (_, message)): (usize, &(usize, Message))| {
            let opened = host.open(message).map(|opened| opened.body);
            host.commit(now);
            (place, opened)
        };
        self.said.iter().enumerate().map(read).collect()
    }

    /// Everything that waits arrives, in order.
    fn flush(&mut self) {
        for device in 0..4 {
            while let Some(item) = self.take(device, 0) {
                self.arrive(device, &item, End::Acknowledged);
            }
        }
    }

    /// Each device asks, once, each other for whatever it could not open.
    fn repair(&mut self) {
        self.world.now += 3_600_000;
        for (asker, name) in DEVICES.iter().enumerate() {
            for (sender, other) in DEVICES.iter().enumerate() {
                let read = self.read(asker);
                let lost = |place: &usize| self.said[*place].0 == sender && read[place].is_err();
                let lost: Vec<Message> =
                    (0..self.said.len()).filter(lost).map(|place| self.said[place].1.clone()).collect();
                if !lost.is_empty() {
                    self.world.repair(name, other, &lost.iter().collect::<Vec<_>>()).unwrap();
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everything_that_was_said_is_read_after_a_repair(steps in prop::collection::vec(step(), 1..90)) {
        let mut sim = Sim::new();
        for step in &steps {
            sim.run(step);
        }
        sim.flush();
        for error in &sim.refused {
            prop_assert!(matches!(error, Error::Duplicate | Error::TooOld | Error::NoSession), "{error}");
        }
        for device in 0..4 {
            for (place, read) in sim.read(device) {
                match read {
                    Ok(body) => prop_assert_eq!(body, place.to_string().into_bytes()),
                    Err(error) => prop_assert!(matches!(error.remedy(), Remedy::Wait | Remedy::Repair), "{}", error),
                }
            }
        }
        sim.repair();
        for (device, name) in DEVICES.iter().enumerate() {
            for (place, read) in sim.read(device) {
                prop_assert_eq!(read, Ok(place.to_string().into_bytes()), "{} at {}", place, name);
            }
        }
    }

    #[test]
    fn in_order_and_without_loss_nothing_needs_a_repair(steps in prop::collection::vec((0..4_usize, any::<bool>(), 0..3_usize), 1..60)) {
        let mut sim = Sim::new();
        for (device, in_group, arrivals) in steps {
            sim.run(&Step::Say { device, in_group });
            for device in 0..4 {
                for _ in 0..arrivals {
                    sim.run(&Step::Arrive { device, place: 0, end: End::Acknowledged });
                }
            }
        }
        sim.flush();
        prop_assert_eq!(&sim.refused, &Vec::new());
        for device in 0..4 {
            for (place, read) in sim.read(device) {
                prop_assert_eq!(read, Ok(place.to_string().into_bytes()));
            }
        }
    }
}

#[test]
fn a_request_is_answered_only_to_whom_the_message_was_sealed_for() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    let message = world.say("ana/phone", "bo", "for bo");
    let to_cleo = world.say("ana/phone", "cleo", "hello");
    assert!(world.reads("cleo/web", &to_cleo).is_ok());
    world.repair("cleo/web", "ana/phone", &[&message]).unwrap();
    assert_eq!(world.host("cleo/web").open(&message), Err(Error::Waiting));
    let kept = world.host("ana/phone").disk.contains_key(&Device::record_of(&message));
    assert!(kept, "there was something to give");
    assert!(!world.fetch("cleo/web").iter().any(|received| matches!(received, Ok(Received::Key(_)))));
}
