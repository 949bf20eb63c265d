//! What a client shows of one conversation, and the one rule by which entries get in: the next position, or not yet.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shared_types::{Sealed, UserId};
use uuid::Uuid;

use crate::api::uuid_at;
use crate::history::{Entry, Kind, Marks};
use crate::keys::{Place, mark_of, words_of};

/// What became of an entry that was offered to a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was the next one.
    Shown,
    /// It was there already.
    Known,
    /// Something before it is missing.
    Gap,
}

/// A view of one conversation.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The highest position up to which nothing is missing.
    pub cursor: u64,
    /// The last watermarks that were set from here.
    pub marked: u64,
    /// One's own messages that could be edited or taken back.
    pub own: Vec<Uuid>,
    /// All messages that could be answered.
    pub messages: Vec<Uuid>,
    /// Who is in it, as far as sealing for them goes; nothing before the first look.
    pub(crate) place: Option<Place>,
}

impl View {
    /// Offers an entry.
    pub fn offer(&mut self, entry: &Entry, me: Uuid) -> Taken {
        if entry.seq <= self.cursor {
            return Taken::Known;
        }
        if entry.seq > self.cursor + 1 {
            return Taken::Gap;
        }
        self.cursor = entry.seq;
        match entry.kind {
            Kind::Message => {
                self.messages.push(entry.id);
                if entry.sender == me {
                    self.own.push(entry.id);
                }
            }
            Kind::Retract => {
                self.own.retain(|id| Some(*id) != entry.target);
                self.messages.retain(|id| Some(*id) != entry.target);
            }
            Kind::Edit | Kind::Reaction | Kind::System => {}
        }
        Taken::Shown
    }
}

/// What kind of place a conversation is for one of its members.
pub(crate) fn read_place(conversation: &Value, me: Uuid) -> Result<Place> {
    if conversation.get("kind").and_then(Value::as_str) != Some("direct") {
        return Ok(Place::Group(number_at(conversation, "/epoch")?));
    }
    let members = conversation.get("members").and_then(Value::as_array).context("no members")?;
    let people: Vec<Uuid> = members.iter().map(|member| uuid_at(member, "/user/id")).collect::<Result<_>>()?;
    let other = people.into_iter().find(|user| *user != me).context("nobody else is there")?;
    Ok(Place::Direct(UserId(other)))
}

/// Reads an entry from the wire: its conversation, and what the checker wants to know.
pub fn read_entry(message: &Value) -> Result<(Uuid, Entry)> {
    let kind = message.get("kind").cloned().unwrap_or_default();
    let entry = Entry {
        id: uuid_at(message, "/id")?,
        seq: number_at(message, "/seq")?,
        kind: serde_json::from_value(kind).with_context(|| format!("no kind in {message}"))?,
        target: message.get("target").map(|_| uuid_at(message, "/target")).transpose()?,
        sender: uuid_at(message, "/sender_id")?,
        words: carried_by(message)?,
    };
    Ok((uuid_at(message, "/conversation_id")?, entry))
}

/// What a message carries, as far as those who have no keys can tell: the mark of its envelope, or what plain
/// socket.io-clients, which have none, put into theirs; nothing where its words are gone.
fn carried_by(message: &Value) -> Result<Option<String>> {
    let Some(envelope) = message.get("envelope") else { return Ok(None) };
    let sealed: Sealed = serde_json::from_value(envelope.clone()).with_context(|| format!("not sealed: {message}"))?;
    if let Some(mark) = mark_of(&sealed) {
        return Ok(Some(mark));
    }
    let bytes = STANDARD.decode(&sealed.ciphertext).with_context(|| format!("no base64 in {message}"))?;
    let content = serde_json::from_slice(&bytes).with_context(|| format!("not sealed by us: {message}"))?;
    Ok(words_of(&content))
}

/// Reads a person's watermarks.
pub fn read_marks(value: &Value) -> Result<Marks> {
    Ok(Marks { delivered: number_at(value, "/delivered_seq")?, read: number_at(value, "/read_seq")? })
}

/// The number at a place in an answer.
pub fn number_at(value: &Value, pointer: &str) -> Result<u64> {
    let number = value.pointer(pointer).and_then(Value::as_u64);
    number.with_context(|| format!("no number at {pointer} in {value}"))
}
