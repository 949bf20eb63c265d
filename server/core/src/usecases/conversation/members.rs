//! Change who is in a conversation of many, and what they may.
//!
//! Where the members of a group are signed, the statement is what counts: it must be the next one, signed by the caller, and
//! say no more than what is asked. Its rules are those that every client holds it against (`crypto_core::membership`).

use std::collections::BTreeMap;

use shared_types::{
    Code, Conversation as View, ConversationId, ConversationKind, Role, ServerEvent, UserId,
    conversation::My,
    entry::System,
    keys::SignedMembers,
    socket::{ConversationChange, ConversationEvent},
};

use super::{MOST_IN_GROUP, signed, system};
use crate::{
    App, Caller, Error, Refusal,
    domain::{
        conversation::{Conversation, Membership},
        limits::Limited,
    },
    ports::{Audience, MemberChange},
    usecases::view,
};

/// More members than this hear of a change by its entry in the log alone, and fetch the conversation.
const TOLD_BY_NAME: usize = 128;

/// What shall change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// These come in.
    Add(Vec<UserId>),
    /// Somebody goes; whoever asks may go always.
    Remove(UserId),
    /// Somebody may something else from now on.
    Role(UserId, Role),
}

/// Who may what.
type Roles = BTreeMap<UserId, Role>;

/// Changes the members. Asking again with the same statement changes nothing and tells once more.
pub async fn change_members(
    app: &App,
    me: Caller,
    (id, ask, statement): (ConversationId, Ask, Option<SignedMembers>),
) -> Result<Option<View>, Error> {
    app.spend(Limited::Request, me.user).await?;
    let mine = app.member(id, me.user).await?;
    let found = app.conversations.find(&[id]).await?.pop().ok_or_else(|| Refusal::not_found("conversation"))?;
    if found.kind == ConversationKind::Direct {
        return Err(Refusal::new(Code::Forbidden, "a conversation of two stays one").into());
    }
    let members = app.conversations.members(id).await?;
    let before: Roles = members.iter().map(|member| (member.user, member.role)).collect();
    let is_last = before.len() == 1 && ask == Ask::Remove(me.user);
    let after = match &statement {
        Some(statement) => {
            if let Some(known) = signed::known(app, me, (&found, statement)).await? {
                return tell(app, me, (&Conversation { epoch: statement.epoch, ..found }, &known)).await;
            }
            signed::check(app, me, (&found, statement, &before)).await?
        }
        None if found.epoch > 0 && !is_last => {
            return Err(Refusal::field("statement", "required: the members of this group are signed").into());
        }
        None => unsigned(&before, (me.user, mine.role), &ask)?,
    };
    let change = Change::between(&before, after);
    change.fits(&ask)?;
    check_new(app, me, (found.kind, members.len(), &change)).await?;
    let made = MemberChange {
        conversation: id,
        put: change.put(app, &members, id).await?,
        gone: change.gone.clone(),
        statement: statement.clone(),
    };
    if !app.conversations.change_members(&made).await? {
        return Err(signed::stale().into());
    }
    let epoch = statement.map_or(found.epoch, |statement| statement.epoch);
    tell(app, me, (&Conversation { epoch, ..found }, &change)).await
}

/// What the members would be after a change that nobody signs.
fn unsigned(before: &Roles, (me, mine): (UserId, Role), ask: &Ask) -> Result<Roles, Refusal> {
    let mut after = before.clone();
    let may = match ask {
        Ask::Add(_) => mine >= Role::Admin,
        Ask::Remove(user) => {
            let theirs = before.get(user).ok_or_else(|| Refusal::not_found("member"))?;
            *user == me || mine == Role::Owner || (mine == Role::Admin && *theirs == Role::Member)
        }
        Ask::Role(user, _) => {
            before.get(user).ok_or_else(|| Refusal::not_found("member"))?;
            mine == Role::Owner
        }
    };
    if !may {
        return Err(Refusal::new(Code::Forbidden, "only admins change who is in, and only owners what they may"));
    }
    match ask {
        Ask::Add(users) => {
            after.extend(users.iter().filter(|user| !before.contains_key(user)).map(|it| (*it, Role::Member)));
        }
        Ask::Remove(user) => drop(after.remove(user)),
        Ask::Role(user, role) => drop(after.insert(*user, *role)),
    }
    Ok(after)
}

/// Who comes, who goes, and who may something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) joined: Vec<(UserId, Role)>,
    pub(super) gone: Vec<UserId>,
    pub(super) roles: Vec<(UserId, Role)>,
}

impl Change {
    pub(super) fn between(before: &Roles, after: Roles) -> Self {
        let gone = before.keys().filter(|user| !after.contains_key(user)).copied().collect();
        let (joined, stayed): (Vec<_>, Vec<_>) = after.into_iter().partition(|(user, _)| !before.contains_key(user));
        let roles = stayed.into_iter().filter(|(user, role)| before.get(user) != Some(role)).collect();
        Self { joined, gone, roles }
    }

    /// Whether it is what was asked. Somebody who goes may hand over what they may.
    fn fits(&self, ask: &Ask) -> Result<(), Refusal> {
        let fits = match ask {
            Ask::Add(users) => {
                self.gone.is_empty()
                    && self.roles.is_empty()
                    && self.joined.iter().all(|(user, _)| users.contains(user))
            }
            Ask::Remove(user) => self.joined.is_empty() && self.gone == [*user],
            Ask::Role(user, role) => {
                self.joined.is_empty() && self.gone.is_empty() && self.roles.iter().all(|one| *one == (*user, *role))
            }
        };
        if fits { Ok(()) } else { Err(Refusal::field("statement.members", "just the change that is asked for")) }
    }

    /// The memberships to write.
    async fn put(&self, app: &App, members: &[Membership], id: ConversationId) -> Result<Vec<Membership>, Error> {
        let head = app.log.heads(&[id]).await?.pop().unwrap_or_default();
        let new =
            self.joined.iter().map(|(user, role)| Membership { from_seq: head, ..Membership::new(id, *user, *role) });
        let known = self.roles.iter().filter_map(|(user, role)| {
            let member = members.iter().find(|member| member.user == *user)?;
            Some(Membership { role: *role, ..member.clone() })
        });
        Ok(new.chain(known).collect())
    }

    /// What the log says of it, in order.
    fn entries(&self, me: UserId) -> Vec<System> {
        let joined = self.joined.iter().map(|(user_id, _)| System::MemberJoined { user_id: *user_id });
        let gone = self.gone.iter().map(|user_id| {
            if *user_id == me {
                System::MemberLeft { user_id: *user_id }
            } else {
                System::MemberRemoved { user_id: *user_id }
            }
        });
        let roles = self.roles.iter().map(|(user_id, role)| System::RoleChanged { user_id: *user_id, role: *role });
        joined.chain(gone).chain(roles).collect()
    }
}

/// Whether those who come in are there, want to, and find room.
async fn check_new(
    app: &App,
    me: Caller,
    (kind, now, change): (ConversationKind, usize, &Change),
) -> Result<(), Error> {
    let new: Vec<UserId> = change.joined.iter().map(|(user, _)| *user).collect();
    super::people(app, me, (kind, &new)).await?;
    if kind == ConversationKind::Group && !new.is_empty() && now + new.len() > MOST_IN_GROUP {
        return Err(Refusal::field("user_ids", format!("a group has at most {MOST_IN_GROUP} members")).into());
    }
    Ok(())
}

/// Says it in the log, and to the people. The view is the caller's; none where they left.
async fn tell(app: &App, me: Caller, (found, change): (&Conversation, &Change)) -> Result<Option<View>, Error> {
    for (number, what) in change.entries(me.user).into_iter().enumerate() {
        system::publish(app, me, (found, number, what)).await?;
    }
    let members = app.conversations.members(found.id).await?;
    let Some(some) = members.iter().find(|member| member.user == me.user).or_else(|| members.first()) else {
        return Ok(None);
    };
    let Some(view) = view::conversations(app, vec![some.clone()]).await?.pop() else { return Ok(None) };
    for user in change.gone.iter().filter(|user| !members.iter().any(|member| member.user == **user)) {
        send(app, *user, (ConversationChange::Removed, view.clone())).await;
    }
    let is_new = |user: UserId| change.joined.iter().any(|(joined, _)| *joined == user);
    let word = match (change.joined.is_empty(), change.gone.is_empty()) {
        (false, _) => ConversationChange::MemberJoined,
        (true, false) => ConversationChange::MemberLeft,
        (true, true) => ConversationChange::Updated,
    };
    for member in members.iter().filter(|member| is_new(member.user) || members.len() <= TOLD_BY_NAME) {
        let word = if is_new(member.user) { ConversationChange::Created } else { word };
        send(app, member.user, (word, as_seen_by(&view, member))).await;
    }
    Ok((some.user == me.user).then_some(view))
}

/// The same for another member.
fn as_seen_by(view: &View, member: &Membership) -> View {
    let seen = view.members.iter().find(|seen| seen.user.id == member.user);
    let (delivered_seq, read_seq) =
        seen.map_or((member.from_seq, member.from_seq), |seen| (seen.delivered_seq, seen.read_seq));
    let (role, muted_until, from_seq) = (member.role, member.muted_until, member.from_seq);
    let my = My { role, delivered_seq, read_seq, muted_until, from_seq };
    let last_message = view.last_message.clone().filter(|entry| entry.seq > from_seq);
    View { my, last_message, ..view.clone() }
}

async fn send(app: &App, user: UserId, (change, conversation): (ConversationChange, View)) {
    let event = ServerEvent::Conversation(ConversationEvent { change, conversation });
    app.delivery.tell(Audience::Users(vec![user]), event).await;
}
