//! The contract of [`crate::ports::Conversations`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{
    ConversationId, ConversationKind, Role, Seq, Timestamp, UserId,
    keys::{Address, MemberRole, SignedMembers},
};

use crate::{
    App,
    domain::conversation::{Conversation, Membership},
    ports::MemberChange,
};

/// The next statement of a group; its signature is nobody's business here.
fn statement(of: ConversationId, epoch: u64) -> SignedMembers {
    SignedMembers {
        conversation_id: of,
        epoch,
        previous: format!("of {epoch}"),
        members: vec![MemberRole { user_id: [epoch.to_be_bytes()[7]; 16].into(), role: Role::Owner }],
        signer: Address { user_id: [1; 16].into(), device_id: [2; 16].into() },
        signature: "s".into(),
    }
}

async fn group(app: &App, owner: UserId, others: &[UserId]) -> ConversationId {
    let id = super::conversation();
    let conversation = Conversation {
        id,
        kind: ConversationKind::Group,
        title: Some("Climbers".into()),
        created_at: Timestamp(1),
        epoch: 1,
    };
    let mut members = vec![Membership::new(id, owner, Role::Owner)];
    members.extend(others.iter().map(|user| Membership::new(id, *user, Role::Member)));
    assert!(app.conversations.create(&conversation, &members, Some(&statement(id, 1))).await.unwrap());
    id
}

/// Who comes is found from both sides, who goes from neither, and who stays keeps their settings.
pub async fn members_come_go_and_change(app: &App) {
    let (ana, bo, cy) = (super::user(), super::user(), super::user());
    let id = group(app, ana, &[bo]).await;
    let muted = Membership { muted_until: Some(Timestamp(9)), ..Membership::new(id, ana, Role::Owner) };
    app.conversations.update_member(&muted).await.unwrap();
    let new = Membership { from_seq: Seq(4), ..Membership::new(id, cy, Role::Member) };
    let put = vec![new.clone(), Membership::new(id, ana, Role::Admin)];
    let change = MemberChange { conversation: id, put, gone: vec![bo], statement: None };
    assert!(app.conversations.change_members(&change).await.unwrap());
    let mut members = vec![Membership { role: Role::Admin, ..muted }, new.clone()];
    members.sort_by_key(|member| member.user);
    assert_eq!(app.conversations.members(id).await.unwrap(), members);
    assert_eq!(app.conversations.member(id, bo).await.unwrap(), None);
    assert_eq!(app.conversations.of(bo).await.unwrap(), []);
    assert_eq!(app.conversations.of(cy).await.unwrap(), [new]);
    assert_eq!(app.conversations.find(&[id]).await.unwrap()[0].epoch, 1, "nobody signed that");
}

/// One statement after the other, whoever races; what is refused changes nobody.
pub async fn statements_follow_one_another(app: &App) {
    let (ana, bo, cy) = (super::user(), super::user(), super::user());
    let id = group(app, ana, &[]).await;
    let change = |user, epoch| MemberChange {
        conversation: id,
        put: vec![Membership::new(id, user, Role::Member)],
        gone: Vec::new(),
        statement: Some(statement(id, epoch)),
    };
    for epoch in [1, 3] {
        assert!(!app.conversations.change_members(&change(bo, epoch)).await.unwrap());
    }
    assert_eq!(app.conversations.members(id).await.unwrap().len(), 1);
    let (bos, cys) = (change(bo, 2), change(cy, 2));
    let both = super::join(app.conversations.change_members(&bos), app.conversations.change_members(&cys)).await;
    let (one, other) = (both.0.unwrap(), both.1.unwrap());
    assert!(one != other, "one of them wins");
    let in_it = app.conversations.members(id).await.unwrap();
    assert_eq!(in_it.iter().any(|member| member.user == bo), one);
    assert_eq!(in_it.iter().any(|member| member.user == cy), other);
    assert!(app.conversations.change_members(&change(super::user(), 3)).await.unwrap());
    assert_eq!(app.conversations.find(&[id]).await.unwrap()[0].epoch, 3);
    let all = [1, 2, 3].map(|epoch| statement(id, epoch));
    assert_eq!(app.conversations.statements(id, 0, 9).await.unwrap(), all);
    assert_eq!(app.conversations.statements(id, 1, 1).await.unwrap(), all[1..2]);
    assert_eq!(app.conversations.statements(id, 3, 9).await.unwrap(), []);
}

fn direct(one: UserId, other: UserId) -> (Conversation, [Membership; 2]) {
    let id = ConversationId::direct(one, other);
    let conversation =
        Conversation { id, kind: ConversationKind::Direct, title: None, created_at: Timestamp(1), epoch: 0 };
    (conversation, [one, other].map(|user| Membership::new(id, user, Role::Member)))
}

/// The second time changes nothing and says so.
pub async fn creating_twice_is_creating_once(app: &App) {
    let (conversation, members) = direct(super::user(), super::user());
    assert!(app.conversations.create(&conversation, &members, None).await.unwrap());
    let later = Conversation { created_at: Timestamp(2), ..conversation.clone() };
    assert!(!app.conversations.create(&later, &members[..1], None).await.unwrap());
    assert_eq!(app.conversations.find(&[conversation.id]).await.unwrap(), std::slice::from_ref(&conversation));
    assert_eq!(app.conversations.members(conversation.id).await.unwrap().len(), 2);
}

/// A conversation knows its members, and they know it.
pub async fn members_are_found_from_both_sides(app: &App) {
    let (ana, bo, cy) = (super::user(), super::user(), super::user());
    for (conversation, members) in [direct(ana, bo), direct(ana, cy)] {
        app.conversations.create(&conversation, &members, None).await.unwrap();
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
    app.conversations.create(&conversation, &direct(ana, bo).1, None).await.unwrap();
    let muted = Membership { muted_until: Some(Timestamp(9)), hidden_seq: Some(Seq(3)), ..mine };
    app.conversations.update_member(&muted).await.unwrap();
    assert_eq!(app.conversations.member(conversation.id, ana).await.unwrap(), Some(muted.clone()));
    assert_eq!(app.conversations.of(ana).await.unwrap(), std::slice::from_ref(&muted));
    let promoted = Membership { role: Role::Owner, from_seq: Seq(7), ..muted.clone() };
    app.conversations.update_member(&promoted).await.unwrap();
    let kept = app.conversations.member(conversation.id, ana).await.unwrap();
    assert_eq!(kept, Some(muted.clone()), "what one may is no setting");
    let stranger = Membership::new(conversation.id, super::user(), Role::Owner);
    app.conversations.update_member(&stranger).await.unwrap();
    assert_eq!(app.conversations.member(conversation.id, stranger.user).await.unwrap(), None);
}
