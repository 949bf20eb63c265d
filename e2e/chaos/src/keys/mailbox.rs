//! The mailbox: boxes are opened in their order, and acknowledged once what they brought is committed.

use std::time::Instant;

use anyhow::Result;
use crypto_core::device::Received;
use crypto_core::{Error, Remedy};
use serde_json::json;
use shared_types::keys::{Mailbox, MailboxItem};
use shared_types::{MessageId, UserId};

use super::directory::read;
use super::{Keys, Line, now_ms};
use crate::history::KeyWork;

impl Keys {
    /// Reads all that waits in the mailbox.
    pub(crate) async fn read_mailbox(&mut self, line: &Line<'_>) -> Result<()> {
        let began = Instant::now();
        loop {
            let page: Mailbox = read(self.good(line, ("GET", "/mailbox", None)).await?)?;
            self.receive(line, &page.items).await?;
            self.ack(line).await?;
            if !page.has_more || page.items.is_empty() {
                break;
            }
        }
        self.mailbox_read = Some(began);
        Ok(())
    }

    /// Acknowledges what was opened.
    pub(crate) async fn ack(&mut self, line: &Line<'_>) -> Result<()> {
        let ids: Vec<MessageId> = self.to_ack.iter().copied().take(1_000).collect();
        if ids.is_empty() {
            return Ok(());
        }
        self.good(line, ("POST", "/mailbox/ack", Some(&json!({ "ids": ids })))).await?;
        self.to_ack.retain(|id| !ids.contains(id));
        Ok(())
    }

    /// Opens boxes, in their order, and then what they open.
    pub(crate) async fn receive(&mut self, line: &Line<'_>, items: &[MailboxItem]) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let senders = items.iter().map(|item| item.from.user_id);
        let strangers: Vec<UserId> = senders.filter(|user| self.device.peer(*user).is_none()).collect();
        self.look(line, &strangers).await?;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for item in items {
            if !self.is_calm && self.dice.below(1_000) < self.mishaps.lost_boxes && !self.to_ack.contains(&item.id) {
                self.note(KeyWork::BoxLost { id: item.id.0 });
                done.push(item.id);
                continue;
            }
            match self.take(item) {
                Ok(()) => done.push(item.id),
                Err(_) => failed.push(item),
            }
        }
        self.commit()?;
        self.to_ack.extend(done);
        // The sender may have another device, or other keys, than this one knows.
        if !failed.is_empty() {
            self.look(line, &failed.iter().map(|item| item.from.user_id).collect::<Vec<_>>()).await?;
        }
        for item in failed {
            if let Err(error) = self.take(item) {
                self.note(KeyWork::BoxFailed { id: item.id.0, why: error.to_string() });
                if error.remedy() == Remedy::Refuse {
                    self.refuse("a box", &error);
                }
            }
            self.commit()?;
            self.to_ack.insert(item.id);
        }
        self.hear_again()
    }

    fn take(&mut self, item: &MailboxItem) -> crypto_core::Result<()> {
        match self.device.receive(item, now_ms()) {
            Ok(Received::Asked(device, messages)) => self.owed.push((device, messages)),
            // What it opens is tried right after.
            Ok(Received::Key(_) | Received::Sender(_)) | Err(Error::Duplicate | Error::NotForThisDevice) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
