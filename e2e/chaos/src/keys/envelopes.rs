//! Envelopes: sealed for just the devices that there are, and opened again.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use crypto_core::device::{Device, Draft as ToSeal};
use crypto_core::header::SCHEME;
use serde_json::{Map, Value, json};
use shared_types::{ConversationId, EntryKind, Envelope, Message, MessageId, Sealed, UserId};
use uuid::Uuid;

use super::{Keys, Line, now_ms};
use crate::history::{KeyWork, Kind};

/// What the marks of envelopes begin with.
const MARK: &str = "sealed-";

/// Something to be said, under an id that never changes.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Where.
    pub(crate) conversation: Uuid,
    /// Its id.
    pub(crate) id: Uuid,
    /// What kind of entry.
    pub(crate) kind: Kind,
    /// The message it is about.
    pub(crate) target: Option<Uuid>,
    /// What it says; only a retraction says nothing.
    pub(crate) words: Option<String>,
    /// How it was sealed, where it was: what was sent is sent again as it is.
    pub(crate) sealed: Option<SealedCall>,
}

/// What kind of place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A conversation with one other person.
    Direct(UserId),
    /// A group, with the number of statements about its members.
    Group(u64),
}

/// The sealed part of a call.
#[derive(Debug, Clone)]
pub(crate) struct SealedCall {
    /// Its fields.
    pub(crate) fields: Map<String, Value>,
    /// By which the envelope is known again.
    pub(crate) mark: String,
}

/// By which an envelope is known again: all of it goes in.
pub(crate) fn mark_of(sealed: &Sealed) -> Option<String> {
    let bytes = serde_json::to_vec(sealed).ok().filter(|_| sealed.scheme == SCHEME)?;
    Some(format!("{MARK}{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, &bytes)))
}

/// What a content says.
pub(crate) fn words_of(content: &Value) -> Option<String> {
    let words = ["/text", "/emoji"].iter().find_map(|place| content.pointer(place));
    words.and_then(Value::as_str).map(str::to_owned)
}

fn content_of(draft: &Draft) -> Value {
    match draft.kind {
        Kind::Reaction => json!({"type": "reaction", "emoji": draft.words, "active": true}),
        Kind::Message | Kind::Edit | Kind::Retract | Kind::System => json!({"type": "text", "text": draft.words}),
    }
}

const fn wire_kind(kind: Kind) -> EntryKind {
    match kind {
        Kind::Message => EntryKind::Message,
        Kind::Edit => EntryKind::Edit,
        Kind::Reaction => EntryKind::Reaction,
        Kind::Retract => EntryKind::Retract,
        Kind::System => EntryKind::System,
    }
}

impl Keys {
    /// Seals a draft for everyone who is to read it. What comes back may be sent: it is committed, and in a group the
    /// sender's key is with the server.
    pub(crate) async fn seal(&mut self, line: &Line<'_>, draft: &Draft, place: Place) -> Result<SealedCall> {
        let body = content_of(draft).to_string();
        let to_seal = ToSeal {
            conversation: ConversationId(draft.conversation),
            id: MessageId(draft.id),
            kind: wire_kind(draft.kind),
            target: draft.target.map(MessageId),
            reply_to: None,
            body: body.as_bytes(),
        };
        let people = self.people_of(line, to_seal.conversation, place).await?;
        let unknown: Vec<UserId> = people.iter().copied().filter(|user| self.device.peer(*user).is_none()).collect();
        self.look(line, &unknown).await?;
        self.reach(line, &people).await?;
        let outgoing = match place {
            // Nobody can be written to who has no device yet that could read it.
            Place::Direct(with) if self.device.peer(with).is_none() => bail!("{with} has no devices yet"),
            Place::Direct(with) => self.device.seal_direct(&to_seal, with, now_ms()),
            Place::Group(_) => self.device.seal_group(&to_seal, now_ms()),
        };
        let outgoing = outgoing.inspect_err(|error| self.refuse("a draft", error))?;
        self.commit()?;

        let mark = mark_of(&outgoing.envelope).context("an envelope of another scheme")?;
        let mut fields = Map::from_iter([("envelope".to_owned(), json!(Envelope::Sealed(outgoing.envelope)))]);
        let others = match place {
            Place::Direct(_) => outgoing.boxes.iter().map(|key_box| key_box.to.device_id.0).collect::<Vec<_>>(),
            Place::Group(_) => self.device.devices_of(people.clone()).iter().map(|reader| reader.device_id.0).collect(),
        };
        let readers: BTreeSet<Uuid> = others.into_iter().chain([self.device.me().device_id.0]).collect();
        self.note(KeyWork::Sealed {
            message_id: draft.id,
            mark: mark.clone(),
            words: draft.words.clone().unwrap_or_default(),
            readers,
        });
        if matches!(place, Place::Group(_)) {
            fields.insert("roster".to_owned(), json!(outgoing.roster));
            // The sender's key goes before what it opens.
            self.post(line).await?;
        } else {
            fields.insert("boxes".to_owned(), json!(outgoing.boxes));
        }
        Ok(SealedCall { fields, mark })
    }

    /// Who is to read what is said there, as far as it was signed.
    async fn people_of(&mut self, line: &Line<'_>, id: ConversationId, place: Place) -> Result<Vec<UserId>> {
        let epoch = match place {
            Place::Direct(with) => return Ok(vec![self.device.me().user_id, with]),
            Place::Group(epoch) => epoch,
        };
        if self.device.members(id).is_none_or(|members| members.epoch < epoch) {
            self.follow(line, id).await?;
        }
        let members = self.device.members(id).context("a group whose members are not signed")?;
        Ok(members.roles.keys().copied().collect())
    }

    /// The server has refused it for what has changed since: in a group it is sealed anew.
    pub(crate) fn refused(&mut self, id: Uuid) {
        self.device.refused(MessageId(id));
    }

    /// The server has accepted it: what was kept to send it again may go.
    pub(crate) fn accepted(&mut self, id: Uuid) {
        self.device.accepted(MessageId(id));
    }

    /// A message reached this device: it is opened now, or as soon as its key has come.
    pub(crate) fn hear(&mut self, message: &Message) -> Result<()> {
        if self.opened.contains(&message.id) {
            return Ok(());
        }
        let group = message.conversation_id;
        if let Some(Envelope::Sealed(Sealed { context: Some(context), .. })) = &message.envelope
            && context.epoch > self.device.members(group).map_or(0, |members| members.epoch)
        {
            self.behind.insert(group);
        }
        let opened = self.open(message);
        // Until its key is committed: who ends before that has it in its log, and tries again.
        self.is_shut(message, opened.as_ref().err());
        opened.map_or(Ok(()), |words| self.read(message, words))
    }

    /// Opens what did not open before, as far as its keys have come.
    pub(crate) fn hear_again(&mut self) -> Result<()> {
        let waiting: Vec<Message> = self.shut.values().map(|shut| shut.message.clone()).collect();
        for message in waiting {
            if let Ok(words) = self.open(&message) {
                self.read(&message, words)?;
            }
        }
        Ok(())
    }

    /// What can be read of a message now, with nothing but what is committed; noted either way.
    pub(crate) fn look_again(&mut self, message: &Message) -> Result<()> {
        self.opened.remove(&message.id);
        match self.open(message) {
            Ok(words) => self.read(message, words),
            Err(error) => {
                let what = KeyWork::Shut { message_id: message.id.0, why: error.to_string() };
                self.note(what);
                Ok(())
            }
        }
    }

    fn open(&mut self, message: &Message) -> crypto_core::Result<String> {
        let kept = self.disk.aside(&Device::record_of(message));
        let opened = self.device.open(message, kept)?;
        let content = serde_json::from_slice(&opened.body).unwrap_or_default();
        Ok(words_of(&content).unwrap_or_else(|| format!("no content: {content}")))
    }

    /// Its words count as read once their key is committed.
    fn read(&mut self, message: &Message, words: String) -> Result<()> {
        self.commit()?;
        self.note(KeyWork::Opened { message_id: message.id.0, words });
        self.opened.insert(message.id);
        self.shut.remove(&message.id);
        Ok(())
    }
}
