//! Conversations of two and of many, and who sees whom there.

use super::{
    code, log, parcel, refused,
    world::{World, caller, unique, words},
};
use shared_types::{
    Code, ConversationKind, ServerEvent, Timestamp,
    conversation::{NewConversation, UpdateConversation},
    socket::WatchPresence,
};
use sotto_core::{
    ports::{Audience, PodId},
    usecases::{
        account::block,
        conversation::{Started, hide_conversation, list_conversations, start_conversation, update_conversation},
        entry::send,
        presence::{self, Mine},
    },
};

#[tokio::test]
async fn a_direct_conversation_is_one_for_both_and_can_be_hidden() {
    let world = World::running();
    let (ana, bo, conversation) = world.pair().await;
    let input = NewConversation::direct;
    let again = start_conversation(&world, bo, input(ana.user)).await.unwrap();
    assert!(matches!(again, Started::Existing(view) if view.id == conversation.id));
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

    let until = Some(Timestamp(9_000_000_000_000));
    let muted = update_conversation(&world, ana, (conversation.id, UpdateConversation { muted_until: Some(until) }))
        .await
        .unwrap();
    assert_eq!(muted.my.muted_until, until);
    let loud = UpdateConversation { muted_until: Some(None) };
    assert_eq!(update_conversation(&world, ana, (conversation.id, loud)).await.unwrap().my.muted_until, None);
}

#[tokio::test]
async fn members_of_a_group_are_told_as_members() {
    let world = World::running();
    let (ana, bo) = (world.person(&unique("ana")).await, world.person(&unique("bo")).await);
    let input = |kind, title: Option<&str>, users| NewConversation::of_many(kind, title.map(str::to_owned), users);
    let group = ConversationKind::Group;
    let (me, other) = (caller(&ana), bo.user.id);
    for (wrong, field) in [
        (input(group, None, vec![other]), "title"),
        (input(group, Some("  "), vec![other]), "title"),
        (input(group, Some("Climbers"), vec![[9; 16].into()]), "user_ids"),
        (input(ConversationKind::Direct, Some("Climbers"), vec![]), "title"),
        (NewConversation { user_id: Some(other), ..input(group, Some("Climbers"), vec![]) }, "user_id"),
    ] {
        assert_eq!(refused(start_conversation(&world, me, wrong).await).1.as_deref(), Some(field));
    }
    let climbers = input(group, Some("Climbers"), vec![other, me.user, other]);
    let Started::New(view) = start_conversation(&world, me, climbers).await.unwrap() else {
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
