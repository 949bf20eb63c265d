//! The contract of [`crate::ports::Conversations`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{ConversationId, ConversationKind, Role, Seq, Timestamp, UserId};

use crate::{
    App,
    domain::conversation::{Conversation, Membership},
};

fn direct(one: UserId, other: UserId) -> (Conversation, [Membership; 2]) {
    let id = ConversationId::direct(one, other);
    let conversation = Conversation { id, kind: ConversationKind::Direct, title: None, created_at: Timestamp(1) };
    (conversation, [one, other].map(|user| Membership::new(id, user, Role::Member)))
}

/// The second time changes nothing and says so.
pub async fn creating_twice_is_creating_once(app: &App) {
    let (conversation, members) = direct(super::user(), super::user());
    assert!(app.conversations.create(&conversation, &members).await.unwrap());
    let later = Conversation { created_at: Timestamp(2), ..conversation.clone() };
    assert!(!app.conversations.create(&later, &members[..1]).await.unwrap());
    assert_eq!(app.conversations.find(&[conversation.id]).await.unwrap(), std::slice::from_ref(&conversation));
    assert_eq!(app.conversations.members(conversation.id).await.unwrap().len(), 2);
}

/// A conversation knows its members, and they know it.
pub async fn members_are_found_from_both_sides(app: &App) {
    let (ana, bo, cy) = (super::user(), super::user(), super::user());
    for (conversation, members) in [direct(ana, bo), direct(ana, cy)] {
        app.conversations.create(&conversation, &members).await.unwrap();
    }
    let with_bo = ConversationId::direct(ana, bo);
    let mut both = [ana, bo];
    both.sort_unstable();
    let members = app.conversations.members(with_bo).await.unwrap();
    assert_eq!(members.iter().map(|member| member.user).collect::<Vec<_>>(), both);
    assert_eq!(app.conversations.of(ana).await.unwrap().len(), 2);
    assert_eq!(app.conversations.of(bo).await.unwrap(), [Membership::new(with_bo, bo, Role::Member)]);
    assert_eq!(app.conversations.member(with_bo, cy).await.unwrap(), None);
}

/// Settings are kept from both sides, and a stranger's make no member.
pub async fn a_setting_is_read_back(app: &App) {
    let (ana, bo) = (super::user(), super::user());
    let (conversation, [mine, _]) = direct(ana, bo);
    app.conversations.create(&conversation, &direct(ana, bo).1).await.unwrap();
    let muted = Membership { muted_until: Some(Timestamp(9)), hidden_seq: Some(Seq(3)), ..mine };
    app.conversations.update_member(&muted).await.unwrap();
    assert_eq!(app.conversations.member(conversation.id, ana).await.unwrap(), Some(muted.clone()));
    assert_eq!(app.conversations.of(ana).await.unwrap(), [muted]);
    let stranger = Membership::new(conversation.id, super::user(), Role::Owner);
    app.conversations.update_member(&stranger).await.unwrap();
    assert_eq!(app.conversations.member(conversation.id, stranger.user).await.unwrap(), None);
}
