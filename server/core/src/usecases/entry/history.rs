//! Read a page of a conversation's log.

use shared_types::{ConversationId, Seq, entry::MessagePage};

use crate::{
    App, Caller, Error, Refusal,
    domain::{entry::as_seen, limits::Limited},
};

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The last entries before this position.
    pub before_seq: Option<Seq>,
    /// The first entries after this position.
    pub after_seq: Option<Seq>,
    /// At most so many: 1 to 200; 50 where it is left out.
    pub limit: Option<u64>,
}

/// A page, by ascending position; with neither bound the newest one.
pub async fn history(app: &App, me: Caller, input: History) -> Result<MessagePage, Error> {
    let limit = match input.limit.unwrap_or(50) {
        limit @ 1..=200 => usize::try_from(limit).unwrap_or(200),
        _ => return Err(Refusal::field("limit", "1 to 200").into()),
    };
    let from = app.member(input.conversation, me.user).await?.from_seq;
    app.spend(Limited::Request, me.user).await?;
    // One more than asked says whether there is more.
    let (mut entries, surplus_first) = match (input.before_seq, input.after_seq) {
        (Some(_), Some(_)) => return Err(Refusal::field("before_seq", "give before_seq or after_seq, not both").into()),
        (None, Some(after)) => (app.log.after(input.conversation, after.max(from), limit + 1).await?, false),
        (before, None) => (app.log.before(input.conversation, before.unwrap_or(Seq(u64::MAX)), limit + 1).await?, true),
    };
    entries.retain(|entry| entry.seq > from);
    let has_more = entries.len() > limit;
    if has_more && surplus_first {
        entries.remove(0);
    }
    entries.truncate(limit);
    let now = app.clock.now();
    Ok(MessagePage { messages: entries.into_iter().map(|entry| as_seen(entry, now)).collect(), has_more })
}
