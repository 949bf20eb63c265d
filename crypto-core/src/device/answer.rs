//! Repair: asking a device for keys once more, and answering it.

use shared_types::{ConversationId, MessageId, keys::Address};

use super::{
    Device,
    keep::{Known, Readers},
};
use crate::{
    Result,
    groups::{Reader, could_read},
    payload::{MOST_AGAIN, News},
};

/// How often a new session is begun to repair the one with the same device, at most, in milliseconds: once an hour.
const REPAIR_EVERY_MS: u64 = 3_600_000;

impl Device {
    /// Whether a new session may be begun with this device because the old one fails; true once an hour.
    pub fn may_repair(&self, device: Address, now: u64) -> bool {
        self.sessions.get(device).is_none_or(|sessions| now.saturating_sub(sessions.repaired_at) >= REPAIR_EVERY_MS)
    }

    /// Notes that a new session was begun for that reason.
    pub fn repaired(&mut self, device: Address, now: u64) {
        self.sessions.get_or_default(device).repaired_at = now;
    }

    /// Asks a device for the keys to these messages of its own: a box among [`Self::mail`].
    ///
    /// # Errors
    /// [`crate::Error::NoPrekey`] where there is no session with it.
    pub fn ask_again(
        &mut self,
        device: Address,
        conversation: ConversationId,
        messages: &[MessageId],
        now: u64,
    ) -> Result<()> {
        for some in messages.chunks(MOST_AGAIN) {
            for key_box in self.seal_for(&[device], &News::Again(some.to_vec()))? {
                self.post(conversation, key_box, now);
            }
        }
        Ok(())
    }

    /// Answers a device that asked, with what was kept of these messages; boxes among [`Self::mail`].
    ///
    /// Only what this device sealed for that very device is given out: who was no reader then does not become one now. In a
    /// group it gets the sender key with the next message, too.
    ///
    /// # Errors
    /// [`crate::Error::NoPrekey`] where there is no session with it.
    pub fn answer(&mut self, asker: Address, kept: &[(MessageId, Vec<u8>)], now: u64) -> Result<()> {
        let reader = Reader { device: asker, key: self.signing_key(asker)? };
        for (id, record) in kept {
            let known: Known = self.vault.open(&Self::record_name(*id, self.me.device_id), record)?;
            if !self.was_reader(reader, &known) {
                continue;
            }
            for key_box in self.seal_for(&[asker], &News::Content(known.key))? {
                self.post(known.conversation, key_box, now);
            }
            if let Some(speaking) = self.speaking.get_mut(known.conversation)
                && !speaking.owed.contains(&reader)
            {
                speaking.owed.push(reader);
            }
        }
        Ok(())
    }

    fn was_reader(&self, reader: Reader, known: &Known) -> bool {
        match &known.readers {
            None => false,
            Some(Readers::Devices(devices)) => devices.contains(&reader),
            Some(Readers::Chain(chain, position)) => {
                let speaking = self.speaking.get(known.conversation).filter(|it| it.id().as_ref() == Ok(chain));
                let holders = speaking.map(|it| &it.holders).or_else(|| self.spoken.get(*chain).map(|it| &it.holders));
                holders.is_some_and(|holders| could_read(holders, reader, *position))
            }
        }
    }
}
