//! Give accepted entries their positions: from the queue to the log to the people.

use std::collections::{HashMap, HashSet};

use shared_types::{ConversationId, EntryKind, MessageId, Seq, ServerEvent, socket::LiveMessage};
use tracing::warn;

use crate::{
    App, Error,
    domain::entry::{Change, Draft, Entry, as_seen, is_same, may_change},
    ports::{Appended, Audience, Batch, Post},
    sabotage::Sabotage,
    usecases::audience,
};

/// How many conversations' heads a writer remembers.
const REMEMBERED: usize = 10_000;
/// How many ids a writer remembers, so that what was published twice in a row is known without a look into the log.
const RECENT: usize = 10_000;
/// How often a fenced batch is tried with fresh heads before the error goes up.
const TRIES: usize = 3;

/// The one writer of a partition. It reads a conversation's head once, then counts.
#[derive(Debug, Default)]
pub struct Writer {
    heads: HashMap<ConversationId, Seq>,
    recent: HashSet<(ConversationId, MessageId)>,
}

impl Writer {
    /// Whether the draft may stand in the log already, as far as this writer knows.
    fn may_have_seen(&self, draft: &Draft) -> bool {
        !self.heads.contains_key(&draft.conversation) || self.recent.contains(&(draft.conversation, draft.id))
    }
}

/// Drafts to be appended.
#[derive(Debug, Clone, Default)]
pub struct Drafts {
    /// In the order in which they were accepted.
    pub drafts: Vec<Draft>,
    /// Whether some may have been appended before, as far as the queue knows.
    pub again: bool,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Entries that got a position now.
    pub written: usize,
    /// Entries that had one before.
    pub known: usize,
    /// Which of the drafts came under an id that another message has: they can't be written.
    pub strays: Vec<usize>,
}

/// Appends drafts in their order and tells the members. Doing it again with the same drafts adds nothing, so the queue
/// may hand them out twice.
///
/// What the queue hands out for the first time is not looked for in the log, if this writer knows the conversation: it
/// can't stand there, but for what was published twice. Then it is fenced, and everything is looked for.
pub async fn append(app: &App, writer: &mut Writer, Drafts { drafts, again }: Drafts) -> Result<Outcome, Error> {
    let mut look = again || drafts.iter().any(|draft| writer.may_have_seen(draft));
    for _ in 0..TRIES {
        let plan = plan(app, writer, (&drafts, look)).await?;
        match app.log.append(plan.batch.clone()).await? {
            Appended::Fenced(conversation) => {
                warn!(conversation.id = %conversation, "a position in conversation {conversation} was taken: reading its head again");
                writer.heads.clear();
                look = true;
            }
            Appended::Written => {
                if writer.recent.len() > RECENT {
                    writer.recent.clear();
                }
                writer.recent.extend(drafts.iter().map(|draft| (draft.conversation, draft.id)));
                writer.heads.extend(plan.heads.clone());
                if writer.heads.len() > REMEMBERED {
                    writer.heads.clear();
                }
                let outcome =
                    Outcome { written: plan.batch.entries.len(), known: plan.known.len(), strays: plan.strays.clone() };
                finish(app, plan).await;
                return Ok(outcome);
            }
        }
    }
    writer.heads.clear();
    Err(crate::PortError::new("log", "another writer keeps taking this partition's positions").into())
}

/// What is to be written and told.
#[derive(Default)]
struct Plan {
    batch: Batch,
    heads: HashMap<ConversationId, Seq>,
    /// The boxes of what is written or was, by its message.
    boxes: HashMap<(ConversationId, MessageId), Vec<Post>>,
    /// Stood in the log before: told again, since whoever wrote them may have died before telling.
    known: Vec<Entry>,
    strays: Vec<usize>,
}

async fn plan(app: &App, writer: &Writer, (drafts, look): (&[Draft], bool)) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let mut entries = earlier(app, (drafts, look)).await?;
    let mut heads = heads(app, writer, drafts).await?;
    for (number, draft) in drafts.iter().enumerate() {
        let at = (draft.conversation, draft.id);
        if entries.get(&at).is_some_and(|entry| !is_same(draft, entry)) {
            plan.strays.push(number);
            continue;
        }
        if let (EntryKind::Retract, Some(target)) = (draft.kind, draft.target)
            && entries.get(&(draft.conversation, target)).is_some_and(|target| allowed(draft, target))
        {
            // Also when the entry is known: whoever wrote it may have died before purging.
            plan.batch.purge.push((draft.conversation, target));
        }
        if !draft.boxes.is_empty() {
            plan.boxes.insert(at, draft.posts());
        }
        if let Some(entry) = entries.get(&at) {
            let new = plan.batch.entries.iter().any(|other| (other.conversation_id, other.id) == at);
            if !new && !plan.known.iter().any(|other| (other.conversation_id, other.id) == at) {
                plan.known.push(entry.clone());
            }
            continue;
        }
        let head = heads.entry(draft.conversation).or_default();
        *head = head.next();
        let entry = settled(draft.clone(), &entries).at(*head);
        if let (EntryKind::Retract, Some(target)) = (entry.kind, entry.target)
            && let Some(target) = entries.get_mut(&(entry.conversation_id, target))
        {
            target.envelope = None;
        }
        entries.insert(at, entry.clone());
        plan.batch.entries.push(entry);
    }
    plan.heads = heads;
    // Also those of what is known: putting them in again is harmless, and they were lost if its writer died half-way.
    plan.batch.posts = plan.boxes.values().flatten().cloned().collect();
    Ok(plan)
}

/// The draft as it goes into the log: a change of what was taken back meanwhile keeps its place and loses its words.
fn settled(draft: Draft, entries: &HashMap<(ConversationId, MessageId), Entry>) -> Draft {
    let Some(target) = draft.target else { return draft };
    match entries.get(&(draft.conversation, target)) {
        Some(target) if allowed(&draft, target) => {
            // New words live no longer than those they replace.
            let expires_at = [draft.expires_at, target.expires_at].into_iter().flatten().min();
            Draft { expires_at, ..draft }
        }
        _ => draft.emptied(),
    }
}

fn allowed(draft: &Draft, target: &Entry) -> bool {
    may_change(draft.kind, target, &Change { by: draft.sender, now: draft.sent_at }).is_ok()
}

/// The targets of the drafts and, where that is asked, those drafts that stand in the log already.
async fn earlier(
    app: &App,
    (drafts, look): (&[Draft], bool),
) -> Result<HashMap<(ConversationId, MessageId), Entry>, Error> {
    let own: Vec<_> = drafts.iter().filter(|_| look).map(|draft| (draft.conversation, draft.id)).collect();
    let targets = drafts.iter().filter_map(|draft| Some((draft.conversation, draft.target?))).collect::<Vec<_>>();
    // A target that is overlooked costs a change its words, or leaves those that were taken back.
    let mut found = app.log.find_latest(&targets).await?;
    found.extend(app.log.find(&own).await?);
    if Sabotage::NoDedupe.is_on() {
        found.retain(|entry| drafts.iter().all(|draft| draft.id != entry.id));
    }
    Ok(found.into_iter().map(|entry| ((entry.conversation_id, entry.id), entry)).collect())
}

async fn heads(app: &App, writer: &Writer, drafts: &[Draft]) -> Result<HashMap<ConversationId, Seq>, Error> {
    let mut heads = HashMap::new();
    let mut unknown = Vec::new();
    for draft in drafts {
        match writer.heads.get(&draft.conversation) {
            Some(head) => drop(heads.insert(draft.conversation, *head)),
            None => unknown.push(draft.conversation),
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    heads.extend(unknown.iter().copied().zip(app.log.heads(&unknown).await?));
    Ok(heads)
}

/// The entries are durable: tell the members and give the ids back.
async fn finish(app: &App, mut plan: Plan) {
    let told: Vec<Entry> = plan.known.into_iter().chain(plan.batch.entries).collect();
    let audiences = audiences(app, &told).await.unwrap_or_else(|error| {
        // Telling may fail, the log heals it: what is written must not hold its partition up.
        warn!(%error, "nobody could be told of new entries");
        HashMap::new()
    });
    let now = app.clock.now();
    let ids: Vec<_> = told.iter().map(|entry| (entry.conversation_id, entry.id)).collect();
    for entry in told {
        if let Some(audience) = audiences.get(&entry.conversation_id) {
            let boxes = plan.boxes.remove(&(entry.conversation_id, entry.id)).unwrap_or_default();
            let event = LiveMessage { message: as_seen(entry, now), key_box: None };
            app.delivery.tell_boxed(audience.clone(), ServerEvent::Message(event), boxes).await;
        }
    }
    if let Err(error) = app.claims.settle(&ids).await {
        // They end by themselves.
        warn!(%error, "claims of what stands in the log now could not be settled");
    }
}

/// Who hears of these entries, by conversation.
async fn audiences(app: &App, told: &[Entry]) -> Result<HashMap<ConversationId, Audience>, Error> {
    let mut ids: Vec<_> = told.iter().map(|entry| entry.conversation_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut audiences = HashMap::with_capacity(ids.len());
    for conversation in app.conversations.find(&ids).await? {
        audiences.insert(conversation.id, audience::of(app, &conversation).await?);
    }
    Ok(audiences)
}
