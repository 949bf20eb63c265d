//! People talk, and everybody who should read can.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod world;

use crypto_core::{Error, Remedy, device::Received};
use world::{World, at, group, user};

#[test]
fn two_people_with_two_devices_each_all_see_all() {
    let mut world = World::of(&["ana/phone", "ana/web", "bo/desk", "bo/web"]);
    let hello = world.say("ana/phone", "bo", "hello bo");
    for device in ["bo/desk", "bo/web", "ana/web"] {
        assert_eq!(world.reads(device, &hello).as_deref(), Ok("hello bo"), "{device}");
    }
    let answer = world.say("bo/web", "ana", "hello ana");
    for device in ["ana/phone", "ana/web", "bo/desk"] {
        assert_eq!(world.reads(device, &answer).as_deref(), Ok("hello ana"), "{device}");
    }
    for (device, own) in [("ana/phone", &hello), ("bo/web", &answer)] {
        assert!(world.reads(device, own).is_ok(), "one's own words open on {device}");
    }
}

#[test]
fn both_may_begin_at_once() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let (one, other) = (world.say("ana/phone", "bo", "a"), world.say("bo/desk", "ana", "b"));
    assert_eq!(world.reads("bo/desk", &one).as_deref(), Ok("a"));
    assert_eq!(world.reads("ana/phone", &other).as_deref(), Ok("b"));
    for _ in 0..10 {
        let one = world.say("ana/phone", "bo", "a");
        assert_eq!(world.reads("bo/desk", &one).as_deref(), Ok("a"));
        let other = world.say("bo/desk", "ana", "b");
        assert_eq!(world.reads("ana/phone", &other).as_deref(), Ok("b"));
    }
}

#[test]
fn one_time_keys_run_out_and_the_fallback_serves_until_two_rotations_later() {
    let senders: Vec<String> = (0..60).map(|number| format!("s{number}/d")).collect();
    let mut names: Vec<&str> = senders.iter().map(String::as_str).collect();
    names.push("bo/desk");
    let mut world = World::of(&names);
    let said: Vec<_> = senders.iter().take(55).map(|sender| world.say(sender, "bo", "x")).collect();
    assert!(world.server.prekeys[&at("bo/desk")].one_time.is_empty(), "the last five began with the fallback");
    for message in &said {
        assert!(world.reads("bo/desk", message).is_ok());
    }

    let early = world.server.claim(at("bo/desk"));
    let late = early.clone();
    rotate(&mut world, "bo/desk");
    let now = world.now;
    world.host("s56/d").device.begin(&early, now).unwrap();
    let message = world.say("s56/d", "bo", "one rotation later");
    assert!(world.reads("bo/desk", &message).is_ok());

    rotate(&mut world, "bo/desk");
    let now = world.now;
    world.host("s57/d").device.begin(&late, now).unwrap();
    let message = world.say("s57/d", "bo", "two rotations later");
    let refused = world.fetch("bo/desk").remove(0).unwrap_err();
    assert_eq!((refused.clone(), refused.remedy()), (Error::TooOld, Remedy::Repair));
    world.repair("bo/desk", "s57/d", &[&message]).unwrap();
    assert_eq!(world.reads("bo/desk", &message).as_deref(), Ok("two rotations later"));
}

/// A week goes by.
fn rotate(world: &mut World, name: &str) {
    world.now += 7 * 86_400_000;
    let now = world.now;
    let keys = world.host(name).device.new_prekeys(0, now).unwrap();
    world.server.put_prekeys(at(name), &keys);
    world.host(name).device.prekeys_taken();
    world.host(name).commit(now);
    // Nothing is left but the fallback, which is what this is about.
    world.server.prekeys.get_mut(&at(name)).unwrap().one_time.clear();
}

#[test]
fn prekeys_are_made_again_only_when_they_are_needed_and_are_the_same_until_they_were_taken() {
    let mut world = World::of(&["ana/phone"]);
    let now = world.now;
    let device = &mut world.host("ana/phone").device;
    assert_eq!(device.new_prekeys(50, now), None);
    assert_eq!(device.new_prekeys(26, now), None);
    let keys = device.new_prekeys(20, now).unwrap();
    assert_eq!((keys.one_time.len(), keys.fallback.is_some()), (30, false));
    assert_eq!(device.new_prekeys(20, now), Some(keys), "the answer may have been lost");
    device.prekeys_taken();
    let keys = device.new_prekeys(50, now + 7 * 86_400_000).unwrap();
    assert!(keys.one_time.is_empty() && keys.fallback.is_some() && keys.kem.is_some());
}

#[test]
fn who_was_away_for_three_rotations_of_a_group_reads_all_of_it() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web", "dan/web"]);
    world.set_members("ana/phone", &["bo", "cleo", "dan"]);
    let mut said = vec![world.say_all("ana/phone", "one")];
    for (members, words) in
        [(&["bo", "cleo"][..], "two"), (&["bo", "cleo", "dan"][..], "three"), (&["bo", "cleo"][..], "four")]
    {
        world.set_members("ana/phone", members);
        said.push(world.say_all("ana/phone", words));
    }
    for (message, words) in said.iter().zip(["one", "two", "three", "four"]) {
        assert_eq!(world.reads("cleo/web", message).as_deref(), Ok(words));
    }
}

#[test]
fn newcomers_read_from_where_they_came_in_and_leavers_no_further() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    world.set_members("ana/phone", &["bo"]);
    let before = world.say_all("ana/phone", "before");
    world.set_members("ana/phone", &["bo", "cleo"]);
    let with = world.say_all("ana/phone", "with cleo");
    world.set_members("ana/phone", &["bo"]);
    let after = world.say_all("ana/phone", "after");

    for message in [&before, &with, &after] {
        assert!(world.reads("bo/desk", message).is_ok());
    }
    assert_eq!(world.reads("cleo/web", &before), Err(Error::NotForThisDevice), "she was no member then");
    assert_eq!(world.reads("cleo/web", &with).as_deref(), Ok("with cleo"));
    assert_eq!(world.reads("cleo/web", &after), Err(Error::Waiting), "her key was not the one any more");
    world.repair("cleo/web", "ana/phone", &[&before, &after]).unwrap();
    assert_eq!(world.reads("cleo/web", &before), Err(Error::NotForThisDevice), "asking does not help");
    assert_eq!(world.reads("cleo/web", &after), Err(Error::Waiting), "asking does not help");
}

#[test]
fn a_group_of_fifty_with_two_devices_each() {
    let names: Vec<String> = (0..50).flat_map(|number| [format!("u{number}/one"), format!("u{number}/two")]).collect();
    let mut world = World::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let members: Vec<String> = (1..50).map(|number| format!("u{number}")).collect();
    world.set_members("u0/one", &members.iter().map(String::as_str).collect::<Vec<_>>());
    let first = world.say_all("u0/one", "first");
    assert_eq!(world.server.mailboxes.values().map(Vec::len).sum::<usize>(), 99, "each device gets the key once");
    let second = world.say_all("u0/one", "second");
    assert_eq!(world.server.mailboxes.values().map(Vec::len).sum::<usize>(), 99);
    for name in &names[1..] {
        assert_eq!(world.reads(name, &first).as_deref(), Ok("first"));
        assert_eq!(world.reads(name, &second).as_deref(), Ok("second"));
    }
}

#[test]
fn a_removed_device_reads_no_further() {
    let mut world = World::of(&["ana/phone", "bo/desk", "bo/lost"]);
    world.set_members("ana/phone", &["bo"]);
    world.say_all("ana/phone", "x");
    world.remove("bo/lost", "bo/desk");
    world.refresh();
    world.fetch("bo/lost");
    let (direct, all) = (world.say("ana/phone", "bo", "secret"), world.say_all("ana/phone", "secret"));
    assert!(world.server.mailboxes[&at("bo/lost")].is_empty());
    for message in [&direct, &all] {
        assert_eq!(world.reads("bo/desk", message).as_deref(), Ok("secret"));
        assert_eq!(world.reads("bo/lost", message), Err(Error::Waiting));
    }
    // Nor does it get an answer, whatever it asks.
    world.repair("bo/lost", "ana/phone", &[&direct]).unwrap_err();
}

#[test]
fn long_silence_wedges_nobody() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let first = world.say("ana/phone", "bo", "x");
    world.reads("bo/desk", &first).unwrap();
    for _ in 0..2_100 {
        world.say("ana/phone", "bo", "into the void");
        world.server.mailboxes.get_mut(&at("bo/desk")).unwrap().clear();
    }
    let after = world.say("ana/phone", "bo", "after");
    assert_eq!(world.reads("bo/desk", &after).as_deref(), Ok("after"));
}

#[test]
fn sessions_are_begun_anew_every_week() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let first = world.say("ana/phone", "bo", "x");
    world.reads("bo/desk", &first).unwrap();
    let left = world.server.prekeys[&at("bo/desk")].one_time.len();
    world.now += 6 * 86_400_000;
    world.say("ana/phone", "bo", "same session");
    assert_eq!(world.server.prekeys[&at("bo/desk")].one_time.len(), left);
    world.now += 2 * 86_400_000;
    let message = world.say("ana/phone", "bo", "new session");
    assert_eq!(world.server.prekeys[&at("bo/desk")].one_time.len(), left - 1);
    assert_eq!(world.reads("bo/desk", &message).as_deref(), Ok("new session"));
}

#[test]
fn who_put_an_old_state_back_and_forgot_is_repaired() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let first = world.say("ana/phone", "bo", "x");
    world.reads("bo/desk", &first).unwrap();
    let (old, generation) = (world.host("bo/desk").disk.clone(), world.host("bo/desk").generation);
    for _ in 0..3 {
        let message = world.say("bo/desk", "ana", "y");
        world.reads("ana/phone", &message).unwrap();
        let message = world.say("ana/phone", "bo", "z");
        world.reads("bo/desk", &message).unwrap();
    }
    let host = world.host("bo/desk");
    (host.disk, host.generation) = (old, generation);
    host.restart();
    let lost = world.say("ana/phone", "bo", "lost and found");
    assert!(world.fetch("bo/desk").remove(0).is_err());
    world.repair("bo/desk", "ana/phone", &[&lost]).unwrap();
    assert_eq!(world.reads("bo/desk", &lost).as_deref(), Ok("lost and found"));
    let now = world.now;
    assert!(!world.host("bo/desk").device.may_repair(at("ana/phone"), now), "once an hour");
    assert!(world.host("bo/desk").device.may_repair(at("ana/phone"), now + 3_600_000));
}

#[test]
fn a_mailbox_that_comes_twice_changes_nothing() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let said: Vec<_> = (0..5).map(|_| world.say("ana/phone", "bo", "x")).collect();
    let items = world.server.mailboxes[&at("bo/desk")].clone();
    world.fetch("bo/desk");
    // The acknowledgement was lost, and the device restarted.
    world.host("bo/desk").restart();
    world.server.mailboxes.insert(at("bo/desk"), items);
    for received in world.fetch("bo/desk") {
        let error = received.unwrap_err();
        assert_eq!((error.clone(), error.remedy()), (Error::Duplicate, Remedy::Nothing));
    }
    for message in &said {
        assert_eq!(world.reads("bo/desk", message).as_deref(), Ok("x"));
    }
}

#[test]
fn sealing_again_gives_the_same_envelope_with_boxes_for_whoever_is_there_now() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let draft = world::draft(shared_types::ConversationId::direct(user("ana"), user("bo")), world.server.id(), "x");
    world.reach(at("ana/phone"), &[at("bo/desk")]).unwrap();
    let now = world.now;
    let first = world.host("ana/phone").device.seal_direct(&draft, user("bo"), now).unwrap();
    world.host("ana/phone").commit(now);
    world.host("ana/phone").restart();
    let again = world.host("ana/phone").device.seal_direct(&draft, user("bo"), now).unwrap();
    assert_eq!((&first.envelope, &first.boxes), (&again.envelope, &again.boxes));

    world.add("bo/web");
    world.refresh();
    world.reach(at("ana/phone"), &[at("bo/web")]).unwrap();
    let more = world.host("ana/phone").device.seal_direct(&draft, user("bo"), now).unwrap();
    assert_eq!((&first.envelope, more.boxes.len()), (&more.envelope, 2));
}

#[test]
fn news_that_is_no_content_is_told_apart() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    world.set_members("ana/phone", &["bo"]);
    world.say_all("ana/phone", "x");
    assert_eq!(world.fetch("bo/desk"), vec![Ok(Received::Sender(group()))]);
}
