//! Groups against a server, or a member, that lies: nobody gets in, speaks for another, or speaks on after they were removed.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod world;

use std::collections::BTreeMap;

use crypto_core::{Error, device::Step};
use shared_types::{ConversationId, Role};
use uuid::Uuid;
use world::{World, at, change, draft, group, sealed, user};

#[test]
fn a_group_message_is_not_taken_for_another() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    world.set_members("ana/phone", &["bo", "cleo"]);
    let (one, mut other) = (world.say_all("ana/phone", "one"), world.say_all("ana/phone", "other"));
    world.fetch("bo/desk");
    let mut moved = one.clone();
    moved.conversation_id = ConversationId(Uuid::nil());
    assert_eq!(world.host("bo/desk").open(&moved), Err(Error::Waiting), "nobody is in it");
    let mut foreign = one.clone();
    (foreign.sender_id, foreign.sender_device_id) = (user("cleo"), at("cleo/web").device_id);
    assert_eq!(world.host("bo/desk").open(&foreign), Err(Error::Waiting), "cleo has no such chain");
    let honest = other.clone();
    sealed(&mut other).group = sealed(&mut one.clone()).group.clone();
    assert_eq!(
        world.host("bo/desk").device.open(&other, None),
        Err(Error::Mismatch("message")),
        "the box of one on the other"
    );
    assert_eq!(world.reads("bo/desk", &honest).as_deref(), Ok("other"));
}

#[test]
fn nobody_gets_into_a_group_without_an_admins_signature() {
    let mut world = World::of(&["ana/phone", "bo/desk", "eve/web"]);
    let first = world.set_members("ana/phone", &["bo"]);
    let everyone: BTreeMap<_, _> =
        [(user("ana"), Role::Owner), (user("bo"), Role::Member), (user("eve"), Role::Member)].into_iter().collect();

    let refused = world.host("bo/desk").device.sign_members(group(), &everyone).unwrap_err();
    assert_eq!(refused, Error::UnsignedMembership, "a member may not");
    let honest = world.host("ana/phone").device.sign_members(group(), &everyone).unwrap();
    let mut forged = honest.clone();
    forged.members.retain(|member| member.user_id != user("bo"));
    assert_eq!(world.host("bo/desk").device.follow(&forged), Err(Error::BadSignature("the members")));
    let mut foreign = honest.clone();
    foreign.signer = at("eve/web");
    assert_eq!(world.host("bo/desk").device.follow(&foreign), Err(Error::BadSignature("the members")));

    assert_eq!(world.host("bo/desk").device.follow(&honest), Ok(Step::Followed));
    assert_eq!(world.host("bo/desk").device.follow(&honest), Ok(Step::Known));
    assert_eq!(world.host("bo/desk").device.follow(&first), Ok(Step::Known), "old news change nothing");
    world.host("ana/phone").device.follow(&honest).unwrap();
    let third = world.set_members("ana/phone", &["bo"]);
    let mut skipped = third;
    skipped.epoch += 2;
    assert_eq!(world.host("bo/desk").device.follow(&skipped), Ok(Step::After(3)));
}

#[test]
fn an_admin_makes_no_admins_and_anyone_may_leave() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    let mut roles: BTreeMap<_, _> =
        [(user("ana"), Role::Owner), (user("bo"), Role::Admin), (user("cleo"), Role::Member)].into_iter().collect();
    let statement = world.host("ana/phone").device.sign_members(group(), &roles).unwrap();
    for name in ["ana/phone", "bo/desk", "cleo/web"] {
        world.host(name).device.follow(&statement).unwrap();
    }
    let admin = |roles: &BTreeMap<_, _>, world: &mut World| {
        world.host("bo/desk").device.sign_members(group(), roles).map(|_| ())
    };
    roles.insert(user("cleo"), Role::Admin);
    assert_eq!(admin(&roles, &mut world), Err(Error::UnsignedMembership), "promoting");
    roles.remove(&user("cleo"));
    assert_eq!(admin(&roles, &mut world), Ok(()), "removing a member");
    roles.remove(&user("ana"));
    assert_eq!(admin(&roles, &mut world), Err(Error::UnsignedMembership), "removing the owner");
    let without_cleo: BTreeMap<_, _> = [(user("ana"), Role::Owner), (user("bo"), Role::Admin)].into_iter().collect();
    assert!(world.host("cleo/web").device.sign_members(group(), &without_cleo).is_ok(), "leaving");
}

#[test]
fn a_senders_chain_cannot_be_taken_by_another_member() {
    let mut world = World::of(&["ana/phone", "bo/desk", "eve/web"]);
    world.set_members("ana/phone", &["bo", "eve"]);
    let message = world.say_all("ana/phone", "ana's words");
    world.fetch("eve/web");
    let from_eve = world.say_all("eve/web", "eve's words");
    let mut forged = from_eve.clone();
    sealed(&mut forged).group = sealed(&mut message.clone()).group.clone();
    world.fetch("bo/desk");
    assert_eq!(world.host("bo/desk").open(&forged), Err(Error::Waiting), "on ana's chain eve says nothing");
    assert_eq!(world.reads("bo/desk", &message).as_deref(), Ok("ana's words"));
}

#[test]
fn who_was_removed_says_nothing_more_and_what_they_said_before_stays() {
    let mut world = World::of(&["ana/phone", "bo/desk", "eve/web"]);
    world.set_members("ana/phone", &["bo", "eve"]);
    let (before, late) = (world.say_all("eve/web", "before"), world.say_all("eve/web", "late"));
    world.set_members("ana/phone", &["bo"]);
    world.fetch("bo/desk");
    assert_eq!(world.reads("bo/desk", &before).as_deref(), Ok("before"), "it was said while she was in");
    let mut after = late;
    sealed(&mut after).context.as_mut().unwrap().epoch = 2;
    assert_eq!(world.host("bo/desk").open(&after), Err(Error::UnsignedMembership));
    sealed(&mut after).context.as_mut().unwrap().epoch = 9;
    assert_eq!(world.host("bo/desk").open(&after), Err(Error::Waiting), "who has not followed so far waits");
}

#[test]
fn a_group_message_opens_after_one_that_was_changed_on_its_way() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    world.set_members("ana/phone", &["bo"]);
    let honest = world.say_all("ana/phone", "honest");
    let mut changed = honest.clone();
    change(&mut sealed(&mut changed).ciphertext, 40);
    world.fetch("bo/desk");
    let now = world.now;
    assert_eq!(world.host("bo/desk").open(&changed), Err(Error::Mismatch("message")));
    world.host("bo/desk").commit(now);
    assert_eq!(world.reads("bo/desk", &honest).as_deref(), Ok("honest"));
}

#[test]
fn a_statement_stands_when_the_device_that_made_it_is_gone() {
    let mut world = World::of(&["ana/phone", "ana/web", "bo/desk"]);
    world.set_members("ana/phone", &["bo"]);
    let roles: BTreeMap<_, _> = [(user("ana"), Role::Owner)].into_iter().collect();
    let statement = world.host("ana/phone").device.sign_members(group(), &roles).unwrap();
    world.remove("ana/phone", "ana/web");
    world.refresh();
    assert_eq!(world.host("bo/desk").device.follow(&statement), Ok(Step::Followed));
    assert!(!world.host("bo/desk").device.members(group()).unwrap().contains(user("bo")));
}

#[test]
fn where_a_signer_began_anew_a_later_admin_leads_on() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    let mut roles: BTreeMap<_, _> =
        [(user("ana"), Role::Owner), (user("bo"), Role::Member), (user("cleo"), Role::Admin)].into_iter().collect();
    let first = world.host("ana/phone").device.sign_members(group(), &roles).unwrap();
    for name in ["ana/phone", "bo/desk", "cleo/web"] {
        world.host(name).device.follow(&first).unwrap();
    }
    roles.insert(user("dan"), Role::Member);
    let second = world.host("ana/phone").device.sign_members(group(), &roles).unwrap();
    world.host("cleo/web").device.follow(&second).unwrap();
    roles.remove(&user("dan"));
    let third = world.host("cleo/web").device.sign_members(group(), &roles).unwrap();

    let mut anew = crypto_core::device::Device::create(at("ana/phone"), crypto_core::secret::Key::random());
    anew.link(crypto_core::device::AccountSecret::generate(), None);
    let list = anew.sign_devices(None, vec![anew.keys()]).unwrap();
    let bo = &mut world.host("bo/desk").device;
    bo.accept_account_key(&list).unwrap();
    let steps = bo.follow_all(&[second.clone(), third.clone()]);
    assert_eq!(steps, [Err(Error::BadSignature("the members")), Ok(Step::Followed)]);
    assert_eq!(bo.members(group()).unwrap().epoch, 3);

    // Not without need, and not behind somebody who may not.
    let cleo = &mut world.host("cleo/web").device;
    assert_eq!(cleo.follow_all(std::slice::from_ref(&third)), [Ok(Step::Followed)]);
    let mut by_member = third;
    (by_member.signer, by_member.epoch) = (at("bo/desk"), 9);
    assert_eq!(cleo.follow_all(&[by_member]), [Ok(Step::After(3))]);
}

#[test]
fn a_key_from_somebody_outside_opens_nothing_in_a_group() {
    let mut world = World::of(&["ana/phone", "bo/desk", "eve/web"]);
    world.set_members("ana/phone", &["bo"]);
    world.say("eve/web", "bo", "from outside");
    let mut items = world.server.mailboxes.remove(&at("bo/desk")).unwrap();
    items[0].conversation_id = group();
    let now = world.now;
    assert_eq!(world.host("bo/desk").device.receive(&items[0], now), Err(Error::UnsignedMembership));
}

#[test]
fn a_group_that_one_was_taken_out_of_is_not_taken_over_by_a_stranger() {
    let mut world = World::of(&["ana/phone", "bo/desk", "eve/web"]);
    world.set_members("ana/phone", &["bo"]);
    let bo = &mut world.host("bo/desk").device;
    bo.stop_speaking(group());
    let roles: BTreeMap<_, _> = [(user("eve"), Role::Owner), (user("bo"), Role::Member)].into_iter().collect();
    let ghost = world.host("eve/web").device.sign_members(group(), &roles).unwrap();
    let bo = &mut world.host("bo/desk").device;
    assert_eq!(bo.follow_all(&[ghost]), [Err(Error::UnsignedMembership)]);
    assert!(!bo.members(group()).unwrap().contains(user("eve")));
}

#[test]
fn a_group_message_stays_what_it_was_until_the_server_refuses_it() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    world.set_members("ana/phone", &["bo", "cleo"]);
    world.say_all("ana/phone", "hello");
    let (now, draft) = (world.now, draft(group(), world.server.id(), "once"));
    let first = world.host("ana/phone").device.seal_group(&draft, now).unwrap();
    assert_eq!(first.roster, Some(3), "the first list of each");
    world.set_members("ana/phone", &["bo"]);
    world.add("bo/phone");
    world.add("bo/web");
    world.refresh();
    world.host("ana/phone").restart();
    let again = world.host("ana/phone").device.seal_group(&draft, now).unwrap();
    assert_eq!((again.envelope, again.roster), (first.envelope.clone(), Some(3)), "the server may have taken it");

    world.reach(at("ana/phone"), &[at("bo/phone"), at("bo/web")]).unwrap();
    let ana = &mut world.host("ana/phone").device;
    ana.refused(draft.id);
    let anew = ana.seal_group(&draft, now).unwrap();
    assert_eq!(anew.roster, Some(4), "her first list, and his third");
    assert_eq!(anew.envelope.context.unwrap().epoch, 2);
    assert_ne!(anew.envelope.ciphertext, first.envelope.ciphertext);
    let told: Vec<_> = ana.mail().iter().map(|mail| mail.key_box.to).collect();
    assert!(told.contains(&at("bo/phone")) && !told.contains(&at("cleo/web")), "{told:?}");
}

#[test]
fn a_device_that_cannot_be_begun_with_keeps_nobody_from_talking() {
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    world.set_members("ana/phone", &["bo", "cleo"]);
    world.reach(at("ana/phone"), &[at("bo/desk")]).unwrap();
    let (now, draft) = (world.now, draft(group(), world.server.id(), "to whoever is there"));
    let ana = &mut world.host("ana/phone").device;
    ana.seal_group(&draft, now).unwrap();
    assert_eq!(ana.mail().iter().map(|mail| mail.key_box.to).collect::<Vec<_>>(), [at("bo/desk")]);
    world.post(at("ana/phone"));
    let next = world.say_all("ana/phone", "now to all");
    for name in ["bo/desk", "cleo/web"] {
        assert_eq!(world.reads(name, &next).as_deref(), Ok("now to all"), "{name}");
    }
}

#[test]
fn a_claim_that_is_broken_spoils_no_other() {
    use crypto_core::host::{self, Host};
    let mut world = World::of(&["ana/phone", "bo/desk", "cleo/web"]);
    let (mut broken, honest) = (world.server.claim(at("bo/desk")), world.server.claim(at("cleo/web")));
    broken.prekey.signature = honest.prekey.signature.clone();
    let now = world.now;
    let ask = serde_json::json!({"op": "begin", "claimed": [broken, honest]}).to_string();
    let mut ana = Host::new(world.hosts.remove(&at("ana/phone")).unwrap().device);
    let answer: serde_json::Value = serde_json::from_str(&host::call(&mut ana, &ask, now)).unwrap();
    let outcomes = &answer["ok"]["outcomes"];
    assert_eq!((&outcomes[0]["failed"]["remedy"], &outcomes[1]), (&"refuse".into(), &"done".into()), "{answer}");
    assert_eq!(ana.device.unreached(&[at("bo/desk"), at("cleo/web")], now), [at("bo/desk")]);
}
