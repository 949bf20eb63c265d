//! A server, or a member, that lies: each lie is refused as what it is, and the next honest message opens.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod world;

use crypto_core::{
    Error, Remedy,
    device::{AccountSecret, Device},
    secret::Key,
};
use shared_types::{ConversationId, DeviceId, EntryKind, Message, MessageId, keys::MailboxItem};
use uuid::Uuid;
use world::{World, at, change, sealed, user};

/// What a server does to a message.
type Lie = fn(&mut Message);

/// One message that arrived, with its box not opened yet.
fn one_message() -> (World, Message, MailboxItem) {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    let seed = world.say("ana/phone", "bo", "seed");
    world.reads("bo/desk", &seed).unwrap();
    let back = world.say("bo/desk", "ana", "seed");
    world.reads("ana/phone", &back).unwrap();
    let message = world.say("ana/phone", "bo", "pay 10");
    let item = world.server.mailboxes.get_mut(&at("bo/desk")).unwrap().pop().unwrap();
    (world, message, item)
}

#[test]
fn every_change_of_a_header_is_refused() {
    let (mut world, message, item) = one_message();
    let now = world.now;
    world.host("bo/desk").device.receive(&item, now).unwrap();
    world.host("bo/desk").commit(now);
    let kept = world.host("bo/desk").disk[&Device::record_of(&message)].clone();
    let lies: [(&str, Lie); 11] = [
        ("conversation", |message| message.conversation_id = ConversationId(Uuid::nil())),
        ("kind", |message| message.kind = EntryKind::Edit),
        ("target", |message| message.target = Some(MessageId(Uuid::nil()))),
        ("reply", |message| message.reply_to = Some(MessageId(Uuid::nil()))),
        ("sender", |message| message.sender_id = user("cleo")),
        ("epoch", |message| sealed(message).context.as_mut().unwrap().epoch += 1),
        ("time", |message| sealed(message).context.as_mut().unwrap().ts += 1),
        ("commitment", |message| change(&mut sealed(message).context.as_mut().unwrap().commitment, 3)),
        ("scheme", |message| sealed(message).scheme = "sotto0".into()),
        ("no context", |message| sealed(message).context = None),
        ("no envelope", |message| message.envelope = None),
    ];
    for (what, lie) in lies {
        let mut message = message.clone();
        lie(&mut message);
        let error = world.host("bo/desk").device.open(&message, Some(&kept)).unwrap_err();
        assert_eq!(error.remedy(), Remedy::Refuse, "{what}: {error}");
    }
    // Under another id or device no key is kept at all.
    for lie in [
        |message: &mut Message| message.id = MessageId(Uuid::nil()),
        |message: &mut Message| {
            message.sender_device_id = DeviceId(Uuid::nil());
        },
    ] {
        let mut message = message.clone();
        lie(&mut message);
        assert_eq!(world.host("bo/desk").open(&message), Err(Error::Waiting));
    }
    assert_eq!(world.host("bo/desk").open(&message).unwrap().body, b"pay 10");
}

#[test]
fn every_change_of_a_ciphertext_is_refused() {
    let (mut world, message, item) = one_message();
    let now = world.now;
    world.host("bo/desk").device.receive(&item, now).unwrap();
    world.host("bo/desk").commit(now);
    for place in 0..sealed(&mut message.clone()).ciphertext.trim_end_matches('=').len() - 1 {
        let mut message = message.clone();
        change(&mut sealed(&mut message).ciphertext, place);
        assert_eq!(world.host("bo/desk").open(&message), Err(Error::Mismatch("message")), "{place}");
    }
}

#[test]
fn every_change_of_a_box_is_refused_and_costs_nothing() {
    let (mut world, message, item) = one_message();
    let now = world.now;
    for place in 0..item.body.trim_end_matches('=').len() - 1 {
        let mut item = item.clone();
        change(&mut item.body, place);
        world.host("bo/desk").device.receive(&item, now).unwrap_err();
    }
    let mut other = item.clone();
    other.from = at("cleo/web");
    world.host("bo/desk").device.receive(&other, now).unwrap_err();
    world.host("cleo/web").device.receive(&item, now).unwrap_err();
    world.host("bo/desk").device.receive(&item, now).unwrap();
    world.host("bo/desk").commit(now);
    assert_eq!(world.host("bo/desk").open(&message).unwrap().body, b"pay 10");
    assert_eq!(world.host("bo/desk").device.receive(&item, now), Err(Error::Duplicate), "played again");
}

#[test]
fn a_first_box_is_not_opened_twice_even_with_the_fallback_key() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    world.server.prekeys.get_mut(&at("bo/desk")).unwrap().one_time.clear();
    world.say("ana/phone", "bo", "first");
    let first = world.server.mailboxes[&at("bo/desk")][0].clone();
    world.fetch("bo/desk");
    for _ in 0..200 {
        world.say("ana/phone", "bo", "more");
        world.fetch("bo/desk");
    }
    let now = world.now;
    let again = world.host("bo/desk").device.receive(&first, now).unwrap_err();
    assert!(matches!(again, Error::Duplicate | Error::TooOld), "{again}");
    let answer = world.say("bo/desk", "ana", "still on the session that ana knows");
    assert!(world.reads("ana/phone", &answer).is_ok());
}

#[test]
fn a_key_from_one_person_does_not_open_what_another_said() {
    let (mut world, message, item) = one_message();
    let now = world.now;
    world.host("bo/desk").device.receive(&item, now).unwrap();
    world.host("bo/desk").commit(now);
    // The server shows ana's words as cleo's, with the very key under the name that cleo's would have.
    let kept = world.host("bo/desk").disk[&Device::record_of(&message)].clone();
    let mut forged = message;
    (forged.sender_id, forged.sender_device_id) = (user("cleo"), at("cleo/web").device_id);
    world.host("bo/desk").disk.insert(Device::record_of(&forged), kept);
    assert!(matches!(world.host("bo/desk").open(&forged), Err(Error::Tampered(_))));
}

#[test]
fn dropped_and_reordered_boxes_cost_no_more_than_what_was_dropped() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let said: Vec<_> = (0..30).map(|number| world.say("ana/phone", "bo", &number.to_string())).collect();
    let mailbox = world.server.mailboxes.get_mut(&at("bo/desk")).unwrap();
    mailbox.reverse();
    mailbox.remove(7);
    for received in world.fetch("bo/desk") {
        received.unwrap();
    }
    for (number, message) in said.iter().enumerate() {
        let read = world.reads("bo/desk", message);
        if number == 22 {
            assert_eq!(read, Err(Error::Waiting));
        } else {
            assert_eq!(read, Ok(number.to_string()));
        }
    }
    world.repair("bo/desk", "ana/phone", &[&said[22]]).unwrap();
    assert_eq!(world.reads("bo/desk", &said[22]).as_deref(), Ok("22"));
}

#[test]
fn a_list_cannot_be_forged_rolled_back_or_forked() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let honest = world.server.lists[&user("bo")].clone();
    let ghost = Device::create(at("bo/ghost"), Key::random());

    let mut with_ghost = honest.clone();
    with_ghost.version += 1;
    with_ghost.devices.push(ghost.keys());
    assert_eq!(world.host("ana/phone").device.learn(&with_ghost), Err(Error::BadSignature("the device list")));

    let mut evil = Device::create(at("bo/ghost"), Key::random());
    evil.link(AccountSecret::generate(), None);
    let other_key = evil.sign_devices(Some(&honest), vec![ghost.keys()]).unwrap();
    let refused = world.host("ana/phone").device.learn(&other_key).unwrap_err();
    assert_eq!((refused.clone(), refused.remedy()), (Error::AccountKeyChanged(user("bo")), Remedy::AskPerson));

    world.add("bo/web");
    let newer = world.server.lists[&user("bo")].clone();
    world.host("ana/phone").device.learn(&newer).unwrap();
    assert_eq!(world.host("ana/phone").device.learn(&honest), Err(Error::DeviceListRolledBack(user("bo"))));
    let fork = world.host("bo/desk").device.sign_devices(Some(&honest), honest.devices.clone()).unwrap();
    assert_eq!(world.host("ana/phone").device.learn(&fork), Err(Error::DeviceListRolledBack(user("bo"))));

    let mut foreign = newer.clone();
    foreign.user_id = user("cleo");
    assert_eq!(world.host("ana/phone").device.learn(&foreign), Err(Error::BadSignature("the device list")));
    assert_eq!(world.host("ana/phone").device.learn(&newer), Ok(crypto_core::device::Learned::default()));
}

#[test]
fn ones_own_account_key_is_not_taken_from_the_server() {
    let mut world = World::of(&["ana/phone"]);
    let mut evil = Device::create(at("ana/ghost"), Key::random());
    evil.link(AccountSecret::generate(), None);
    let list = evil.sign_devices(world.server.lists.get(&user("ana")), vec![evil.keys()]).unwrap();
    assert_eq!(world.host("ana/phone").device.learn(&list), Err(Error::AccountKeyChanged(user("ana"))));
}

#[test]
fn prekeys_of_another_device_are_refused() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    let (mut swapped, cleo) = (world.server.claim(at("bo/desk")), world.server.claim(at("cleo/web")));
    let now = world.now;
    let bad = Err(Error::BadSignature("a prekey"));
    let ana = &mut world.host("ana/phone").device;
    let honest = swapped.clone();
    swapped.prekey = cleo.prekey.clone();
    assert_eq!(ana.begin(&swapped, now), bad, "another's one-time key");
    swapped = honest.clone();
    swapped.kem = cleo.kem;
    assert_eq!(ana.begin(&swapped, now), bad, "another's post-quantum key");
    swapped = honest.clone();
    swapped.prekey.key = cleo.prekey.key;
    assert_eq!(ana.begin(&swapped, now), bad, "another key under the signature");
    swapped = honest.clone();
    swapped.kind = shared_types::keys::PrekeyKind::Fallback;
    assert_eq!(ana.begin(&swapped, now), bad, "a one-time key as the fallback");
    swapped = honest.clone();
    swapped.address = at("dan/web");
    assert!(matches!(ana.begin(&swapped, now), Err(Error::UnknownDevice(..))));
    assert_eq!(ana.begin(&honest, now), Ok(()));
}

#[test]
fn a_report_proves_what_was_said_and_nothing_else() {
    let (mut world, message, item) = one_message();
    let now = world.now;
    world.host("bo/desk").device.receive(&item, now).unwrap();
    world.host("bo/desk").commit(now);
    let opened = world.host("bo/desk").open(&message).unwrap();
    let key = [9; 32];
    let (header, _) = crypto_core::header::Header::of(&message).unwrap();
    let report = opened.report(crypto_core::franking::stamp(&key, &header, 5), 5);
    assert_eq!(report.verify(&key), Ok(()));
    let mut worse = report.clone();
    worse.body = b"pay 1000".to_vec();
    assert_eq!(worse.verify(&key), Err(Error::Tampered("the reported message")));
    let mut other = report.clone();
    other.header.sender = user("cleo");
    assert_eq!(other.verify(&key), Err(Error::Tampered("the server's stamp")));
    let mut later = report.clone();
    later.taken_at += 1;
    assert_eq!(later.verify(&key), Err(Error::Tampered("the server's stamp")));
    assert_eq!(report.verify(&[8; 32]), Err(Error::Tampered("the server's stamp")));
}

#[test]
fn nothing_that_is_said_reaches_the_server() {
    const CANARY: &str = "CANARY-7f3e9a-attack-at-dawn";
    let mut world = World::of(&["ana/phone", "ana/web", "bo/desk"]);
    world.set_members("ana/phone", &["bo"]);
    world.say("ana/phone", "bo", CANARY);
    world.say_all("ana/phone", CANARY);
    let seen = &world.server.seen;
    let has = |seen: &[u8], needle: &[u8]| seen.windows(needle.len()).any(|window| window == needle);
    let forms = |word: &str| -> Vec<Vec<u8>> {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let shifted = (0..3).map(|by| {
            let text = STANDARD.encode([&vec![0; by][..], word.as_bytes()].concat());
            text.as_bytes()[4..text.len() - 4].to_vec()
        });
        let hex = word.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")).into_bytes();
        let wide = word.bytes().flat_map(|byte| [byte, 0]).collect();
        shifted.chain([word.into(), hex, wide]).collect()
    };
    for form in forms(CANARY) {
        assert!(!has(seen, &form));
        assert!(has(&[&seen[..], &form].concat(), &form), "what is there is found");
    }
    assert!(has(seen, b"\"ciphertext\""), "the search sees what the server saw");
}

#[test]
fn words_are_sealed_only_for_whom_a_conversation_is_with() {
    let mut world = World::of(&["ana/phone", "bo/desk", "eve/web"]);
    let conversation = ConversationId::direct(user("ana"), user("bo"));
    world.reach(at("ana/phone"), &[at("eve/web")]).unwrap();
    let draft = world::draft(conversation, world.server.id(), "for bo");
    let now = world.now;
    let refused = world.host("ana/phone").device.seal_direct(&draft, user("eve"), now).unwrap_err();
    assert_eq!(refused, Error::Mismatch("conversation"), "the server shows eve as the other member");
}

#[test]
fn old_keys_are_not_given_to_a_device_under_another_key() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    let message = world.say("ana/phone", "bo", "for bo alone");
    // Somebody takes his place: the same id in a list under another account key, which ana accepts.
    let mut evil = Device::create(at("bo/desk"), Key::random());
    evil.link(AccountSecret::generate(), None);
    let keys = evil.new_prekeys(0, world.now).unwrap();
    let list = evil.sign_devices(world.server.lists.get(&user("bo")), vec![evil.keys()]).unwrap();
    world.server.prekeys.remove(&at("bo/desk"));
    world.server.put_prekeys(at("bo/desk"), &keys);
    world.host("ana/phone").device.accept_account_key(&list).unwrap();
    evil.learn(&world.server.lists[&user("ana")]).unwrap();
    evil.accept_account_key(&list).unwrap();
    world.host("bo/desk").device = evil;
    world.server.mailboxes.clear();
    world.repair("bo/desk", "ana/phone", &[&message]).unwrap();
    assert!(!world.host("bo/desk").disk.contains_key(&Device::record_of(&message)));
}

#[test]
fn a_client_signs_no_list_that_its_account_has_not_signed() {
    use crypto_core::host::{self, Host};
    let mut world = World::of(&["ana/phone"]);
    let mut forged = world.server.lists[&user("ana")].clone();
    let ghost = Device::create(at("ana/ghost"), Key::random());
    forged.version += 1;
    forged.devices = vec![ghost.keys()];
    let now = world.now;
    let device = std::mem::replace(&mut world.host("ana/phone").device, Device::create(at("ana/phone"), Key::random()));
    let own = device.keys();
    let mut host = Host::new(device);
    let ask = |before: &shared_types::keys::DeviceList| {
        serde_json::json!({"op": "sign_devices", "before": before, "add": [own], "remove": []}).to_string()
    };
    let answer: serde_json::Value = serde_json::from_str(&host::call(&mut host, &ask(&forged), now)).unwrap();
    assert_eq!(answer["error"]["remedy"], "refuse", "{answer}");
    let honest = &world.server.lists[&user("ana")];
    let answer: serde_json::Value = serde_json::from_str(&host::call(&mut host, &ask(honest), now)).unwrap();
    assert_eq!(answer["ok"]["list"]["version"], 2, "{answer}");
}
