//! What people can do, over the embedded adapters: the rules from a caller's side.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod world;

use std::{net::Ipv4Addr, time::Duration};

use shared_types::{
    Code, Content, Conversation, EntryKind, Envelope, Message, MessageId, Secret, Seq, ServerEvent,
    account::{Login, NewDevice, Refresh},
    conversation::{NewConversation, UpdateConversation},
    entry::{NewMessage, Status},
    receipt::NewReceipt,
    socket::{SendMessage, WatchPresence},
    sync::SyncRequest,
};
use sotto_core::{
    App, Caller, Error,
    domain::entry::Plaintext,
    ports::{Audience, Heard, Lane, Parcel, PodId},
    usecases::{
        account::{authenticate, block, end_session, find_people, list_sessions, login, refresh, register, unblock},
        conversation::{
            find_conversation, hide_conversation, list_conversations, start_conversation, update_conversation,
        },
        entry::{Drafts, History, Writer, append, history, retract, send, status},
        presence::{self, Mine},
        receipt::raise_receipt,
        sync::sync,
    },
};
use uuid::Uuid;
use world::{World, caller, device, unique, words};

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> (Code, Option<String>) {
    match result {
        Err(Error::Refused(refusal)) => (refusal.code, refusal.field.map(Into::into)),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The event that was heard.
fn parcel(heard: Option<Heard>) -> Parcel {
    match heard {
        Some(Heard::Parcel(parcel)) => *parcel,
        other => panic!("expected an event, got {other:?}"),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    refused(result).0
}

/// The whole log, once it has `count` entries.
async fn log(app: &App, me: Caller, conversation: &Conversation, count: usize) -> Vec<Message> {
    let all = History { conversation: conversation.id, before_seq: None, after_seq: Some(Seq(0)), limit: Some(200) };
    for _ in 0..2_000 {
        let page = history(app, me, all).await.unwrap();
        if page.messages.len() >= count {
            return page.messages;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the log never had {count} entries");
}

fn change(conversation: &Conversation, kind: EntryKind, target: MessageId) -> SendMessage {
    let content = match kind {
        EntryKind::Reaction => Content::Reaction { emoji: "👍".into(), active: true },
        _ => Content::Text { text: "better words".into() },
    };
    let plain = words(conversation, "x");
    SendMessage {
        message: NewMessage {
            kind: Some(kind),
            target: Some(target),
            envelope: (kind != EntryKind::Retract).then_some(Envelope::Plain { content }),
            ..plain.message
        },
        ..plain
    }
}

#[tokio::test]
async fn what_is_said_gets_dense_positions_in_the_order_it_was_said() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let mut said = Vec::new();
    for number in 0..20 {
        let who = if number % 3 == 0 { bo } else { ana };
        said.push(send(&world, who, words(&conversation, &format!("{number}"))).await.unwrap().id);
    }
    let log = log(&world, bo, &conversation, 20).await;
    assert_eq!(log.iter().map(|entry| entry.id).collect::<Vec<_>>(), said);
    assert_eq!(log.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_retry_is_the_same_message_and_another_body_is_a_conflict() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let hello = words(&conversation, "hello");
    let first = send(&world, ana, hello.clone()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(send(&world, ana, hello.clone()).await.unwrap(), first);
    }
    log(&world, ana, &conversation, 1).await;
    assert_eq!(send(&world, ana, hello.clone()).await.unwrap(), first, "also when it stands in the log");
    let other = SendMessage {
        message: NewMessage { id: hello.message.id, ..words(&conversation, "bye").message },
        ..hello.clone()
    };
    assert_eq!(refused(send(&world, ana, other).await), (Code::IdConflict, Some("id".into())));
    assert_eq!(code(send(&world, bo, hello).await), Code::IdConflict, "somebody else's id");
    send(&world, ana, words(&conversation, "end")).await.unwrap();
    assert_eq!(log(&world, ana, &conversation, 2).await.len(), 2);
}

#[tokio::test]
async fn a_conflict_is_found_while_the_first_is_still_on_its_way() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    let hello = words(&conversation, "hello");
    send(&world, ana, hello.clone()).await.unwrap();
    let id = hello.message.id;
    let other = SendMessage { message: NewMessage { id, ..words(&conversation, "bye").message }, ..hello.clone() };
    assert_eq!(code(send(&world, ana, other).await), Code::IdConflict);
    let at = (conversation.id, id.unwrap());
    assert_eq!(status(&world, ana, at).await.unwrap().status, Status::Accepted);
}

#[tokio::test]
async fn what_was_accepted_survives_a_restart_before_it_was_appended() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    let mut said = Vec::new();
    for number in 0..5 {
        said.push(send(&world, ana, words(&conversation, &format!("{number}"))).await.unwrap().id);
    }
    let world = world.restarted().await;
    let log = log(&world, ana, &conversation, 5).await;
    assert_eq!(log.iter().map(|entry| entry.id).collect::<Vec<_>>(), said);
}

#[tokio::test]
async fn a_poisonous_entry_is_buried_and_the_others_flow() {
    let world = World::running();
    let (ana, _, conversation) = world.pair().await;
    world.queue.publish(world.lane(conversation.id), b"no draft at all".to_vec()).await.unwrap();
    send(&world, ana, words(&conversation, "still here")).await.unwrap();
    assert_eq!(log(&world, ana, &conversation, 1).await.len(), 1);
    assert_eq!(world.queue.dead_count().await.unwrap(), 0, "it is tried again before");
    let dead = loop {
        let dead = world.queue.dead(10).await.unwrap();
        if !dead.is_empty() {
            break dead;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].payload, b"no draft at all");
    let Lane::Partition(number) = dead[0].lane;
    assert!(number < 64);
}

#[tokio::test]
async fn strangers_learn_nothing_of_a_conversation() {
    let world = World::running();
    let (ana, _, conversation) = world.pair().await;
    let cy = caller(&world.person(&unique("cy")).await);
    let said = send(&world, ana, words(&conversation, "private")).await.unwrap().id;
    let page = History { conversation: conversation.id, before_seq: None, after_seq: None, limit: None };
    assert_eq!(code(send(&world, cy, words(&conversation, "me too")).await), Code::NotFound);
    assert_eq!(code(history(&world, cy, page).await), Code::NotFound);
    assert_eq!(code(find_conversation(&world, cy, conversation.id).await), Code::NotFound);
    assert_eq!(code(status(&world, cy, (conversation.id, said)).await), Code::NotFound);
    let receipt = NewReceipt { delivered_seq: Some(Seq(1)), read_seq: None };
    assert_eq!(code(raise_receipt(&world, cy, (conversation.id, receipt)).await), Code::NotFound);
    assert_eq!(code(send(&world, cy, retract(&world, (conversation.id, said))).await), Code::NotFound);
}

#[tokio::test]
async fn an_edit_a_reaction_and_a_retraction_are_entries_of_their_own() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let said = send(&world, ana, words(&conversation, "hello")).await.unwrap().id;
    // Right behind their target, which may still be on its way.
    send(&world, ana, change(&conversation, EntryKind::Edit, said)).await.unwrap();
    send(&world, bo, change(&conversation, EntryKind::Reaction, said)).await.unwrap();
    let before = log(&world, bo, &conversation, 3).await;
    assert!(before.iter().all(|entry| entry.envelope.is_some()));

    send(&world, ana, retract(&world, (conversation.id, said))).await.unwrap();
    send(&world, ana, retract(&world, (conversation.id, said))).await.unwrap();
    let after = log(&world, bo, &conversation, 4).await;
    assert_eq!(after.len(), 4, "taking back twice is taking back once");
    let kinds: Vec<_> = after.iter().map(|entry| (entry.kind, entry.envelope.is_some())).collect();
    assert_eq!(
        kinds,
        [
            (EntryKind::Message, false),
            (EntryKind::Edit, false),
            (EntryKind::Reaction, true),
            (EntryKind::Retract, false),
        ]
    );
    let late = send(&world, ana, change(&conversation, EntryKind::Edit, said)).await;
    assert_eq!(refused(late), (Code::Invalid, Some("target".into())));
}

#[tokio::test]
async fn an_edit_that_races_with_a_retraction_keeps_its_place_and_loses_its_words() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    let said = send(&world, ana, words(&conversation, "hello")).await.unwrap().id;
    send(&world, ana, retract(&world, (conversation.id, said))).await.unwrap();
    // Accepted, since nothing stands in the log yet.
    send(&world, ana, change(&conversation, EntryKind::Edit, said)).await.unwrap();
    // Each in a batch of its own: the retraction has purged before the edit comes.
    let mut writer = Writer::default();
    for taken in world.queue.take(world.lane(conversation.id), 9).await.unwrap() {
        let drafts = vec![serde_json::from_slice(&taken.payload).unwrap()];
        append(&world, &mut writer, Drafts { drafts, again: taken.again }).await.unwrap();
    }
    let log = log(&world, ana, &conversation, 3).await;
    assert!(log.iter().all(|entry| entry.envelope.is_none()), "{log:?}");
}

#[tokio::test]
async fn only_the_sender_edits_and_takes_back() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let said = send(&world, ana, words(&conversation, "mine")).await.unwrap().id;
    assert_eq!(code(send(&world, bo, change(&conversation, EntryKind::Edit, said)).await), Code::Forbidden);
    assert_eq!(code(send(&world, bo, retract(&world, (conversation.id, said))).await), Code::Forbidden);
    log(&world, ana, &conversation, 1).await;
    assert_eq!(code(send(&world, bo, change(&conversation, EntryKind::Edit, said)).await), Code::Forbidden);
    let unknown = change(&conversation, EntryKind::Edit, MessageId(Uuid::now_v7()));
    assert_eq!(refused(send(&world, ana, unknown).await), (Code::NotFound, Some("target".into())));
}

#[tokio::test]
async fn a_block_stops_both_until_it_is_taken_back() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let said = send(&world, bo, words(&conversation, "before")).await.unwrap().id;
    block(&world, ana, bo.user).await.unwrap();
    assert_eq!(code(send(&world, ana, words(&conversation, "hi")).await), Code::Blocked);
    assert_eq!(code(send(&world, bo, words(&conversation, "hi")).await), Code::Blocked);
    send(&world, bo, retract(&world, (conversation.id, said))).await.unwrap();
    unblock(&world, ana, bo.user).await.unwrap();
    send(&world, bo, words(&conversation, "hi")).await.unwrap();
    assert_eq!(code(block(&world, ana, ana.user).await), Code::Invalid);
}

#[tokio::test]
async fn plain_words_are_refused_by_default() {
    let mut world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    world.app.policy.plaintext = Plaintext::Refused;
    let answer = send(&world, ana, words(&conversation, "hi")).await;
    assert_eq!(refused(answer), (Code::PlaintextRefused, Some("envelope.kind".into())));
}

#[tokio::test]
async fn a_status_follows_the_watermarks() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let said = send(&world, ana, words(&conversation, "hello")).await.unwrap().id;
    log(&world, ana, &conversation, 1).await;
    let at = (conversation.id, said);
    assert_eq!(status(&world, ana, at).await.unwrap().status, Status::Sent);
    let claim = |delivered, read| NewReceipt { delivered_seq: delivered, read_seq: read };
    raise_receipt(&world, bo, (conversation.id, claim(Some(Seq(1)), None))).await.unwrap();
    let delivered = status(&world, ana, at).await.unwrap();
    assert_eq!(
        (delivered.status, delivered.delivered_to, delivered.read_by),
        (Status::Delivered, vec![bo.user], vec![])
    );
    raise_receipt(&world, bo, (conversation.id, claim(None, Some(Seq(1))))).await.unwrap();
    assert_eq!(status(&world, ana, at).await.unwrap().read_by, [bo.user]);
    raise_receipt(&world, bo, (conversation.id, claim(Some(Seq(0)), Some(Seq(0))))).await.unwrap();
    assert_eq!(status(&world, ana, at).await.unwrap().status, Status::Read, "lower claims change nothing");
    let past = raise_receipt(&world, bo, (conversation.id, claim(None, Some(Seq(2))))).await;
    assert_eq!(refused(past), (Code::SeqOutOfRange, Some("read_seq".into())));
    assert_eq!(code(raise_receipt(&world, bo, (conversation.id, claim(None, None))).await), Code::Invalid);
    assert_eq!(code(status(&world, ana, (conversation.id, MessageId(Uuid::now_v7()))).await), Code::NotFound);
}

#[tokio::test]
async fn both_members_hear_what_is_said_and_received() {
    let world = World::running();
    let mut inbox = world.delivery.listen(&PodId("pod".into())).await.unwrap();
    let (ana, bo, conversation) = world.pair().await;
    send(&world, ana, words(&conversation, "hello")).await.unwrap();
    log(&world, ana, &conversation, 1).await;
    let claim = NewReceipt { delivered_seq: Some(Seq(1)), read_seq: None };
    raise_receipt(&world, bo, (conversation.id, claim)).await.unwrap();
    raise_receipt(&world, bo, (conversation.id, claim)).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 4 {
        let parcel = parcel(inbox.next().await);
        if let Audience::Users(mut users) = parcel.to {
            users.sort_unstable();
            heard.push((parcel.event.name(), users));
        }
    }
    let mut both = vec![ana.user, bo.user];
    both.sort_unstable();
    assert_eq!(heard[2..], [("message", both.clone()), ("receipt", both)]);
}

#[tokio::test]
async fn history_is_paged_from_both_ends() {
    let world = World::running();
    let (ana, _, conversation) = world.pair().await;
    for number in 0..7 {
        send(&world, ana, words(&conversation, &format!("{number}"))).await.unwrap();
    }
    log(&world, ana, &conversation, 7).await;
    let page = async |before: Option<u64>, after: Option<u64>, limit: Option<u64>| {
        let input =
            History { conversation: conversation.id, before_seq: before.map(Seq), after_seq: after.map(Seq), limit };
        history(&world, ana, input)
            .await
            .map(|page| (page.messages.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), page.has_more))
    };
    assert_eq!(page(None, None, Some(3)).await.unwrap(), (vec![5, 6, 7], true));
    assert_eq!(page(Some(3), None, Some(3)).await.unwrap(), (vec![1, 2], false));
    assert_eq!(page(None, Some(2), Some(3)).await.unwrap(), (vec![3, 4, 5], true));
    assert_eq!(page(None, Some(4), Some(3)).await.unwrap(), (vec![5, 6, 7], false));
    assert_eq!(page(None, Some(7), None).await.unwrap(), (vec![], false));
    for limit in [0, 201, u64::MAX] {
        assert_eq!(refused(page(None, None, Some(limit)).await), (Code::Invalid, Some("limit".into())));
    }
    assert_eq!(code(page(Some(1), Some(1), None).await), Code::Invalid);
}

#[tokio::test]
async fn a_sync_gives_what_was_missed_and_no_more() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    for number in 0..3 {
        send(&world, ana, words(&conversation, &format!("{number}"))).await.unwrap();
    }
    log(&world, bo, &conversation, 3).await;
    let synced = async |head: Option<u64>| {
        let heads = head.map(|head| (conversation.id, Seq(head))).into_iter().collect();
        let answer = sync(&world, bo, SyncRequest { heads }).await.unwrap();
        let one = answer.conversations.into_iter().next().unwrap();
        (one.messages.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), one.has_more, one.receipts.len())
    };
    assert_eq!(synced(None).await, (vec![1, 2, 3], false, 2));
    assert_eq!(synced(Some(1)).await, (vec![2, 3], false, 2));
    assert_eq!(synced(Some(3)).await, (vec![], false, 2));
    assert_eq!(synced(Some(99)).await, (vec![], false, 2), "a head past the log is no reason for an endless sync");
    let foreign = SyncRequest { heads: [(Uuid::now_v7().into_bytes().into(), Seq(1))].into() };
    let answer = sync(&world, bo, foreign.clone()).await.unwrap();
    assert_eq!(answer.left, foreign.heads.keys().copied().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_long_absence_is_caught_up_page_by_page() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    for number in 0..250 {
        send(&world, ana, words(&conversation, &format!("{number}"))).await.unwrap();
    }
    let newest = History { conversation: conversation.id, before_seq: None, after_seq: Some(Seq(249)), limit: None };
    while history(&world, bo, newest).await.unwrap().messages.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut head = Seq(10);
    let mut seen = Vec::new();
    loop {
        let answer = sync(&world, bo, SyncRequest { heads: [(conversation.id, head)].into() }).await.unwrap();
        let one = &answer.conversations[0];
        seen.extend(one.messages.iter().map(|entry| entry.seq.0));
        head = one.messages.last().map_or(head, |entry| entry.seq);
        if !one.has_more {
            break;
        }
    }
    assert_eq!(seen, (11..=250).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_direct_conversation_is_one_for_both_and_can_be_hidden() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let input = NewConversation::direct;
    let again = start_conversation(&world, bo, input(ana.user)).await.unwrap();
    assert!(matches!(again, sotto_core::usecases::conversation::Started::Existing(view) if view.id == conversation.id));
    assert_eq!(
        refused(start_conversation(&world, ana, input(ana.user)).await),
        (Code::Invalid, Some("user_id".into()))
    );

    hide_conversation(&world, ana, conversation.id).await.unwrap();
    assert_eq!(list_conversations(&world, ana).await.unwrap().conversations.len(), 0);
    assert_eq!(list_conversations(&world, bo).await.unwrap().conversations.len(), 1, "nobody else notices");
    send(&world, bo, words(&conversation, "still there?")).await.unwrap();
    log(&world, ana, &conversation, 1).await;
    assert_eq!(list_conversations(&world, ana).await.unwrap().conversations.len(), 1);

    let until = Some(shared_types::Timestamp(9_000_000_000_000));
    let muted = update_conversation(&world, ana, (conversation.id, UpdateConversation { muted_until: Some(until) }))
        .await
        .unwrap();
    assert_eq!(muted.my.muted_until, until);
    let loud = UpdateConversation { muted_until: Some(None) };
    assert_eq!(update_conversation(&world, ana, (conversation.id, loud)).await.unwrap().my.muted_until, None);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let world = World::ports();
    let ip = Ipv4Addr::LOCALHOST.into();
    let first = world.person(&unique("ana")).await;
    let turn = async |token: &Secret| refresh(&world, ip, Refresh { refresh_token: token.clone() }).await;
    let second = turn(&first.refresh_token).await.unwrap();
    let repeated = turn(&first.refresh_token).await.unwrap();
    assert_eq!(repeated.refresh_token, second.refresh_token, "a repeat within the grace gets the same successor");
    let third = turn(&second.refresh_token).await.unwrap();
    assert_ne!(third.refresh_token, second.refresh_token);
    assert!(authenticate(&world, &third.access_token.0).await.is_ok());

    assert_eq!(code(turn(&first.refresh_token).await), Code::TokenReused);
    assert_eq!(code(turn(&third.refresh_token).await), Code::SessionRevoked);
    assert_eq!(code(authenticate(&world, &third.access_token.0).await), Code::SessionRevoked);
    assert_eq!(code(turn(&Secret("nonsense".into())).await), Code::Unauthorized);
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_get_the_same_successor() {
    let world = World::ports();
    let ip = Ipv4Addr::LOCALHOST.into();
    let first = world.person(&unique("ana")).await;
    let token = || Refresh { refresh_token: first.refresh_token.clone() };
    let (one, other) = tokio::join!(refresh(&world, ip, token()), refresh(&world, ip, token()));
    assert_eq!(one.unwrap().refresh_token, other.unwrap().refresh_token);
}

#[tokio::test]
async fn a_device_that_signs_in_again_is_the_same_device() {
    let world = World::ports();
    let ip = Ipv4Addr::LOCALHOST.into();
    let name = unique("ana");
    let first = world.person(&name).await;
    let sign_in = async |id| {
        let device = NewDevice { id, ..device() };
        let input =
            Login { username: name.to_uppercase(), password: Secret("correct horse".into()), device, totp: None };
        login(&world, ip, input).await.unwrap()
    };
    let again = sign_in(Some(first.device.id)).await;
    assert_eq!(again.device.id, first.device.id);
    assert_eq!(code(authenticate(&world, &first.access_token.0).await), Code::SessionRevoked);
    let foreign = sign_in(Some([7; 16].into())).await;
    assert_ne!(foreign.device.id, [7; 16].into(), "an id that was never this account's is not taken");
    assert_eq!(list_sessions(&world, caller(&again)).await.unwrap().sessions.len(), 2);
    end_session(&world, caller(&again), foreign.session_id).await.unwrap();
    assert_eq!(list_sessions(&world, caller(&again)).await.unwrap().sessions.len(), 1);
    let stranger = world.person(&unique("bo")).await;
    assert_eq!(code(end_session(&world, caller(&stranger), again.session_id).await), Code::NotFound);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let world = World::ports();
    let name = unique("ana");
    world.person(&name).await;
    let attempt = async |username: &str, password: &str| {
        let input =
            Login { username: username.into(), password: Secret(password.into()), device: device(), totp: None };
        refused(login(&world, Ipv4Addr::LOCALHOST.into(), input).await)
    };
    let wrong = attempt(&name, "wrong horse").await;
    assert_eq!(wrong, (Code::BadCredentials, None));
    assert_eq!(attempt(&unique("nobody"), "correct horse").await, wrong);
    assert_eq!(attempt("not a name", "correct horse").await, wrong);
    let again = register(&world, Ipv4Addr::LOCALHOST.into(), world::register(&name)).await;
    assert_eq!(refused(again), (Code::UsernameTaken, Some("username".into())));
}

#[tokio::test]
async fn sign_ins_are_limited_without_locking_the_owner_out() {
    let mut world = World::ports();
    let name = unique("ana");
    world.person(&name).await;
    world.app.policy.rate_limits = sotto_core::app::RateLimits::On;
    let from = async |last: u8, password: &str| {
        let input = Login { username: name.clone(), password: Secret(password.into()), device: device(), totp: None };
        login(&world, [10, 0, 0, last].into(), input).await
    };
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(code(from(1, "guess guess").await));
    }
    assert_eq!(codes.pop(), Some(Code::RateLimited));
    assert!(codes.iter().all(|code| *code == Code::BadCredentials));
    assert!(from(2, "correct horse").await.is_ok());
}

#[tokio::test]
async fn people_are_found_by_the_start_of_their_name() {
    let world = World::ports();
    let ana = world.person(&unique("ana")).await;
    let bo = world.person(&unique("bo")).await;
    let found = find_people(&world, caller(&ana), &bo.user.username[..10].to_uppercase()).await.unwrap().users;
    assert_eq!(found, [bo.user]);
    let own = find_people(&world, caller(&ana), &ana.user.username).await.unwrap().users;
    assert_eq!(own, [], "not oneself");
    assert_eq!(refused(find_people(&world, caller(&ana), " ").await), (Code::Invalid, Some("query".into())));
}

#[tokio::test]
async fn presence_is_shown_to_people_one_talks_with() {
    let world = World::ports();
    let pod = PodId("pod".into());
    let (ana, bo, _) = world.pair().await;
    let cy = caller(&world.person(&unique("cy")).await);
    for person in [bo, cy] {
        presence::arrive(&world, person, (&pod, Mine::default())).await.unwrap();
    }
    let seen = async || {
        let watch = WatchPresence { user_ids: vec![bo.user, cy.user] };
        let (states, allowed) = presence::watch(&world, ana, watch).await.unwrap();
        (states.states.iter().map(|state| state.online).collect::<Vec<_>>(), allowed)
    };
    assert_eq!(seen().await, (vec![true, false], vec![bo.user]));
    block(&world, bo, ana.user).await.unwrap();
    assert_eq!(seen().await, (vec![false, false], vec![]));
    let crowd = WatchPresence { user_ids: vec![bo.user; 501] };
    assert_eq!(code(presence::watch(&world, ana, crowd).await), Code::Invalid);
}

#[tokio::test]
async fn coming_and_going_are_told_to_watchers() {
    let world = World::ports();
    let pod = PodId("pod".into());
    let mut inbox = world.delivery.listen(&pod).await.unwrap();
    let ana = caller(&world.person(&unique("ana")).await);
    presence::arrive(&world, ana, (&pod, Mine::default())).await.unwrap();
    presence::leave(&world, ana.user, &pod).await.unwrap();
    for online in [true, false] {
        let parcel = parcel(inbox.next().await);
        assert_eq!(parcel.to, Audience::Watchers(ana.user));
        assert!(matches!(parcel.event, ServerEvent::Presence(presence) if presence.online == online));
    }
}

#[tokio::test]
async fn the_number_of_partitions_changes_only_while_nothing_waits() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    send(&world, ana, words(&conversation, "waiting")).await.unwrap();
    let dir = world.close().await;
    let mut settings = world::settings(dir.path());
    settings.partitions = 8;
    let refused = sotto::wire::wire(&settings, sotto::secrets::Cost::Test).await.err().unwrap().to_string();
    assert!(refused.contains("SOTTO_PARTITIONS is 8, and was 64"), "{refused}");
    let world = World::reopened(dir);
    log(&world, ana, &conversation, 1).await;
    let world = world.restarted().await;
    while world.queue.depth(world.lane(conversation.id)).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    let dir = world.close().await;
    dir.path().clone_into(&mut settings.data_dir);
    assert!(sotto::wire::wire(&settings, sotto::secrets::Cost::Test).await.is_ok());
}

#[tokio::test]
async fn nobody_can_use_up_the_id_of_somebody_elses_retraction() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let said = send(&world, ana, words(&conversation, "mine")).await.unwrap().id;
    let guessed = Some(MessageId(Uuid::new_v5(&said.0, b"retract")));
    let squat = words(&conversation, "squat");
    let squat = SendMessage { message: NewMessage { id: guessed, ..squat.message }, ..squat };
    send(&world, bo, squat).await.unwrap();
    send(&world, ana, retract(&world, (conversation.id, said))).await.unwrap();
    assert!(log(&world, ana, &conversation, 3).await[0].envelope.is_none());
}

#[tokio::test]
async fn an_edit_lives_no_longer_than_what_it_edits() {
    let world = World::running();
    let (ana, _, conversation) = world.pair().await;
    let brief = words(&conversation, "for a minute");
    let brief = SendMessage { message: NewMessage { expires_in: Some(60), ..brief.message }, ..brief };
    let said = send(&world, ana, brief.clone()).await.unwrap().id;
    send(&world, ana, change(&conversation, EntryKind::Edit, said)).await.unwrap();
    let log = log(&world, ana, &conversation, 2).await;
    assert!(log[0].expires_at.is_some());
    assert_eq!(log[1].expires_at, log[0].expires_at);
    let longer = SendMessage { message: NewMessage { expires_in: Some(61), ..brief.message.clone() }, ..brief };
    assert_eq!(code(send(&world, ana, longer).await), Code::IdConflict, "another life is another message");
}

#[tokio::test]
async fn a_made_up_refresh_token_ends_nothing() {
    let world = World::ports();
    let ana = world.person(&unique("ana")).await;
    let mut text = ana.refresh_token.0.clone();
    text.replace_range(30..40, "AAAAAAAAAA");
    let made_up = Refresh { refresh_token: Secret(text) };
    assert_eq!(code(refresh(&world, Ipv4Addr::LOCALHOST.into(), made_up).await), Code::Unauthorized);
    let real = Refresh { refresh_token: ana.refresh_token };
    assert!(refresh(&world, Ipv4Addr::LOCALHOST.into(), real).await.is_ok());
}

#[tokio::test]
async fn members_of_a_group_are_told_as_members() {
    let world = World::running();
    let (ana, bo) = (world.person(&unique("ana")).await, world.person(&unique("bo")).await);
    let input = |kind, title: Option<&str>, users| NewConversation::of_many(kind, title.map(str::to_owned), users);
    let group = shared_types::ConversationKind::Group;
    let (me, other) = (caller(&ana), bo.user.id);
    for (wrong, field) in [
        (input(group, None, vec![other]), "title"),
        (input(group, Some("  "), vec![other]), "title"),
        (input(group, Some("Climbers"), vec![[9; 16].into()]), "user_ids"),
        (input(shared_types::ConversationKind::Direct, Some("Climbers"), vec![]), "title"),
        (NewConversation { user_id: Some(other), ..input(group, Some("Climbers"), vec![]) }, "user_id"),
    ] {
        assert_eq!(refused(start_conversation(&world, me, wrong).await).1.as_deref(), Some(field));
    }
    let climbers = input(group, Some("Climbers"), vec![other, me.user, other]);
    let sotto_core::usecases::conversation::Started::New(view) =
        start_conversation(&world, me, climbers).await.unwrap()
    else {
        panic!("groups are always new")
    };
    assert_eq!((view.title.as_deref(), view.members.len()), (Some("Climbers"), 2));
    let mine = presence::conversations(&world, caller(&bo)).await.unwrap();
    assert_eq!(mine, Mine { all: vec![view.id], of_many: vec![view.id] });
    let mut inbox = world.delivery.listen(&PodId("pod".into())).await.unwrap();
    send(&world, me, words(&view, "rope?")).await.unwrap();
    let told = parcel(inbox.next().await);
    assert_eq!((told.to, told.event.name()), (Audience::Members(view.id), "message"));
}

#[tokio::test]
async fn a_message_under_anothers_id_that_slipped_through_is_buried() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    let first = words(&conversation, "first");
    send(&world, ana, first.clone()).await.unwrap();
    let lane = world.lane(conversation.id);
    let mut stray: serde_json::Value = {
        let taken = world.queue.take(lane, 1).await.unwrap();
        world.queue.put_off(lane, taken[0].tag, Duration::ZERO).await.unwrap();
        serde_json::from_slice(&taken[0].payload).unwrap()
    };
    stray["envelope"]["content"]["text"] = "second".into();
    world.queue.publish(lane, stray.to_string().into_bytes()).await.unwrap();
    sotto::worker::start(&world.app, &world.workers, &world.stop);
    let entries = log(&world, ana, &conversation, 1).await;
    assert_eq!(entries.len(), 1);
    while world.queue.dead_count().await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let dead = world.queue.dead(1).await.unwrap();
    assert!(dead[0].reason.contains("another message has its id"), "{}", dead[0].reason);
}

#[tokio::test]
async fn what_was_published_twice_is_written_once_whoever_knows_of_it() {
    let world = World::ports();
    let (ana, _, conversation) = world.pair().await;
    for number in 0..2 {
        send(&world, ana, words(&conversation, &format!("word {number}"))).await.unwrap();
    }
    let taken = world.queue.take(world.lane(conversation.id), 2).await.unwrap();
    let draft = |number: usize| serde_json::from_slice(&taken[number].payload).unwrap();
    let fresh = |number| Drafts { drafts: vec![draft(number)], again: false };
    let (mut one, mut other) = (Writer::default(), Writer::default());
    assert_eq!(append(&world, &mut one, fresh(0)).await.unwrap().written, 1);
    for (writer, what) in [(&mut one, "the same writer"), (&mut other, "one that does not know the conversation")] {
        let outcome = append(&world, writer, fresh(0)).await.unwrap();
        assert_eq!((outcome.written, outcome.known), (0, 1), "{what}");
    }
    // The first one counts on; the other, whose turn it believes to be, is fenced, looks, and finds it.
    assert_eq!(append(&world, &mut one, fresh(1)).await.unwrap().written, 1);
    let outcome = append(&world, &mut other, fresh(1)).await.unwrap();
    assert_eq!((outcome.written, outcome.known), (0, 1));
    assert_eq!(log(&world, ana, &conversation, 2).await.len(), 2);
}
