//! Entries of the log: what may be said, and what an entry may do to an earlier one.
//!
//! ```text
//! draft ──queued──▶ entry at seq ──edit──▶ newer words (an entry of its own)
//!                        └──────retract──▶ no words any more: its own and its edits' envelopes are gone   (final)
//! ```

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto_core::{
    franking,
    header::{Header, SCHEME},
};
use serde::{Deserialize, Serialize};
use shared_types::{
    Code, Content, ConversationId, DeviceId, EntryKind, Envelope, MessageId, Sealed, Seq, Timestamp, UserId,
    entry::{NewMessage, System},
    keys::{Address, KeyBox, MailboxItem},
};

pub use shared_types::Message as Entry;

use crate::{Refusal, ports::Post};

/// The largest envelope, in bytes of its JSON.
pub const MAX_ENVELOPE: usize = 64 * 1024;
/// How long one's words may be changed.
pub const EDIT_WINDOW_MS: i64 = 24 * 3_600_000;
/// The longest life of a disappearing message, in seconds.
pub const MAX_EXPIRES_IN: u64 = 365 * 24 * 3_600;

/// An entry that was accepted and has no position yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Chosen by the sender.
    pub id: MessageId,
    /// Where it goes.
    pub conversation: ConversationId,
    /// What kind of entry it is.
    pub kind: EntryKind,
    /// The message it is about.
    pub target: Option<MessageId>,
    /// Who says it.
    pub sender: UserId,
    /// From which device.
    pub device: DeviceId,
    /// When it was accepted.
    pub sent_at: Timestamp,
    /// What it carries.
    pub envelope: Option<Envelope>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// When it disappears.
    pub expires_at: Option<Timestamp>,
    /// Its boxes, for mailboxes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<KeyBox>,
    /// What happened, for `system` entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<System>,
    /// The stamp on it, where it is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
}

impl Draft {
    /// Its boxes as they go into mailboxes.
    pub fn posts(&self) -> Vec<Post> {
        let from = Address { user_id: self.sender, device_id: self.device };
        let post = |key_box: &KeyBox| Post {
            to: key_box.to,
            item: MailboxItem {
                id: self.id,
                from,
                conversation_id: self.conversation,
                body: key_box.body.clone(),
                kem: key_box.kem.clone(),
                received_at: self.sent_at,
            },
        };
        self.boxes.iter().map(post).collect()
    }

    /// The entry at its position.
    pub fn at(self, seq: Seq) -> Entry {
        Entry {
            id: self.id,
            conversation_id: self.conversation,
            seq,
            kind: self.kind,
            target: self.target,
            sender_id: self.sender,
            sender_device_id: self.device,
            sent_at: self.sent_at,
            envelope: self.envelope,
            system: self.system,
            reply_to: self.reply_to,
            expires_at: self.expires_at,
            stamp: self.stamp,
        }
    }

    /// The same draft with the server's stamp on it: that it took a message with this header at this moment. Whoever could read
    /// the message can prove with it later what it said (`crypto_core::franking`); the server alone learns nothing from it.
    pub fn stamped(self, key: &[u8; 32]) -> Self {
        let stamp = self.header().map(|header| {
            let taken_at = u64::try_from(self.sent_at.0).unwrap_or_default();
            STANDARD.encode(franking::stamp(key, &header, taken_at))
        });
        Self { stamp, ..self }
    }

    /// The header that a device of ours has sealed it with.
    fn header(&self) -> Option<Header> {
        let Some(Envelope::Sealed(sealed)) = &self.envelope else { return None };
        let context = sealed.context.as_ref().filter(|_| sealed.scheme == SCHEME)?;
        let commitment = STANDARD.decode(&context.commitment).ok()?;
        Some(Header {
            conversation: self.conversation,
            id: self.id,
            kind: self.kind,
            target: self.target,
            reply_to: self.reply_to,
            sender: self.sender,
            device: self.device,
            epoch: context.epoch,
            ts: context.ts,
            commitment: commitment.try_into().ok()?,
        })
    }

    /// The draft without its words: for changes of a message that was taken back meanwhile.
    pub fn emptied(self) -> Self {
        Self { envelope: None, ..self }
    }
}

/// Whether `entry` is what `draft` would become, so that sending it again is harmless.
pub fn is_same(draft: &Draft, entry: &Entry) -> bool {
    let emptied = entry.envelope.is_none();
    let lasts = |sent: Timestamp, end: Option<Timestamp>| end.map(|end| end.ms_since(sent));
    // An edit takes over the end of what it edits.
    let as_long = draft.kind == EntryKind::Edit
        || lasts(draft.sent_at, draft.expires_at) == lasts(entry.sent_at, entry.expires_at);
    draft.id == entry.id
        && draft.conversation == entry.conversation_id
        && draft.sender == entry.sender_id
        && draft.kind == entry.kind
        && draft.target == entry.target
        && draft.reply_to == entry.reply_to
        && draft.system == entry.system
        && as_long
        && (emptied || draft.envelope == entry.envelope)
}

/// Whether private conversations may carry plain envelopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plaintext {
    /// Never; the default.
    Refused,
    /// Development and load tests.
    Allowed,
}

/// Checks the shape of what someone wants to say, for itself.
pub fn check(message: &NewMessage, plaintext: Plaintext) -> Result<EntryKind, Refusal> {
    let kind = message.kind.unwrap_or_default();
    match (kind, message.target) {
        (EntryKind::System, _) => return Err(Refusal::field("kind", "only the server writes system entries")),
        (EntryKind::Message, Some(_)) => return Err(Refusal::field("target", "a message has no target")),
        (EntryKind::Edit | EntryKind::Reaction | EntryKind::Retract, None) => {
            return Err(Refusal::field("target", "required: the message this is about"));
        }
        (EntryKind::Message, None) | (EntryKind::Edit | EntryKind::Reaction | EntryKind::Retract, Some(_)) => {}
    }
    if message.reply_to.is_some() && kind != EntryKind::Message {
        return Err(Refusal::field("reply_to", "only a message answers another"));
    }
    if message.expires_in.is_some_and(|seconds| !(1..=MAX_EXPIRES_IN).contains(&seconds)) {
        return Err(Refusal::field("expires_in", format!("1 to {MAX_EXPIRES_IN} seconds")));
    }
    if !message.boxes.is_empty() && !matches!(message.envelope, Some(Envelope::Sealed(_))) {
        return Err(Refusal::field("boxes", "only a sealed envelope has boxes"));
    }
    match (kind, &message.envelope) {
        (EntryKind::Retract, None) => {}
        (EntryKind::Retract, Some(_)) => return Err(Refusal::field("envelope", "a retraction carries nothing")),
        (_, None) => return Err(Refusal::field("envelope", "required")),
        (_, Some(envelope)) => check_envelope(kind, envelope, plaintext)?,
    }
    Ok(kind)
}

fn check_envelope(kind: EntryKind, envelope: &Envelope, plaintext: Plaintext) -> Result<(), Refusal> {
    let size = serde_json::to_vec(envelope).map_or(usize::MAX, |json| json.len());
    if size > MAX_ENVELOPE {
        return Err(Refusal {
            field: Some("envelope".into()),
            ..Refusal::new(Code::TooLarge, format!("an envelope has at most {MAX_ENVELOPE} bytes, this one has {size}"))
        });
    }
    match (envelope, plaintext) {
        (Envelope::Plain { .. }, Plaintext::Refused) => Err(Refusal {
            field: Some("envelope.kind".into()),
            ..Refusal::new(Code::PlaintextRefused, "this conversation takes only sealed envelopes")
        }),
        (Envelope::Plain { content }, Plaintext::Allowed) => check_content(kind, content),
        (Envelope::Sealed(sealed), _) => check_sealed(sealed),
    }
}

fn check_content(kind: EntryKind, content: &Content) -> Result<(), Refusal> {
    match (kind, content) {
        (EntryKind::Reaction, Content::Reaction { emoji, .. }) if (1..=32).contains(&emoji.len()) => {
            if emoji.chars().any(char::is_control) {
                return Err(Refusal::field("envelope.content.emoji", "no control characters"));
            }
            Ok(())
        }
        (EntryKind::Reaction, Content::Reaction { .. }) => {
            Err(Refusal::field("envelope.content.emoji", "1 to 32 bytes"))
        }
        (EntryKind::Reaction, Content::Text { .. }) => {
            Err(Refusal::field("envelope.content.type", "a reaction carries `reaction`"))
        }
        (_, Content::Reaction { .. }) => {
            Err(Refusal::field("envelope.content.type", "only a reaction carries `reaction`"))
        }
        (_, Content::Text { text }) if text.trim().is_empty() => {
            Err(Refusal::field("envelope.content.text", "not blank"))
        }
        (_, Content::Text { text }) if text.contains('\0') => {
            Err(Refusal::field("envelope.content.text", "no NUL characters"))
        }
        (_, Content::Text { .. }) => Ok(()),
    }
}

fn check_sealed(sealed: &Sealed) -> Result<(), Refusal> {
    if !(1..=64).contains(&sealed.scheme.len()) {
        return Err(Refusal::field("envelope.scheme", "1 to 64 characters"));
    }
    if sealed.ciphertext.is_empty() || STANDARD.decode(&sealed.ciphertext).is_err() {
        return Err(Refusal::field("envelope.ciphertext", "base64 of at least one byte"));
    }
    Ok(())
}

/// Whether `by` may apply a change of this kind to `target` now.
pub fn may_change(kind: EntryKind, target: &Entry, change: &Change) -> Result<(), Refusal> {
    if target.kind != EntryKind::Message {
        return Err(Refusal::field("target", "not a message"));
    }
    match kind {
        EntryKind::Edit | EntryKind::Retract if target.sender_id != change.by => {
            Err(Refusal { field: Some("target".into()), ..Refusal::new(Code::Forbidden, "this message is not yours") })
        }
        EntryKind::Edit if change.now.ms_since(target.sent_at) > EDIT_WINDOW_MS => {
            Err(Refusal::field("target", "a message can be edited for 24 hours"))
        }
        EntryKind::Edit | EntryKind::Reaction if target.envelope.is_none() => {
            Err(Refusal::field("target", "this message was taken back"))
        }
        EntryKind::Edit | EntryKind::Reaction | EntryKind::Retract | EntryKind::Message | EntryKind::System => Ok(()),
    }
}

/// Who changes something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Who.
    pub by: UserId,
    /// When.
    pub now: Timestamp,
}

/// The entry as a reader may see it now: what has expired has lost its words.
pub fn as_seen(entry: Entry, now: Timestamp) -> Entry {
    match entry.expires_at {
        Some(end) if end <= now => Entry { envelope: None, ..entry },
        _ => entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> NewMessage {
        NewMessage {
            id: None,
            kind: None,
            target: None,
            envelope: Some(Envelope::Plain { content: Content::Text { text: words.into() } }),
            reply_to: None,
            ..NewMessage::default()
        }
    }

    fn refused_field(message: &NewMessage) -> String {
        check(message, Plaintext::Allowed).unwrap_err().field.unwrap().into_owned()
    }

    fn live(sender: u8) -> Entry {
        Draft {
            id: [9; 16].into(),
            conversation: [1; 16].into(),
            kind: EntryKind::Message,
            target: None,
            sender: [sender; 16].into(),
            device: [1; 16].into(),
            sent_at: Timestamp(0),
            envelope: text("hi").envelope,
            reply_to: None,
            expires_at: None,
            boxes: Vec::new(),
            system: None,
            stamp: None,
        }
        .at(Seq(1))
    }

    #[test]
    fn words_are_taken_and_blanks_are_not() {
        assert_eq!(check(&text("hello"), Plaintext::Allowed), Ok(EntryKind::Message));
        for blank in ["", " \n\t ", "a\0b"] {
            assert_eq!(refused_field(&text(blank)), "envelope.content.text");
        }
    }

    #[test]
    fn plain_words_are_refused_unless_allowed() {
        assert_eq!(check(&text("hello"), Plaintext::Refused).unwrap_err().code, Code::PlaintextRefused);
    }

    #[test]
    fn an_envelope_has_a_limit() {
        let refusal = check(&text(&"x".repeat(MAX_ENVELOPE)), Plaintext::Allowed).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (Code::TooLarge, Some("envelope")));
        assert!(check(&text(&"x".repeat(MAX_ENVELOPE - 64)), Plaintext::Allowed).is_ok());
    }

    #[test]
    fn each_kind_needs_what_it_needs() {
        assert_eq!(refused_field(&NewMessage { kind: Some(EntryKind::Edit), ..text("x") }), "target");
        assert_eq!(refused_field(&NewMessage { kind: Some(EntryKind::System), ..text("x") }), "kind");
        assert_eq!(refused_field(&NewMessage { target: Some([1; 16].into()), ..text("x") }), "target");
        assert_eq!(refused_field(&NewMessage { envelope: None, ..text("x") }), "envelope");
        assert_eq!(refused_field(&NewMessage { expires_in: Some(0), ..text("x") }), "expires_in");
        let retract = NewMessage { kind: Some(EntryKind::Retract), target: Some([1; 16].into()), ..text("x") };
        assert_eq!(refused_field(&retract), "envelope");
        assert_eq!(check(&NewMessage { envelope: None, ..retract }, Plaintext::Refused), Ok(EntryKind::Retract));
        let reaction = NewMessage { kind: Some(EntryKind::Reaction), target: Some([1; 16].into()), ..text("x") };
        assert_eq!(refused_field(&reaction), "envelope.content.type");
    }

    #[test]
    fn only_the_sender_changes_a_message_and_not_for_ever() {
        let change = |by: u8, now| Change { by: [by; 16].into(), now: Timestamp(now) };
        assert!(may_change(EntryKind::Edit, &live(1), &change(1, EDIT_WINDOW_MS)).is_ok());
        assert!(may_change(EntryKind::Edit, &live(1), &change(1, EDIT_WINDOW_MS + 1)).is_err());
        assert!(may_change(EntryKind::Retract, &live(1), &change(1, EDIT_WINDOW_MS * 99)).is_ok());
        assert_eq!(may_change(EntryKind::Edit, &live(1), &change(2, 0)).unwrap_err().code, Code::Forbidden);
        assert_eq!(may_change(EntryKind::Retract, &live(1), &change(2, 0)).unwrap_err().code, Code::Forbidden);
        assert!(may_change(EntryKind::Reaction, &live(1), &change(2, 0)).is_ok());
    }

    #[test]
    fn a_message_taken_back_takes_no_more_changes() {
        let gone = Entry { envelope: None, ..live(1) };
        let change = Change { by: [1; 16].into(), now: Timestamp(0) };
        assert!(may_change(EntryKind::Edit, &gone, &change).is_err());
        assert!(may_change(EntryKind::Reaction, &gone, &change).is_err());
        assert!(may_change(EntryKind::Retract, &gone, &change).is_ok());
    }

    #[test]
    fn what_has_expired_has_lost_its_words() {
        let entry = Entry { expires_at: Some(Timestamp(10)), ..live(1) };
        assert!(as_seen(entry.clone(), Timestamp(9)).envelope.is_some());
        assert!(as_seen(entry, Timestamp(10)).envelope.is_none());
    }
}
