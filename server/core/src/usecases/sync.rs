//! Catch up after any absence.

use shared_types::{
    Seq,
    keys::Address,
    sync::{SyncRequest, SyncResponse, SyncedConversation},
};

use crate::{
    App, Caller, Error, Refusal,
    domain::{entry::as_seen, limits::Limited},
    usecases::view,
};

/// The most heads a client may send.
const MOST_HEADS: usize = 10_000;
/// The most entries of one conversation in an answer.
const PAGE: usize = 100;
/// The most entries in an answer, so that its size is bounded.
const MOST_ENTRIES: usize = 2_000;

/// Everything the client misses, page by page: it asks again with its new heads while a known one has more.
pub async fn sync(app: &App, me: Caller, input: SyncRequest) -> Result<SyncResponse, Error> {
    if input.heads.len() > MOST_HEADS {
        return Err(Refusal::field("heads", format!("at most {MOST_HEADS}")).into());
    }
    app.spend(Limited::Request, me.user).await?;
    let mine = app.conversations.of(me.user).await?;
    let left = input.heads.keys().copied().filter(|id| !mine.iter().any(|member| member.conversation == *id)).collect();
    let hidden: Vec<_> = mine.iter().filter(|member| member.hidden_seq.is_some()).cloned().collect();
    let now = app.clock.now();
    let mut room = MOST_ENTRIES;
    let mut conversations = Vec::new();
    for view in view::conversations(app, mine).await? {
        // Whoever came in later begins there.
        let known = input.heads.get(&view.id).map(|head| (*head).max(view.my.from_seq));
        let member = hidden.iter().find(|member| member.conversation == view.id);
        if known.is_none() && member.is_some_and(|member| !member.is_listed(view.head_seq)) {
            continue;
        }
        let page = PAGE.min(room);
        let messages = match known {
            Some(head) if head >= view.head_seq => Vec::new(),
            _ if page == 0 => Vec::new(),
            Some(head) => app.log.after(view.id, head, page).await?,
            None => app.log.before(view.id, Seq(u64::MAX), page).await?,
        };
        let messages: Vec<_> = messages.into_iter().filter(|entry| entry.seq > view.my.from_seq).collect();
        room -= messages.len();
        let has_more = match (known, messages.first(), messages.last()) {
            (Some(head), _, last) => last.map_or(head, |last| last.seq) < view.head_seq,
            (None, Some(first), _) => first.seq > view.my.from_seq.next(),
            (None, None, _) => view.head_seq > view.my.from_seq,
        };
        conversations.push(SyncedConversation {
            receipts: view::watermarks(&view),
            conversation: view,
            messages: messages.into_iter().map(|entry| as_seen(entry, now)).collect(),
            has_more,
        });
    }
    let device = Address { user_id: me.user, device_id: me.device };
    let mailbox = app.mailboxes.list(device, PAGE).await?;
    Ok(SyncResponse { conversations, left, mailbox })
}
