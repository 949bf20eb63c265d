//! What may be said, changed and taken back, and by whom.

use super::{
    change, code, log, refused,
    world::{World, caller, unique, words},
};
use shared_types::{Code, EntryKind, MessageId, Seq, entry::NewMessage, receipt::NewReceipt, socket::SendMessage};
use sotto_core::{
    domain::entry::Plaintext,
    usecases::{
        account::{block, unblock},
        conversation::find_conversation,
        entry::{Drafts, History, Writer, append, history, retract, send, status},
        receipt::raise_receipt,
    },
};
use uuid::Uuid;

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
