//! Groups through the doors, with real devices: who is in is what was signed, and what is said is for them.

#![expect(clippy::unwrap_used, reason = "a test that fails says so")]

mod world;

use std::collections::BTreeMap;

use crypto_core::device::{Draft, Step};
use serde_json::{Value, json};
use shared_types::{
    ConversationId, EntryKind, Message, MessageId, Role, UserId,
    keys::{MailboxItem, SignedMembers, Statements},
};
use uuid::Uuid;
use world::{
    phone::{NOW, Phone, parsed},
    served::Served,
};

/// Who is in, with the first as the owner.
fn roles(people: &[&Phone]) -> BTreeMap<UserId, Role> {
    let role = |place| if place == 0 { Role::Owner } else { Role::Member };
    people.iter().enumerate().map(|(place, phone)| (phone.user(), role(place))).collect()
}

impl Phone {
    fn sign(&self, group: ConversationId, roles: &BTreeMap<UserId, Role>) -> SignedMembers {
        self.device.sign_members(group, roles).unwrap()
    }

    /// Follows the group as far as the server tells.
    async fn follow(&mut self, pod: &Served, group: ConversationId) -> Vec<bool> {
        let known = self.device.members(group).map_or(0, |members| members.epoch);
        let path = format!("/conversations/{group}/statements?after_epoch={known}");
        let (status, page) = self.call(pod, "GET", &path, Value::Null).await;
        assert_eq!(status, 200, "{page}");
        let steps = self.device.follow_all(&parsed::<Statements>(page).statements);
        steps.iter().map(|step| step == &Ok(Step::Followed)).collect()
    }

    /// Seals for the group, posts the sender's key, and gives the call.
    async fn seal_all(&mut self, pod: &Served, group: ConversationId, words: &str) -> Value {
        let people: Vec<UserId> = self.device.members(group).unwrap().roles.keys().copied().collect();
        self.meet(pod, &people).await;
        let draft = Draft {
            conversation: group,
            id: MessageId(Uuid::now_v7()),
            kind: EntryKind::Message,
            target: None,
            reply_to: None,
            body: words.as_bytes(),
        };
        let outgoing = self.device.seal_group(&draft, NOW).unwrap();
        let mail = self.device.mail();
        if !mail.is_empty() {
            // Somebody may have gone who is still believed to be in.
            let (status, _) = self.call(pod, "POST", "/mailbox", json!({"mail": mail})).await;
            assert!([204, 404].contains(&status));
            self.device.posted(&mail.iter().map(|mail| mail.id).collect::<Vec<_>>());
        }
        let mut envelope = json!(outgoing.envelope);
        envelope["kind"] = json!("sealed");
        json!({"id": draft.id, "envelope": envelope, "roster": outgoing.roster})
    }

    /// What it reads of a message, with the sender keys in its mailbox.
    async fn opens(&mut self, pod: &Served, event: &Value) -> crypto_core::Result<String> {
        let items: Vec<MailboxItem> = self.mailbox(pod).await;
        for item in &items {
            self.device.receive(item, NOW).ok();
        }
        let opened = self.device.open(&parsed::<Message>(event.clone()), None)?;
        Ok(String::from_utf8(opened.body.clone()).unwrap())
    }
}

/// A group of these, made by the first, followed by all.
async fn group(pod: &Served, people: &mut [Phone]) -> ConversationId {
    let id = ConversationId(Uuid::now_v7());
    let statement = people[0].sign(id, &roles(&people.iter().collect::<Vec<_>>()));
    let others: Vec<UserId> = people[1..].iter().map(Phone::user).collect();
    let input = json!({"kind": "group", "id": id, "title": "Climbers", "user_ids": others, "statement": statement});
    let (status, made) = people[0].call(pod, "POST", "/conversations", input.clone()).await;
    assert_eq!((status, &made["epoch"], &made["my"]["role"]), (201, &json!(1), &json!("owner")), "{made}");
    assert_eq!(people[0].call(pod, "POST", "/conversations", input).await.0, 200, "made once");
    let everybody: Vec<UserId> = people.iter().map(Phone::user).collect();
    for phone in people {
        phone.meet(pod, &everybody).await;
        assert_eq!(phone.follow(pod, id).await, [true]);
    }
    id
}

#[tokio::test]
async fn a_group_talks_and_whoever_was_taken_out_reads_no_more() {
    let pod = Served::alone().await;
    let mut people = [Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await, Phone::known(&pod, "cy").await];
    let id = group(&pod, &mut people).await;
    let [mut ana, mut bo, mut cy] = people;
    let messages = format!("/conversations/{id}/messages");
    let (mut to_bo, mut to_cy) = (pod.socket(&bo.person.token).await, pod.socket(&cy.person.token).await);

    let first = ana.seal_all(&pod, id, "hello all").await;
    assert_eq!(ana.call(&pod, "POST", &messages, first.clone()).await.0, 202);
    let event = to_bo.event("message").await;
    assert_eq!(bo.opens(&pod, &event).await.as_deref(), Ok("hello all"));
    assert_eq!(cy.opens(&pod, &to_cy.event("message").await).await.as_deref(), Ok("hello all"));

    let without = ana.sign(id, &roles(&[&ana, &bo]));
    let path = format!("/conversations/{id}/members/{}", cy.user());
    let (status, problem) = ana.call(&pod, "DELETE", &path, Value::Null).await;
    assert_eq!((status, &problem["field"]), (422, &json!("statement")));
    let body = json!({"statement": without});
    assert_eq!(ana.call(&pod, "DELETE", &path, body.clone()).await.0, 204);
    assert_eq!(ana.call(&pod, "DELETE", &path, body).await.0, 204, "once more is harmless");
    let entry = to_bo.event("message").await;
    assert_eq!(entry["system"], json!({"type": "member_removed", "user_id": cy.user()}));
    let removed = to_cy.event("conversation").await;
    assert_eq!(removed["change"], "removed");
    assert_eq!(cy.call(&pod, "GET", &format!("/conversations/{id}"), Value::Null).await.0, 404);

    // Sealed for the members of before: refused, and what was accepted before stays so.
    let late = bo.seal_all(&pod, id, "late").await;
    let (status, problem) = bo.call(&pod, "POST", &messages, late).await;
    assert_eq!((status, &problem["code"]), (409, &json!("stale_epoch")), "{problem}");
    assert_eq!(ana.call(&pod, "POST", &messages, first).await.0, 202);
    assert_eq!(bo.follow(&pod, id).await, [true]);
    assert_eq!(ana.follow(&pod, id).await, [true]);
    let fresh = bo.seal_all(&pod, id, "between us").await;
    assert_eq!(bo.call(&pod, "POST", &messages, fresh).await.0, 202);
    let mut to_ana = pod.socket(&ana.person.token).await;
    let page = ana.call(&pod, "GET", &messages, Value::Null).await.1;
    let last = match page["messages"].as_array().unwrap().last().unwrap() {
        entry if entry["kind"] == "message" && entry["sender_id"] == json!(bo.user()) => entry.clone(),
        _ => to_ana.event("message").await,
    };
    assert_eq!(ana.opens(&pod, &last).await.as_deref(), Ok("between us"));
    assert!(cy.opens(&pod, &last).await.is_err(), "even where it gets hold of it");
    assert!(!to_cy.has_heard("message"), "nothing after the removal reaches her");
}

#[tokio::test]
async fn newcomers_begin_where_they_came_in() {
    let pod = Served::alone().await;
    let mut people = [Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await];
    let id = group(&pod, &mut people).await;
    let [mut ana, bo] = people;
    let mut cy = Phone::known(&pod, "cy").await;
    let messages = format!("/conversations/{id}/messages");
    let mut to_ana = pod.socket(&ana.person.token).await;
    let before = ana.seal_all(&pod, id, "before").await;
    assert_eq!(ana.call(&pod, "POST", &messages, before).await.0, 202);
    to_ana.event("message").await;

    let mut to_cy = pod.socket(&cy.person.token).await;
    let with = ana.sign(id, &roles(&[&ana, &bo, &cy]));
    let add = json!({"user_ids": [cy.user()], "statement": with});
    let (status, seen) = ana.call(&pod, "POST", &format!("/conversations/{id}/members"), add.clone()).await;
    assert_eq!((status, &seen["epoch"], seen["members"].as_array().unwrap().len()), (200, &json!(2), 3), "{seen}");
    let created = to_cy.event("conversation").await;
    assert_eq!((&created["change"], &created["conversation"]["my"]["from_seq"]), (&json!("created"), &json!(1)));
    assert_eq!(created["conversation"]["my"]["read_seq"], 1, "what came before is not unread");
    assert_eq!(to_cy.event("message").await["system"]["type"], "member_joined");
    let page = cy.call(&pod, "GET", &messages, Value::Null).await.1;
    assert_eq!((page["messages"].as_array().unwrap().len(), &page["has_more"]), (1, &json!(false)), "{page}");
    let (_, synced) = cy.call(&pod, "POST", "/sync", json!({"heads": {}})).await;
    let part = &synced["conversations"][0];
    assert_eq!((part["messages"].as_array().unwrap().len(), &part["has_more"]), (1, &json!(false)), "{part}");

    cy.meet(&pod, &[ana.user(), bo.user(), cy.user()]).await;
    assert_eq!(cy.follow(&pod, id).await, [false, true], "the one that brings her in");
    assert_eq!(ana.follow(&pod, id).await, [true]);
    let after = ana.seal_all(&pod, id, "welcome").await;
    assert_eq!(ana.call(&pod, "POST", &messages, after).await.0, 202);
    assert_eq!(cy.opens(&pod, &to_cy.event("message").await).await.as_deref(), Ok("welcome"));
    assert_eq!(ana.call(&pod, "POST", &format!("/conversations/{id}/members"), add).await.0, 200, "heard at last");
}

#[tokio::test]
async fn members_change_only_as_it_was_signed_by_who_may() {
    let pod = Served::alone().await;
    let mut people = [Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await];
    let id = group(&pod, &mut people).await;
    let [ana, bo] = people;
    let eve = Phone::known(&pod, "eve").await;
    let path = format!("/conversations/{id}/members");
    let (_, statements) = ana.call(&pod, "GET", &format!("/conversations/{id}/statements"), Value::Null).await;
    let begun = statements["statements"][0].clone();
    let good = json!(ana.sign(id, &roles(&[&ana, &bo, &eve])));
    let add = |statement: &Value| json!({"user_ids": [eve.user()], "statement": statement});
    let broken = |field: &str, value: Value| {
        let mut statement = good.clone();
        *statement.pointer_mut(field).unwrap() = value;
        statement
    };
    for (statement, status, named) in [
        (broken("/conversation_id", json!(Uuid::now_v7())), 422, "statement.conversation_id"),
        (broken("/epoch", json!(3)), 409, "statement.epoch"),
        (broken("/epoch", json!(1)), 409, "statement.epoch"),
        (broken("/previous", json!("AAAA")), 422, "statement.signature"),
        (broken("/members/0/role", json!("admin")), 422, "statement.signature"),
        (broken("/signer/device_id", json!(Uuid::now_v7())), 422, "statement.signer"),
    ] {
        let (told, problem) = ana.call(&pod, "POST", &path, add(&statement)).await;
        assert_eq!((told, &problem["field"]), (status, &json!(named)), "{problem}");
    }
    let more = json!({"user_ids": [], "statement": good});
    assert_eq!(ana.call(&pod, "POST", &path, more).await.1["field"], "statement.members", "more than was asked");
    let (status, problem) = bo.call(&pod, "POST", &path, add(&good)).await;
    assert_eq!((status, &problem["field"]), (422, &json!("statement.signer")), "somebody else's");
    assert_eq!(bo.call(&pod, "POST", &path, json!({"user_ids": [eve.user()]})).await.1["field"], "statement");
    assert_eq!(eve.call(&pod, "POST", &path, add(&good)).await.0, 404, "a stranger");
    assert_eq!(eve.call(&pod, "GET", &format!("/conversations/{id}/statements"), Value::Null).await.0, 404);
    let (status, problem) = ana.call(&pod, "POST", &path, json!({"user_ids": [], "statement": null})).await;
    assert_eq!((status, &problem["field"]), (422, &json!("statement")));
    let (_, group) = ana.call(&pod, "GET", &format!("/conversations/{id}"), Value::Null).await;
    assert_eq!((&group["epoch"], group["members"].as_array().unwrap().len()), (&json!(1), 2), "nothing changed");
    assert_eq!(ana.call(&pod, "POST", &path, add(&good)).await.0, 200);

    // What stands is heard once more only as it stands, by whoever made it, and only while it is the last.
    assert_eq!(ana.call(&pod, "POST", &path, add(&good)).await.0, 200);
    for (by, statement) in [(&ana, broken("/signature", json!("AAAA"))), (&bo, good.clone()), (&ana, begun)] {
        let (status, problem) = by.call(&pod, "POST", &path, add(&statement)).await;
        assert_eq!((status, &problem["field"]), (409, &json!("statement.epoch")), "{problem}");
    }

    let other = ConversationId(Uuid::now_v7());
    let first = ana.sign(other, &roles(&[&ana, &bo]));
    for (input, named) in [
        (json!({"kind": "group", "id": other, "title": "x", "user_ids": [], "statement": first}), "statement.members"),
        (json!({"kind": "group", "title": "x", "user_ids": [bo.user()], "statement": first}), "id"),
        (
            json!({"kind": "community", "id": other, "title": "x", "user_ids": [bo.user()], "statement": first}),
            "statement",
        ),
    ] {
        let (status, problem) = ana.call(&pod, "POST", "/conversations", input).await;
        assert_eq!((status, &problem["field"]), (422, &json!(named)));
    }
    let taken = json!({"kind": "group", "id": id, "title": "x", "user_ids": [eve.user()]});
    assert_eq!(ana.call(&pod, "POST", "/conversations", taken).await.1["code"], "id_conflict");
}

#[tokio::test]
async fn anyone_leaves_and_owners_say_who_may_what_where_nobody_signs() {
    let pod = Served::alone().await;
    let [ana, bo, cy] =
        [Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await, Phone::known(&pod, "cy").await];
    let input = json!({"kind": "group", "title": "Climbers", "user_ids": [bo.user()]});
    let (_, made) = ana.call(&pod, "POST", "/conversations", input).await;
    let id = made["id"].as_str().unwrap();
    let of = |phone: &Phone| format!("/conversations/{id}/members/{}", phone.user());
    let members = format!("/conversations/{id}/members");
    assert_eq!(bo.call(&pod, "POST", &members, json!({"user_ids": [cy.user()]})).await.0, 403);
    assert_eq!(bo.call(&pod, "PATCH", &of(&bo), json!({"role": "owner"})).await.0, 403);
    assert_eq!(bo.call(&pod, "DELETE", &of(&ana), Value::Null).await.0, 403);
    assert_eq!(ana.call(&pod, "PATCH", &of(&bo), json!({"role": "admin"})).await.1["members"][1]["role"], "admin");
    assert_eq!(bo.call(&pod, "POST", &members, json!({"user_ids": [cy.user(), ana.user()]})).await.0, 200);
    assert_eq!(ana.call(&pod, "PATCH", &of(&ana), json!({"role": "queen"})).await.1["field"], "role");
    assert_eq!(cy.call(&pod, "DELETE", &of(&cy), Value::Null).await.0, 204);
    assert_eq!(cy.call(&pod, "DELETE", &of(&cy), Value::Null).await.0, 404);
    for phone in [&ana, &bo] {
        assert_eq!(phone.call(&pod, "DELETE", &of(phone), Value::Null).await.0, 204, "the last one, too");
    }
    let direct = world::phone::direct(&pod, &ana, &bo).await;
    let (status, _) =
        ana.call(&pod, "POST", &format!("/conversations/{direct}/members"), json!({"user_ids": [cy.user()]})).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_message_to_a_group_is_for_the_devices_of_now() {
    let pod = Served::alone().await;
    let mut people = [Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await];
    let id = group(&pod, &mut people).await;
    let [mut ana, mut bo] = people;
    let messages = format!("/conversations/{id}/messages");
    let sealed = ana.seal_all(&pod, id, "x").await;
    let mut without = sealed.clone();
    without.as_object_mut().unwrap().remove("roster");
    assert_eq!(ana.call(&pod, "POST", &messages, without).await.1["field"], "roster");
    bo.linked(&pod).await;
    let (status, problem) = ana.call(&pod, "POST", &messages, sealed).await;
    assert_eq!((status, &problem["code"], &problem["field"]), (409, &json!("stale_devices"), &json!("roster")));

    let known = json!({"known": {ana.person.id.clone(): 1, bo.person.id.clone(): 1}});
    let (_, changed) = ana.call(&pod, "POST", "/keys/devices", known).await;
    let lists = changed["lists"].as_array().unwrap();
    assert_eq!((lists.len(), &lists[0]["user_id"], &lists[0]["version"]), (1, &json!(bo.user()), &json!(2)));
    assert_eq!(ana.call(&pod, "POST", "/keys/devices", json!({"known": {}})).await.1["field"], "known");
    ana.meet(&pod, &[bo.user()]).await;
    let again = ana.seal_all(&pod, id, "x").await;
    assert_eq!(ana.call(&pod, "POST", &messages, again).await.0, 202);
}

#[tokio::test]
async fn who_has_blocked_whom_keeps_no_key_from_a_group() {
    let pod = Served::alone().await;
    let mut people = [Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await];
    let id = group(&pod, &mut people).await;
    let [mut ana, mut bo] = people;
    let direct = ConversationId::direct(ana.user(), bo.user());
    assert_eq!(json!(world::phone::direct(&pod, &ana, &bo).await), json!(direct));
    let block = format!("/users/{}/block", ana.user());
    assert_eq!(bo.call(&pod, "POST", &block, Value::Null).await.0, 204);
    let mut to_bo = pod.socket(&bo.person.token).await;
    let said = ana.seal_all(&pod, id, "to all of you").await;
    assert_eq!(ana.call(&pod, "POST", &format!("/conversations/{id}/messages"), said).await.0, 202);
    assert_eq!(bo.opens(&pod, &to_bo.event("message").await).await.as_deref(), Ok("to all of you"));

    ana.device.ask_again(bo.device.me(), direct, &[MessageId(Uuid::now_v7())], NOW).unwrap();
    let (status, problem) = ana.call(&pod, "POST", "/mailbox", json!({"mail": ana.device.mail()})).await;
    assert_eq!((status, &problem["code"]), (403, &json!("blocked")), "{problem}");
}
