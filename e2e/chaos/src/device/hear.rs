//! What reaches a device: pages, events and boxes.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use shared_types::UserId;
use shared_types::entry::MessagePage;
use shared_types::keys::MailboxItem;
use shared_types::socket::KeysEvent;
use uuid::Uuid;

use super::Device;
use crate::api::uuid_at;
use crate::history::{Via, What};
use crate::keys::Line;
use crate::socket::Event;
use crate::view::{Taken, read_entry, read_marks, read_place};

impl Device {
    /// Asks for everything missed.
    pub async fn catch_up(&mut self) -> Result<()> {
        let heads: BTreeMap<Uuid, u64> = self.views.iter().map(|(id, view)| (*id, view.cursor)).collect();
        let body = json!({ "heads": heads });
        let api = self.api()?;
        let answer = api.call("POST", "/api/v1/sync", Some(&self.account.token), Some(&body)).await?.good()?;
        for synced in answer.get("conversations").and_then(Value::as_array).context("no conversations in the sync")? {
            let id = uuid_at(synced, "/conversation/id")?;
            let conversation = synced.get("conversation").context("no conversation in the sync")?;
            self.view(id).place = Some(read_place(conversation, self.account.user)?);
            for message in synced.get("messages").and_then(Value::as_array).into_iter().flatten() {
                self.hear(message, Via::Page)?;
            }
            // One that is new to us begins with its newest page; and a long absence does not fit into one page.
            let head = synced.pointer("/conversation/head_seq").and_then(Value::as_u64).unwrap_or_default();
            if self.view(id).cursor < head {
                self.close_gap(id).await?;
            }
            for receipt in synced.get("receipts").and_then(Value::as_array).into_iter().flatten() {
                self.hear_marks(id, receipt, Via::Page)?;
            }
        }
        Ok(())
    }

    async fn close_gap(&mut self, id: Uuid) -> Result<()> {
        loop {
            let cursor = self.view(id).cursor;
            let page = self.api()?.page(&self.account.token, id, cursor).await?;
            for message in page.get("messages").and_then(Value::as_array).into_iter().flatten() {
                self.hear(message, Via::Page)?;
            }
            if page.get("has_more").and_then(Value::as_bool) != Some(true) {
                return Ok(());
            }
        }
    }

    fn hear(&mut self, message: &Value, via: Via) -> Result<(Uuid, Taken)> {
        let (conversation, entry) = read_entry(message)?;
        self.notes.note(self.client, What::Heard { conversation, entry: entry.clone(), via });
        let me = self.account.user;
        let taken = self.view(conversation).offer(&entry, me);
        if taken == Taken::Shown {
            self.notes.note(self.client, What::Shown { conversation, message_id: entry.id, seq: entry.seq });
        }
        // What stands in the log need not be sent again.
        if entry.sender == me && self.outbox.iter().all(|draft| draft.id != entry.id) {
            self.keys.accepted(entry.id);
        }
        if entry.words.is_some() {
            self.keys.hear(&serde_json::from_value(message.clone())?)?;
        }
        Ok((conversation, taken))
    }

    fn hear_marks(&self, conversation: Uuid, value: &Value, via: Via) -> Result<()> {
        let (of, marks) = (uuid_at(value, "/user_id")?, read_marks(value)?);
        self.notes.note(self.client, What::MarksHeard { conversation, of, marks, via });
        Ok(())
    }

    pub(super) async fn hear_event(&mut self, event: &Event) -> Result<()> {
        match event.name.as_str() {
            "message" => {
                // First the key, then what it opens.
                if let Some(item) = event.data.get("box") {
                    self.receive(vec![serde_json::from_value(item.clone())?]).await?;
                }
                let (conversation, taken) = self.hear(&event.data, Via::Event)?;
                if taken == Taken::Gap {
                    self.close_gap(conversation).await?;
                }
            }
            "receipt" => self.hear_marks(uuid_at(&event.data, "/conversation_id")?, &event.data, Via::Event)?,
            // From this moment on it is told of everything; before, of nothing.
            "ready" => {
                let heads = event.data.get("heads").and_then(Value::as_object).context("no heads")?;
                for (id, head) in heads {
                    let id = id.parse()?;
                    if self.view(id).cursor < head.as_u64().context("a head that is no number")? {
                        self.close_gap(id).await?;
                    }
                }
            }
            "mailbox" => {
                let items = event.data.get("items").cloned().unwrap_or_else(|| json!([]));
                self.receive(serde_json::from_value(items)?).await?;
            }
            "keys" => {
                let wanted: KeysEvent = serde_json::from_value(event.data.clone())?;
                if wanted.device_id.0 == self.account.device {
                    let api = self.api()?;
                    let line = Line { api: &api, token: &self.account.token };
                    self.keys.bring(&line, wanted.one_time_left).await?;
                }
            }
            "devices" => {
                let api = self.api()?;
                let line = Line { api: &api, token: &self.account.token };
                self.keys.look(&line, &[UserId(self.account.user)]).await?;
            }
            // `typing`, `presence`, `conversation`, `session`: nothing that the log depends on.
            _ => {}
        }
        Ok(())
    }

    async fn receive(&mut self, items: Vec<MailboxItem>) -> Result<()> {
        let api = self.api()?;
        let line = Line { api: &api, token: &self.account.token };
        self.keys.receive(&line, &items).await
    }

    /// A last look, as by a client that was just started: everything that there is, and what of it can be read.
    pub async fn look(&mut self) -> Result<()> {
        self.keys.set_calm(true);
        self.keys.start_again()?;
        self.catch_up().await?;
        let api = self.api()?;
        let line = Line { api: &api, token: &self.account.token };
        self.keys.read_mailbox(&line).await?;
        for conversation in self.views.keys() {
            let mut after = 0;
            loop {
                let page: MessagePage = serde_json::from_value(api.page(line.token, *conversation, after).await?)?;
                for message in page.messages.iter().filter(|message| message.envelope.is_some()) {
                    self.keys.look_again(message)?;
                }
                match page.messages.last() {
                    Some(last) if page.has_more => after = last.seq.0,
                    _ => break,
                }
            }
        }
        Ok(())
    }
}
