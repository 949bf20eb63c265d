//! An account over its life: linking, backup, recovery, comparing, beginning anew.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod world;

use crypto_core::{
    Error, Remedy,
    backup::{Lock, RecoveryKey, Secret},
    device::{AccountSecret, Device},
    link::{self, NewDevice},
    secret::Key,
};
use world::{Host, World, at, user};

#[test]
fn a_new_device_is_linked_by_its_code() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let mut host = Host::new(at("ana/web"));
    assert_eq!(host.device.sign_devices(None, Vec::new()), Err(Error::NotLinked));

    let waiting = NewDevice::start();
    let (mut old, first) = link::scan(&waiting.key(), &waiting.code()).unwrap();
    let mut new = waiting.accept(&first).unwrap();
    assert_eq!((old.digits().len(), old.digits()), (2, new.digits()));
    let secrets = old.hand_over(&mut world.host("ana/phone").device).unwrap();
    new.take_over(&mut host.device, &secrets).unwrap();

    assert_eq!(host.device.account_key(), world.host("ana/phone").device.account_key());
    assert!(new.take_over(&mut host.device, &secrets).is_err(), "once");
}

#[test]
fn a_code_that_was_swapped_on_its_way_shows_other_digits() {
    let (waiting, between) = (NewDevice::start(), NewDevice::start());
    let swapped = link::scan(&between.key(), &waiting.code());
    assert_eq!(swapped.err(), Some(Error::WrongSecret), "the code is of the key that the person sees");
    let (old, first) = link::scan(&between.key(), &between.code()).unwrap();
    assert!(waiting.accept(&first).is_err(), "what was meant for another does not open");
    let waiting = NewDevice::start();
    let (key, between_code) = (waiting.key(), waiting.code());
    let (to_new, first_to_new) = link::scan(&waiting.key(), &waiting.code()).unwrap();
    let (from_old, new) = (between.accept(&first).unwrap(), waiting.accept(&first_to_new).unwrap());
    assert_eq!(
        (from_old.digits(), to_new.digits()),
        (old.digits(), new.digits()),
        "each end agrees with the one between"
    );
    assert!(link::scan("no key", &between_code).is_err());
    for typed in ["", "ABCD", "no code"] {
        assert_eq!(link::scan(&key, typed).err(), Some(Error::WrongSecret), "{typed}");
    }
}

#[test]
fn a_reinstalled_device_reads_history_from_the_backup() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let said: Vec<_> = (0..3).map(|number| world.say("bo/desk", "ana", &number.to_string())).collect();
    for message in &said {
        world.reads("ana/phone", message).unwrap();
    }
    world.host("ana/phone").device.set_verified(user("bo"), true);
    let recovery = RecoveryKey::generate();
    let host = world.host("ana/phone");
    let kept = host.known();
    let lock = Lock::new(&mut host.device, &Secret::Recovery(&recovery)).unwrap();
    let part = host.device.back_up(1, &kept).unwrap();

    let mut again = Host::new(at("ana/again"));
    let wrong = RecoveryKey::generate();
    assert_eq!(lock.open(&Secret::Recovery(&wrong), &mut again.device), Err(Error::WrongSecret));
    assert!(!again.device.is_linked());
    let typed = RecoveryKey::read(&recovery.shown()).unwrap();
    lock.open(&Secret::Recovery(&typed), &mut again.device).unwrap();
    again.device.learn(&world.server.lists[&user("bo")]).unwrap();
    assert_eq!(again.device.restore(2, &part), Err(Error::Tampered("the backup")), "another number");
    again.device.restore(1, &part).unwrap();
    again.commit(world.now);
    again.restart();
    for (number, message) in said.iter().enumerate() {
        assert_eq!(again.open(message).unwrap().body, number.to_string().as_bytes());
    }
    assert!(again.device.peer(user("bo")).unwrap().is_verified);
}

#[test]
fn without_the_backup_a_reinstalled_device_reads_from_now_on() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let before = world.say("bo/desk", "ana", "before");
    world.add("ana/again");
    world.refresh();
    let after = world.say("bo/desk", "ana", "after");
    assert_eq!(world.reads("ana/again", &before), Err(Error::Waiting));
    assert_eq!(world.reads("ana/again", &after).as_deref(), Ok("after"));
    world.repair("ana/again", "bo/desk", &[&before]).unwrap();
    assert_eq!(world.reads("ana/again", &before), Err(Error::Waiting), "asking does not help");
}

#[test]
fn a_passphrase_opens_the_backup_within_bounds() {
    let mut world = World::of(&["ana/phone"]);
    let host = world.host("ana/phone");
    let lock = Lock::new(&mut host.device, &Secret::Passphrase("correct horse")).unwrap();
    let mut again = Device::create(at("ana/again"), Key::random());
    assert_eq!(lock.open(&Secret::Passphrase("wrong horse"), &mut again), Err(Error::WrongSecret));
    let Lock::Passphrase { salt, passes, sealed, .. } = lock.clone() else { panic!("it was one") };
    for memory in [8, u32::MAX] {
        let weak = Lock::Passphrase { salt: salt.clone(), memory, passes, sealed: sealed.clone() };
        let refused = weak.open(&Secret::Passphrase("correct horse"), &mut again).unwrap_err();
        assert_eq!(
            (refused.clone(), refused.remedy()),
            (Error::OutOfBounds("the cost of a passphrase"), Remedy::Refuse)
        );
    }
    let cheaper = Lock::Passphrase { salt, memory: 19_456, passes, sealed };
    assert_eq!(cheaper.open(&Secret::Passphrase("correct horse"), &mut again), Err(Error::WrongSecret));
    lock.open(&Secret::Passphrase("correct horse"), &mut again).unwrap();
    assert!(again.is_linked());
}

#[test]
fn two_people_see_the_same_sixty_digits_until_one_begins_anew() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let number = world.host("ana/phone").device.safety_number(user("bo")).unwrap();
    assert_eq!(Some(&number), world.host("bo/desk").device.safety_number(user("ana")).as_ref());
    assert!(number.len() == 60 && number.bytes().all(|digit| digit.is_ascii_digit()));

    world.add("bo/web");
    world.refresh();
    assert_eq!(
        world.host("ana/phone").device.safety_number(user("bo")),
        Some(number.clone()),
        "a new device changes nothing"
    );

    world.host("ana/phone").device.set_verified(user("bo"), true);
    let mut anew = Device::create(at("bo/anew"), Key::random());
    anew.link(AccountSecret::generate(), None);
    let list = anew.sign_devices(world.server.lists.get(&user("bo")), vec![anew.keys()]).unwrap();
    let ana = &mut world.host("ana/phone").device;
    assert_eq!(ana.learn(&list), Err(Error::AccountKeyChanged(user("bo"))));
    ana.accept_account_key(&list).unwrap();
    assert_ne!(ana.safety_number(user("bo")), Some(number));
    assert!(!ana.peer(user("bo")).unwrap().is_verified, "what was compared was the old one");
}

#[test]
fn a_device_comes_back_from_its_records_as_it_was() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    world.set_members("ana/phone", &["bo", "cleo"]);
    for _ in 0..3 {
        for name in ["ana/phone", "bo/desk", "cleo/web"] {
            let other = if name == "bo/desk" { "ana" } else { "bo" };
            let (direct, all) = (world.say(name, other, "x"), world.say_all(name, "y"));
            world.host(name).restart();
            for reader in ["ana/phone", "bo/desk", "cleo/web"] {
                assert_eq!(world.reads(reader, &all).as_deref(), Ok("y"));
                world.host(reader).restart();
            }
            assert_eq!(world.reads(if other == "ana" { "ana/phone" } else { "bo/desk" }, &direct).as_deref(), Ok("x"));
        }
    }
}

#[test]
fn state_is_small() {
    let names: Vec<String> = (0..99).map(|number| format!("u{number}/d")).chain(["me/phone".to_owned()]).collect();
    let mut world = World::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for number in 0..99 {
        let message = world.say("me/phone", &format!("u{number}"), "x");
        world.reads(&format!("u{number}/d"), &message).unwrap();
        let answer = world.say(&format!("u{number}/d"), "me", "y");
        world.reads("me/phone", &answer).unwrap();
    }
    let sessions: Vec<usize> = world
        .host("me/phone")
        .disk
        .iter()
        .filter(|(name, _)| name.starts_with("session/"))
        .map(|(_, bytes)| bytes.len())
        .collect();
    assert_eq!(sessions.len(), 99);
    assert!(sessions.iter().sum::<usize>() < 99 * 2_048, "{} bytes", sessions.iter().sum::<usize>());
}

#[test]
fn an_account_that_begins_anew_stands_above_its_old_list() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let old = world.server.lists[&user("ana")].clone();
    let mut anew = Device::create(at("ana/web"), Key::random());
    anew.learn(&old).unwrap();
    anew.link(AccountSecret::generate(), None);
    let list = anew.sign_devices_above(old.version, vec![anew.keys()]).unwrap();
    assert_eq!((list.version, list.devices.len()), (old.version + 1, 1));
    assert_ne!(list.account_key, old.account_key);
    anew.learn(&list).unwrap();
    assert_eq!(anew.learn(&old), Err(Error::AccountKeyChanged(user("ana"))), "the old one is somebody else's now");
    let bo = &mut world.host("bo/desk").device;
    assert_eq!(bo.learn(&list), Err(Error::AccountKeyChanged(user("ana"))));
    bo.accept_account_key(&list).unwrap();
}
