//! The conversations' logs: `messages`, sharded by `{conversation_id, seq}`, whose uniqueness is the fence between two
//! writers that both believe they own a conversation.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use moka::sync::Cache;
use mongodb::{
    Collection, Database,
    bson::{Document, doc},
    error::ErrorKind,
    options::{Hint, ReadConcern},
};
use shared_types::{ConversationId, EntryKind, MessageId, Seq, Timestamp};
use sotto_core::{
    domain::entry::Entry,
    ports::{Appended, Batch, Log, Post, Result},
};

use super::{
    MAX_TIME, Mongo, failed, is_duplicate,
    key_rows::MailRow,
    mailboxes::put_all,
    rows::{EntryRow, Shape as _, date, id, message, number, seq},
};
use crate::{
    Background,
    gather::{Gather, Pace, all_failed, one},
};

/// How asks go together. One insert at a time: each waits for a majority's journals, and what comes meanwhile costs nothing
/// more.
const APPENDS: Pace<Batch> = Pace { commands: 1, most: 256, holds: entries, spaced: true };
const FINDS: Pace<Ids> = Pace { commands: 2, most: 256, holds: one, spaced: false };
/// Each waits for a majority, as a write does.
const SURE_FINDS: Pace<Ids> = Pace { commands: 2, most: 256, holds: one, spaced: true };
/// How many conversations' reached positions are remembered.
const REMEMBERED: u64 = 100_000;
/// How many heads are asked for at once.
const HEADS: usize = 16;

/// What a majority read does not promise: a new primary may not know yet that a majority has what it has, and an old one
/// that it is none any more. This one writes after it has read, and answers when that has reached a majority.
fn sure() -> ReadConcern {
    ReadConcern::linearizable()
}

fn entries(batch: &Batch) -> usize {
    batch.entries.len()
}

type Ids = Vec<(ConversationId, MessageId)>;

/// The two calls that every message makes, gathered.
pub(crate) struct Gathered {
    append: Gather<Batch, Appended>,
    find: Gather<Ids, Vec<Entry>>,
    find_latest: Gather<Ids, Vec<Entry>>,
    reached: Reached,
}

/// Positions known to be taken: a log only grows, so one that was seen once is there for good.
type Reached = Cache<ConversationId, Seq>;

impl Gathered {
    pub(crate) fn start(db: &Database, background: &Background) -> Self {
        let reached = Reached::new(REMEMBERED);
        let messages: Collection<EntryRow> = db.collection(EntryRow::COLLECTION);
        let appender = Appender {
            messages: messages.clone(),
            boxes: db.collection(MailRow::COLLECTION),
            reached: reached.clone(),
        };
        let append = Gather::start(("store", background), APPENDS, move |batches| {
            let appender = appender.clone();
            async move { appender.append_all(batches).await }
        });
        let finder = |pace, concern: ReadConcern| {
            let messages = messages.clone();
            Gather::start(("store", background), pace, move |asks: Vec<Ids>| {
                let (messages, concern) = (messages.clone(), concern.clone());
                async move {
                    match find_all(&messages, concern, &asks).await {
                        Ok(found) => found.into_iter().map(Ok).collect(),
                        Err(error) => all_failed(&error, asks.len()),
                    }
                }
            })
        };
        let find = finder(FINDS, ReadConcern::majority());
        let find_latest = finder(SURE_FINDS, sure());
        Self { append, find, find_latest, reached }
    }
}

async fn find_all(messages: &Collection<EntryRow>, concern: ReadConcern, asks: &[Ids]) -> Result<Vec<Vec<Entry>>> {
    let wanted: HashSet<(ConversationId, MessageId)> = asks.iter().flatten().copied().collect();
    let keys: Vec<_> = wanted.iter().map(|(conversation, id)| message(*conversation, *id)).collect();
    let conversations: HashSet<ConversationId> = wanted.iter().map(|(conversation, _)| *conversation).collect();
    let conversations: Vec<_> = conversations.into_iter().map(|conversation| id(conversation.bytes())).collect();
    // The conversations tell a router which shards to ask.
    let of = doc! { "_id": { "$in": keys }, "conversation_id": { "$in": conversations } };
    let rows: Vec<EntryRow> = async {
        // In one piece, with room for what says that it was the last: each piece would wait for a majority anew.
        let batch = u32::try_from(wanted.len() + 1).unwrap_or(u32::MAX);
        let found = messages.find(of).read_concern(concern).hint(Hint::Keys(doc! { "_id": 1 })).batch_size(batch);
        found.max_time(MAX_TIME).await?.try_collect().await
    }
    .await
    .map_err(failed)?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let entry = Entry::try_from(row)?;
        found.insert((entry.conversation_id, entry.id), entry);
    }
    let answers = asks.iter().map(|ids| {
        let mut ids = ids.clone();
        ids.sort_unstable();
        ids.dedup();
        ids.iter().filter_map(|at| found.get(at).cloned()).collect()
    });
    Ok(answers.collect())
}

#[derive(Clone)]
struct Appender {
    messages: Collection<EntryRow>,
    boxes: Collection<MailRow>,
    reached: Reached,
}

/// A row on its way: of which ask, in which conversation.
struct Pending {
    ask: usize,
    conversation: ConversationId,
    row: EntryRow,
    seq: Seq,
}

impl Appender {
    async fn append_all(&self, batches: Vec<Batch>) -> Vec<Result<Appended>> {
        match self.try_all(&batches).await {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            // Some may stand in the log by now. Whoever asked tries again and finds them there.
            Err(error) => all_failed(&error, batches.len()),
        }
    }

    async fn try_all(&self, batches: &[Batch]) -> Result<Vec<Appended>> {
        let mut fenced: HashMap<usize, ConversationId> = HashMap::new();
        let mut pending = Vec::new();
        for (ask, batch) in batches.iter().enumerate() {
            match self.misfit(&batch.entries).await? {
                Some(conversation) => drop(fenced.insert(ask, conversation)),
                None => {
                    for entry in &batch.entries {
                        let conversation = entry.conversation_id;
                        pending.push(Pending { ask, conversation, row: entry.try_into()?, seq: entry.seq });
                    }
                }
            }
        }
        // Before: whoever sees the retraction must not find the words. What was accepted is taken back even where this
        // writer is fenced.
        for batch in batches {
            self.purge(&batch.purge).await?;
        }
        // Before: an entry must not be there without its boxes. Where this writer is fenced by another, or dies, the entry
        // comes again, and finds them.
        let written = batches.iter().enumerate().filter(|(ask, _)| !fenced.contains_key(ask));
        let posts: Vec<Post> = written.flat_map(|(_, batch)| batch.posts.iter().cloned()).collect();
        put_all(&self.boxes, &posts).await?;
        self.insert(pending, &mut fenced).await?;
        // After: words that came in just now, together with what takes them back.
        for batch in batches {
            let came_with = |(conversation, target): &&(ConversationId, MessageId)| {
                batch.entries.iter().filter(|entry| entry.conversation_id == *conversation).any(|entry| {
                    entry.id == *target || (entry.kind == EntryKind::Edit && entry.target == Some(*target))
                })
            };
            let new: Vec<_> = batch.purge.iter().filter(came_with).copied().collect();
            self.purge(&new).await?;
        }
        let outcome = |ask| fenced.get(&ask).map_or(Appended::Written, |fenced| Appended::Fenced(*fenced));
        Ok((0..batches.len()).map(outcome).collect())
    }

    /// The conversation whose entries leave a hole, if any.
    async fn misfit(&self, entries: &[Entry]) -> Result<Option<ConversationId>> {
        let mut heads: HashMap<ConversationId, Seq> = HashMap::new();
        for entry in entries {
            let conversation = entry.conversation_id;
            let fits = match heads.get(&conversation) {
                Some(head) => entry.seq == head.next(),
                None => self.is_reached(conversation, Seq(entry.seq.0.saturating_sub(1))).await?,
            };
            if !fits {
                return Ok(Some(conversation));
            }
            heads.insert(conversation, entry.seq);
        }
        Ok(None)
    }

    async fn is_reached(&self, conversation: ConversationId, seq: Seq) -> Result<bool> {
        if seq == Seq(0) || self.reached.get(&conversation).is_some_and(|reached| reached >= seq) {
            return Ok(true);
        }
        let at = doc! { "conversation_id": id(conversation.bytes()), "seq": number(seq) };
        let there = self.messages.find_one(at).max_time(MAX_TIME).await.map_err(failed)?.is_some();
        if there {
            self.reached.insert(conversation, seq);
        }
        Ok(there)
    }

    /// Inserts in order, so that of a conversation's entries a crash leaves a beginning, never a hole. Of an ask that is
    /// fenced nothing more goes in.
    async fn insert(&self, mut pending: Vec<Pending>, fenced: &mut HashMap<usize, ConversationId>) -> Result<()> {
        while !pending.is_empty() {
            let rows: Vec<&EntryRow> = pending.iter().map(|pending| &pending.row).collect();
            let refused = match self.messages.insert_many(rows).ordered(true).await {
                Ok(_) => pending.len(),
                Err(error) if is_duplicate(&error) => first_refused(&error).unwrap_or_default(),
                Err(error) => return Err(failed(error)),
            };
            let mut rest = pending.split_off(refused);
            for written in pending {
                self.reached.insert(written.conversation, written.seq);
            }
            if let Some(refused) = rest.first() {
                let (ask, conversation) = (refused.ask, refused.conversation);
                fenced.insert(ask, conversation);
                rest.retain(|other| other.ask != ask);
            }
            pending = rest;
        }
        Ok(())
    }

    /// Takes the words of these messages and of their edits.
    async fn purge(&self, targets: &[(ConversationId, MessageId)]) -> Result<()> {
        let emptied = doc! { "$unset": { "envelope": "", "empty_at": "" } };
        for (conversation, target) in targets {
            let (conversation_id, key) = (id(conversation.bytes()), message(*conversation, *target));
            let own = doc! { "_id": key, "conversation_id": conversation_id };
            self.messages.update_many(own, emptied.clone()).await.map_err(failed)?;
            let edits = doc! { "conversation_id": conversation_id, "target": id(target.bytes()), "kind": "edit" };
            self.messages.update_many(edits, emptied.clone()).await.map_err(failed)?;
        }
        Ok(())
    }
}

/// Where an ordered insert stopped.
fn first_refused(error: &mongodb::error::Error) -> Option<usize> {
    match error.kind.as_ref() {
        ErrorKind::InsertMany(many) => many.write_errors.iter().flatten().map(|error| error.index).min(),
        _ => None,
    }
}

impl Mongo {
    async fn head(&self, of: ConversationId, concern: ReadConcern) -> Result<Seq> {
        let messages = self.documents(EntryRow::COLLECTION);
        let newest = messages.find_one(doc! { "conversation_id": id(of.bytes()) }).read_concern(concern);
        // Answered from the index alone.
        let newest = newest.sort(doc! { "conversation_id": -1, "seq": -1 }).projection(doc! { "_id": 0, "seq": 1 });
        let found: Option<Document> = self.ask(newest.max_time(MAX_TIME)).await?;
        let head = found.and_then(|row| row.get_i64("seq").ok()).map_or(Seq(0), seq);
        self.log.reached.insert(of, head);
        Ok(head)
    }

    async fn page(&self, of: Document, order: i32, limit: usize) -> Result<Vec<Entry>> {
        let sort = doc! { "conversation_id": order, "seq": order };
        let rows = self.rows::<EntryRow>(of, Some(sort), Some(limit)).await?;
        rows.into_iter().map(Entry::try_from).collect()
    }
}

#[async_trait]
impl Log for Mongo {
    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Seq>> {
        let heads = stream::iter(conversations.to_vec()).map(|of| self.head(of, ReadConcern::majority()));
        heads.buffered(HEADS).try_collect().await
    }

    async fn append(&self, batch: Batch) -> Result<Appended> {
        if batch.entries.is_empty() && batch.purge.is_empty() {
            return Ok(Appended::Written);
        }
        self.log.append.ask(batch).await
    }

    async fn find(&self, ids: &[(ConversationId, MessageId)]) -> Result<Vec<Entry>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.log.find.ask(ids.to_vec()).await
    }

    async fn find_latest(&self, ids: &[(ConversationId, MessageId)]) -> Result<Vec<Entry>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.log.find_latest.ask(ids.to_vec()).await
    }

    async fn latest_head(&self, conversation: ConversationId) -> Result<Seq> {
        self.head(conversation, sure()).await
    }

    async fn expire(&self, now: Timestamp, limit: usize) -> Result<usize> {
        let messages = self.documents(EntryRow::COLLECTION);
        let rows: Vec<Document> = self
            .ask(async {
                let found = messages.find(doc! { "empty_at": { "$lte": date(now) } }).sort(doc! { "empty_at": 1 });
                let found = found.projection(doc! { "conversation_id": 1 });
                found.limit(i64::try_from(limit).unwrap_or(i64::MAX)).max_time(MAX_TIME).await?.try_collect().await
            })
            .await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let field = |name: &str| rows.iter().filter_map(|row| row.get(name).cloned()).collect::<Vec<_>>();
        let of = doc! { "_id": { "$in": field("_id") }, "conversation_id": { "$in": field("conversation_id") } };
        let emptied = messages.update_many(of, doc! { "$unset": { "envelope": "", "empty_at": "" } });
        let emptied = self.ask(emptied.hint(Hint::Keys(doc! { "_id": 1 }))).await?.modified_count;
        Ok(usize::try_from(emptied).unwrap_or(usize::MAX))
    }

    async fn after(&self, of: ConversationId, position: Seq, limit: usize) -> Result<Vec<Entry>> {
        self.page(doc! { "conversation_id": id(of.bytes()), "seq": { "$gt": number(position) } }, 1, limit).await
    }

    async fn before(&self, of: ConversationId, position: Seq, limit: usize) -> Result<Vec<Entry>> {
        let of = doc! { "conversation_id": id(of.bytes()), "seq": { "$lt": number(position) } };
        let mut entries = self.page(of, -1, limit).await?;
        entries.reverse();
        Ok(entries)
    }
}
