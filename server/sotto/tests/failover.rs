//! Right after a failover a store may not show what was acknowledged right before: nothing that was promised depends on it.

#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

mod world;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use shared_types::{
    Content, ConversationId, EntryKind, Envelope, MessageId, Seq, Timestamp, entry::NewMessage, receipt::NewReceipt,
    socket::SendMessage,
};
use sotto_core::{
    App, Caller, PortError,
    domain::entry::Entry,
    ports::{Appended, Batch, Claim, Claims, Log, Result},
    usecases::{
        entry::{Drafts, Writer, append, retract, send},
        receipt::raise_receipt,
    },
};
use uuid::Uuid;
use world::{World, words};

/// A log that shows nothing while it is behind, but to those who insist.
struct Behind {
    log: Arc<dyn Log>,
    is_behind: AtomicBool,
}

impl Behind {
    fn shows(&self) -> bool {
        !self.is_behind.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Log for Behind {
    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Seq>> {
        if self.shows() { self.log.heads(conversations).await } else { Ok(vec![Seq(0); conversations.len()]) }
    }

    async fn append(&self, batch: Batch) -> Result<Appended> {
        self.log.append(batch).await
    }

    async fn find(&self, ids: &[(ConversationId, MessageId)]) -> Result<Vec<Entry>> {
        if self.shows() { self.log.find(ids).await } else { Ok(Vec::new()) }
    }

    async fn find_latest(&self, ids: &[(ConversationId, MessageId)]) -> Result<Vec<Entry>> {
        self.log.find_latest(ids).await
    }

    async fn latest_head(&self, conversation: ConversationId) -> Result<Seq> {
        self.log.latest_head(conversation).await
    }

    async fn expire(&self, now: Timestamp, limit: usize) -> Result<usize> {
        self.log.expire(now, limit).await
    }

    async fn after(&self, conversation: ConversationId, seq: Seq, limit: usize) -> Result<Vec<Entry>> {
        self.log.after(conversation, seq, limit).await
    }

    async fn before(&self, conversation: ConversationId, seq: Seq, limit: usize) -> Result<Vec<Entry>> {
        self.log.before(conversation, seq, limit).await
    }
}

/// A world whose log can fall behind.
fn world() -> (World, App, Arc<Behind>) {
    let world = World::ports();
    let behind = Arc::new(Behind { log: Arc::clone(&world.app.log), is_behind: AtomicBool::new(false) });
    let app = App { log: Arc::clone(&behind) as Arc<dyn Log>, ..world.app.clone() };
    (world, app, behind)
}

/// Claims that are taken, while those who ask hear of nothing: the cache died with its answer.
struct Mute {
    claims: Arc<dyn Claims>,
    is_mute: AtomicBool,
}

#[async_trait]
impl Claims for Mute {
    async fn claim(&self, at: (ConversationId, MessageId), claim: Claim) -> Result<Option<Claim>> {
        let before = self.claims.claim(at, claim).await?;
        if self.is_mute.load(Ordering::Relaxed) { Err(PortError::new("cache", "timed out")) } else { Ok(before) }
    }

    async fn find(&self, at: (ConversationId, MessageId)) -> Result<Option<Claim>> {
        self.claims.find(at).await
    }

    async fn release(&self, at: &[(ConversationId, MessageId)]) -> Result<()> {
        self.claims.release(at).await
    }

    async fn settle(&self, at: &[(ConversationId, MessageId)]) -> Result<()> {
        self.claims.settle(at).await
    }

    fn remembers_ms(&self) -> i64 {
        self.claims.remembers_ms()
    }
}

/// Writes all that waits, as the worker would.
async fn write(app: &App, writer: &mut Writer, conversation: ConversationId) {
    let lane = app.lane(conversation);
    let taken = app.queue.take(lane, 9).await.unwrap();
    let tags: Vec<_> = taken.iter().map(|taken| taken.tag).collect();
    let drafts = taken.iter().map(|taken| serde_json::from_slice(&taken.payload).unwrap()).collect();
    append(app, writer, Drafts { drafts, again: false }).await.unwrap();
    app.queue.ack(lane, &tags).await.unwrap();
}

/// Has Ana say a word and change it, the change being sent and written while the log is behind; gives what the log has.
async fn changed(change: impl FnOnce(&App, SendMessage, MessageId) -> SendMessage) -> Vec<Entry> {
    let (world, app, behind) = world();
    let (ana, _, conversation) = world.pair().await;
    let mut writer = Writer::default();
    let said = send(&app, ana, words(&conversation, "hello")).await.unwrap().id;
    write(&app, &mut writer, conversation.id).await;
    behind.is_behind.store(true, Ordering::Relaxed);
    send(&app, ana, change(&app, words(&conversation, "better"), said)).await.unwrap();
    write(&app, &mut writer, conversation.id).await;
    app.log.after(conversation.id, Seq(0), 9).await.unwrap()
}

#[tokio::test]
async fn an_edit_keeps_its_words() {
    let edited = changed(|_, words, said| SendMessage {
        message: NewMessage {
            kind: Some(EntryKind::Edit),
            target: Some(said),
            envelope: Some(Envelope::Plain { content: Content::Text { text: "better".into() } }),
            ..words.message
        },
        ..words
    });
    let edited = edited.await;
    assert!(edited.len() == 2 && edited.iter().all(|entry| entry.envelope.is_some()), "{edited:?}");
}

#[tokio::test]
async fn what_is_taken_back_is_gone() {
    let log = changed(|app, words, said| retract(app, (words.conversation_id, said))).await;
    assert!(log.len() == 2 && log.iter().all(|entry| entry.envelope.is_none()), "{log:?}");
}

#[tokio::test]
async fn who_has_heard_of_an_entry_is_not_told_that_it_is_not_there() {
    let (world, app, behind) = world();
    let (ana, bo, conversation) = world.pair().await;
    send(&app, ana, words(&conversation, "hello")).await.unwrap();
    write(&app, &mut Writer::default(), conversation.id).await;
    behind.is_behind.store(true, Ordering::Relaxed);
    let read = |who: Caller, seq| {
        let (app, claim) = (app.clone(), NewReceipt { delivered_seq: None, read_seq: Some(Seq(seq)) });
        async move { raise_receipt(&app, who, (conversation.id, claim)).await }
    };
    read(bo, 1).await.unwrap();
    assert!(read(bo, 2).await.is_err(), "what is past the end stays past it");
}

#[tokio::test]
async fn an_id_is_free_again_after_a_refusal_even_where_its_claim_was_never_heard_of() {
    let world = World::ports();
    let mute = Arc::new(Mute { claims: Arc::clone(&world.app.claims), is_mute: AtomicBool::new(true) });
    let app = App { claims: Arc::clone(&mute) as Arc<dyn Claims>, ..world.app.clone() };
    let (ana, _, conversation) = world.pair().await;
    let words = words(&conversation, "hello");
    let reply = NewMessage { reply_to: Some(MessageId(Uuid::now_v7())), ..words.message.clone() };
    send(&app, ana, SendMessage { message: reply, ..words.clone() }).await.unwrap_err();
    mute.is_mute.store(false, Ordering::Relaxed);
    assert_eq!(send(&app, ana, words.clone()).await.unwrap().id, words.message.id.unwrap(), "in another form");
}
