//! Repairs: asking for keys that did not come, and answering those who ask.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use crypto_core::Error;
use crypto_core::device::Device;
use serde_json::json;
use shared_types::keys::{Address, KeyMail};
use shared_types::{ConversationId, Message, MessageId};

use super::{Keys, Line, Remedy, now_ms};
use crate::history::KeyWork;

/// How long a message may stay shut before its sender is asked; twice as long each time, up to the longest.
const PATIENCE: Duration = Duration::from_millis(1_500);
const LONGEST: u32 = 8;
/// The server's own bound of a call.
const MOST_MAIL: usize = 100;

/// A message that does not open yet.
#[derive(Debug)]
pub(super) struct Shut {
    pub(super) message: Message,
    since: Instant,
    due: Instant,
    /// How often its sender was asked, as far as this says how long to wait for the next time.
    patience: u32,
}

impl Keys {
    pub(super) fn is_shut(&mut self, message: &Message, error: Option<&Error>) {
        if let Some(error) = error.filter(|error| error.remedy() == crypto_core::Remedy::Refuse) {
            self.refuse("a message", error);
        }
        let now = Instant::now();
        self.shut.entry(message.id).or_insert(Shut {
            message: message.clone(),
            since: now,
            due: now + PATIENCE,
            patience: 1,
        });
    }

    /// Does what is owed to others, and asks them for what does not open here.
    pub(crate) async fn settle(&mut self, line: &Line<'_>) -> Result<()> {
        while let Some((asker, messages)) = self.owed.first().cloned() {
            self.reach(line, &[asker.user_id]).await?;
            self.answer(asker, &messages)?;
            self.owed.remove(0);
        }
        for group in std::mem::take(&mut self.behind) {
            self.follow(line, group).await?;
            self.hear_again()?;
        }
        if self.mishaps.remedy == Remedy::Asks {
            self.ask(line).await?;
        }
        self.post(line).await
    }

    fn answer(&mut self, asker: Address, messages: &[MessageId]) -> Result<()> {
        let mine = self.device.me().device_id;
        let kept =
            messages.iter().filter_map(|id| Some((*id, self.disk.aside(&Device::record_name(*id, mine))?.into())));
        let kept: Vec<(MessageId, Vec<u8>)> = kept.collect();
        match self.device.answer(asker, &kept, now_ms()) {
            // Whoever asks may be gone from the list.
            Ok(()) | Err(Error::UnknownDevice(..)) => {}
            Err(error) => self.refuse("a request", &error),
        }
        self.commit()
    }

    async fn ask(&mut self, line: &Line<'_>) -> Result<()> {
        let now = Instant::now();
        if !self.shut.values().any(|shut| shut.due <= now) {
            return Ok(());
        }
        // Its box may lie in the mailbox all the while.
        if self.shut.values().any(|shut| shut.due <= now && self.mailbox_read.is_none_or(|read| read < shut.since)) {
            self.read_mailbox(line).await?;
        }
        let mut due: BTreeMap<(Address, ConversationId), BTreeSet<MessageId>> = BTreeMap::new();
        for (id, shut) in self.shut.iter().filter(|(_, shut)| shut.due <= now) {
            let Message { sender_id: user_id, sender_device_id: device_id, conversation_id, .. } = shut.message;
            due.entry((Address { user_id, device_id }, conversation_id)).or_default().insert(*id);
        }
        for ((device, conversation), ids) in due {
            let messages: Vec<MessageId> = ids.into_iter().collect();
            self.ask_for(line, device, (conversation, &messages)).await?;
            for id in &messages {
                if let Some(shut) = self.shut.get_mut(id) {
                    shut.patience = (shut.patience * 2).min(LONGEST);
                    shut.due = now + PATIENCE * shut.patience;
                }
            }
        }
        Ok(())
    }

    async fn ask_for(
        &mut self,
        line: &Line<'_>,
        device: Address,
        (conversation, messages): (ConversationId, &[MessageId]),
    ) -> Result<()> {
        // Its own earlier life can't be asked, nor can who is in no list that is known.
        if device == self.device.me() || !self.device.devices_of([device.user_id]).contains(&device) {
            return self.look(line, &[device.user_id]).await;
        }
        let hasty = self.hasty_ms();
        let may = self.device.may_repair(device, hasty);
        if may && self.begin(line, &[device]).await? {
            self.device.repaired(device, hasty);
        }
        if !self.device.unreached(&[device], now_ms()).is_empty() {
            return Ok(());
        }
        if let Err(error) = self.device.ask_again(device, conversation, messages, now_ms()) {
            self.refuse("a request of one's own", &error);
        }
        self.commit()?;
        for id in messages {
            self.note(KeyWork::AskedAgain { message_id: id.0 });
        }
        Ok(())
    }

    /// Posts the boxes that wait for that.
    pub(super) async fn post(&mut self, line: &Line<'_>) -> Result<()> {
        let mail = self.device.mail();
        for some in mail.chunks(MOST_MAIL) {
            let body = json!({ "mail": some });
            self.good(line, ("POST", "/mailbox", Some(&body))).await?;
            self.device.posted(&some.iter().map(|mail: &KeyMail| mail.id).collect::<Vec<_>>());
            self.commit()?;
        }
        Ok(())
    }
}
