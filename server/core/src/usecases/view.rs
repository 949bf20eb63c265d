//! From the domain to the contract: how a member sees conversations.

use std::collections::HashMap;

use shared_types::{
    Conversation as View, ConversationId, ConversationKind, Member, Seq, UserId, conversation::My, receipt::Watermarks,
};

use crate::{
    App, Error,
    domain::{
        account::Account,
        conversation::{Conversation, Membership},
        entry::as_seen,
        receipt::Watermark,
    },
};

/// Conversations as the owner of these memberships sees them, in the same order.
pub(super) async fn conversations(app: &App, mine: Vec<Membership>) -> Result<Vec<View>, Error> {
    let ids: Vec<ConversationId> = mine.iter().map(|member| member.conversation).collect();
    let heads = app.log.heads(&ids).await?;
    let marks: HashMap<_, _> =
        app.receipts.of(&ids).await?.into_iter().map(|(id, user, mark)| ((id, user), mark)).collect();
    let known: HashMap<_, _> = app.conversations.find(&ids).await?.into_iter().map(|found| (found.id, found)).collect();
    let mut everybody = Vec::with_capacity(ids.len());
    for mine in &mine {
        // A community may have more members than a list can show: one sees oneself.
        everybody.push(match known.get(&mine.conversation).map(|known| known.kind) {
            Some(ConversationKind::Community) => vec![mine.clone()],
            Some(ConversationKind::Direct | ConversationKind::Group) => {
                app.conversations.members(mine.conversation).await?
            }
            None => Vec::new(),
        });
    }
    let people = people(app, &everybody).await?;

    let mut views = Vec::with_capacity(ids.len());
    for ((mine, head), members) in mine.into_iter().zip(heads).zip(everybody) {
        let Some(conversation) = known.get(&mine.conversation) else { continue };
        let last = app.log.before(mine.conversation, head.next(), 1).await?.pop();
        let members = members.iter().filter_map(|member| {
            let mark = marks.get(&(member.conversation, member.user)).copied().unwrap_or_default();
            Some(seen_member(people.get(&member.user)?, member, mark))
        });
        let mark = marks.get(&(mine.conversation, mine.user)).copied().unwrap_or_default();
        views.push(View {
            members: members.collect(),
            head_seq: head,
            last_message: last.filter(|entry| entry.seq > mine.from_seq).map(|entry| as_seen(entry, app.clock.now())),
            my: my(&mine, mark),
            ..bare(conversation, &mine)
        });
    }
    Ok(views)
}

/// Every member's watermarks.
pub(super) fn watermarks(view: &View) -> Vec<Watermarks> {
    let marks = view.members.iter().map(|member| Watermarks {
        user_id: member.user.id,
        delivered_seq: member.delivered_seq,
        read_seq: member.read_seq,
    });
    marks.collect()
}

async fn people(app: &App, everybody: &[Vec<Membership>]) -> Result<HashMap<UserId, Account>, Error> {
    let mut ids: Vec<UserId> = everybody.iter().flatten().map(|member| member.user).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(app.accounts.find(&ids).await?.into_iter().map(|account| (account.id, account)).collect())
}

fn seen_member(account: &Account, member: &Membership, mark: Watermark) -> Member {
    let (delivered_seq, read_seq) = (mark.delivered.max(member.from_seq), mark.read.max(member.from_seq));
    Member { user: account.user(), role: member.role, delivered_seq, read_seq }
}

fn my(mine: &Membership, mark: Watermark) -> My {
    My {
        role: mine.role,
        delivered_seq: mark.delivered.max(mine.from_seq),
        read_seq: mark.read.max(mine.from_seq),
        muted_until: mine.muted_until,
        from_seq: mine.from_seq,
    }
}

fn bare(conversation: &Conversation, mine: &Membership) -> View {
    View {
        id: conversation.id,
        kind: conversation.kind,
        title: conversation.title.clone(),
        members: Vec::new(),
        epoch: conversation.epoch,
        head_seq: Seq(0),
        last_message: None,
        my: my(mine, Watermark::default()),
        created_at: conversation.created_at,
    }
}
