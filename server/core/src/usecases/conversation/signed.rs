//! Statements about a group's members, as they come in.

use std::collections::BTreeMap;

use crypto_core::membership::Members;
use shared_types::{
    Code, ConversationId, Role, UserId,
    keys::{Address, SignedMembers, Statements},
};

use super::members::Change;
use crate::{
    App, Caller, Error, Refusal,
    domain::{conversation::Conversation, limits::Limited},
};

/// The most statements in an answer.
const PAGE: usize = 100;

/// The statements of a group after an epoch.
pub async fn list_statements(app: &App, me: Caller, (id, after): (ConversationId, u64)) -> Result<Statements, Error> {
    app.spend(Limited::Request, me.user).await?;
    app.member(id, me.user).await?;
    let mut statements = app.conversations.statements(id, after, PAGE + 1).await?;
    let has_more = statements.len() > PAGE;
    statements.truncate(PAGE);
    Ok(Statements { statements, has_more })
}

/// The members have changed since the caller looked.
pub(super) fn stale() -> Refusal {
    let stale = Refusal::new(Code::StaleEpoch, "the members have changed: follow the statements first");
    Refusal { field: Some("statement.epoch".into()), ..stale }
}

/// Checks the first statement of a new group.
pub(super) async fn check_first(
    app: &App,
    me: Caller,
    statement: &SignedMembers,
) -> Result<BTreeMap<UserId, Role>, Error> {
    let members = follow(app, me, (None, statement)).await?;
    if members.roles.get(&me.user) != Some(&Role::Owner) {
        return Err(Refusal::field("statement.members", "whoever makes a group owns it").into());
    }
    Ok(members.roles)
}

/// Checks the next statement of a group; says who is in after it.
pub(super) async fn check(
    app: &App,
    me: Caller,
    (found, statement, now): (&Conversation, &SignedMembers, &BTreeMap<UserId, Role>),
) -> Result<BTreeMap<UserId, Role>, Error> {
    if statement.conversation_id != found.id {
        return Err(Refusal::field("statement.conversation_id", "this conversation").into());
    }
    if statement.epoch != found.epoch + 1 {
        return Err(stale().into());
    }
    if found.epoch == 0 {
        // A group that nobody signed yet: its owner may begin.
        if now.get(&me.user) != Some(&Role::Owner) {
            return Err(Refusal::new(Code::Forbidden, "its owner signs the first statement").into());
        }
        return check_first(app, me, statement).await;
    }
    let last = app.conversations.statements(found.id, found.epoch - 1, 1).await?.pop().ok_or_else(stale)?;
    Ok(follow(app, me, (Some(&Members::from(&last)), statement)).await?.roles)
}

/// What a statement changed that stands already: its sender did not hear so.
pub(super) async fn known(
    app: &App,
    me: Caller,
    (found, statement): (&Conversation, &SignedMembers),
) -> Result<Option<Change>, Error> {
    if statement.epoch == 0 || statement.epoch > found.epoch {
        return Ok(None);
    }
    // Only the last one, by whoever made it: what was before is no news to anybody.
    if statement.epoch < found.epoch || statement.signer.user_id != me.user {
        return Err(stale().into());
    }
    let stands = app.conversations.statements(found.id, statement.epoch - 1, 1).await?.pop();
    if stands.as_ref() != Some(statement) {
        return Err(stale().into());
    }
    let before = match statement.epoch {
        1 => None,
        epoch => app.conversations.statements(found.id, epoch - 2, 1).await?.pop(),
    };
    let roles = |of: &SignedMembers| Members::from(of).roles;
    Ok(Some(Change::between(&before.as_ref().map(roles).unwrap_or_default(), roles(statement))))
}

async fn follow(
    app: &App,
    me: Caller,
    (before, statement): (Option<&Members>, &SignedMembers),
) -> Result<Members, Error> {
    if statement.signer != (Address { user_id: me.user, device_id: me.device }) {
        return Err(Refusal::field("statement.signer", "the caller's device").into());
    }
    let list = app.keys.lists(&[me.user]).await?.pop();
    let list = list.ok_or_else(|| Refusal::field("statement.signer", "somebody with a list of devices"))?;
    Ok(Members::follow(before, statement, &list.account_key).map_err(|error| refused(&error))?)
}

fn refused(error: &crypto_core::Error) -> Refusal {
    use crypto_core::Error as Crypto;
    match error {
        Crypto::BadSignature(_) => Refusal::field("statement.signature", "by the caller's account key"),
        Crypto::UnsignedMembership => Refusal {
            field: Some("statement".into()),
            ..Refusal::new(Code::Forbidden, "it does not follow from the one before, or you may not make that change")
        },
        _ => Refusal::field("statement.members", "1 to 1,024, by ascending user id"),
    }
}
