//! What a device says, until it is answered, and how far it says that it has come.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use shared_types::{ConversationId, UserId};
use tokio::time::sleep;
use uuid::Uuid;

use super::Device;
use crate::history::{Kind, Marks, Outcome, What};
use crate::keys::{Draft, Line};
use crate::socket::Socket;

impl Device {
    /// Thinks of something to say.
    pub(super) fn act(&mut self) {
        let conversations: Vec<Uuid> = self.views.keys().copied().collect();
        let Some(conversation) = self.dice.pick(&conversations).copied() else { return };
        self.said += 1;
        let words = format!("canary-{}-{}", self.account.username, self.said);
        let throw = self.dice.below(100);
        let view = self.views.entry(conversation).or_default();
        let (kind, target, words) = match throw {
            0..10 => (Kind::Edit, self.dice.pick(&view.own).copied(), Some(words)),
            10..20 => (Kind::Reaction, self.dice.pick(&view.messages).copied(), Some("👍".to_owned())),
            20..26 => (Kind::Retract, self.dice.pick(&view.own).copied(), None),
            _ => (Kind::Message, None, Some(words)),
        };
        if kind != Kind::Message && target.is_none() {
            return;
        }
        self.outbox.push_back(Draft { conversation, id: Uuid::now_v7(), kind, target, words, sealed: None });
    }

    /// Sends all that waits, in order, each until it is answered.
    pub(super) async fn flush(&mut self, socket: &mut Socket) -> Result<()> {
        while !self.outbox.is_empty() {
            self.seal_first().await?;
            let Some(draft) = self.outbox.front().cloned() else { break };
            let over_http = self.dice.percent(25);
            let twice = self.dice.percent(5);
            let mut answer = self.send(&draft, over_http, socket).await;
            if answer.is_ok() && twice {
                answer = self.send(&draft, !over_http, socket).await;
            }
            if answer? {
                self.outbox.pop_front();
            } else {
                sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }

    /// Sees to it that the next draft is sealed. One that was sent is not sealed again, unless that was asked for.
    async fn seal_first(&mut self) -> Result<()> {
        let api = self.api()?;
        let line = Line { api: &api, token: &self.account.token };
        let Some(draft) = self.outbox.front_mut() else { return Ok(()) };
        if draft.words.is_none() || draft.sealed.is_some() {
            return Ok(());
        }
        let place = self.views.get(&draft.conversation).and_then(|view| view.place);
        let sealed = self.keys.seal(&line, draft, place.context("a conversation of no known kind")?).await?;
        draft.sealed = Some(sealed);
        Ok(())
    }

    /// Sends one draft once. Whether it is settled: an error is a lost connection, `false` is 'not now'.
    async fn send(&mut self, draft: &Draft, over_http: bool, socket: &mut Socket) -> Result<bool> {
        let answer = if over_http { self.send_http(draft).await } else { self.send_socket(draft, socket).await };
        let result = match &answer {
            Ok((outcome, _)) => outcome.clone(),
            Err(_) => Outcome::Unknown,
        };
        let Draft { conversation, id, kind, target, .. } = *draft;
        let words = draft.sealed.as_ref().map(|sealed| sealed.mark.clone());
        self.notes.note(self.client, What::Sent { conversation, message_id: id, kind, target, words, result });
        let (outcome, problem) = answer?;
        match &outcome {
            Outcome::Refused(code) if code == "unavailable" => Ok(false),
            Outcome::Refused(code) if code.starts_with("stale_") => {
                self.refresh(draft, &problem).await?;
                Ok(false)
            }
            Outcome::Refused(_) | Outcome::Accepted | Outcome::Unknown => {
                self.keys.accepted(id);
                Ok(true)
            }
        }
    }

    /// People's devices, or a group's members, have changed: it has to be sealed for them as they are now.
    async fn refresh(&mut self, draft: &Draft, problem: &Value) -> Result<()> {
        let api = self.api()?;
        let line = Line { api: &api, token: &self.account.token };
        let people: Vec<UserId> = match problem.get("refresh") {
            Some(people) => serde_json::from_value(people.clone())?,
            None => Vec::new(),
        };
        if people.is_empty() {
            self.keys.follow(&line, ConversationId(draft.conversation)).await?;
        } else {
            self.keys.look(&line, &people).await?;
        }
        if matches!(self.views.get(&draft.conversation).and_then(|view| view.place), Some(crate::keys::Place::Group(_)))
        {
            self.keys.refused(draft.id);
        }
        if let Some(first) = self.outbox.front_mut().filter(|first| first.id == draft.id) {
            first.sealed = None;
        }
        Ok(())
    }

    async fn send_socket(&self, draft: &Draft, socket: &mut Socket) -> Result<(Outcome, Value)> {
        let mut payload = body(draft);
        if let Some(fields) = payload.as_object_mut() {
            fields.insert("conversation_id".to_owned(), json!(draft.conversation));
        }
        let ack = socket.call("message:send", &payload).await?;
        let outcome = outcome(ack.get("ok") == Some(&Value::Bool(true)), ack.pointer("/error/code"), &ack)?;
        Ok((outcome, ack.get("error").cloned().unwrap_or_default()))
    }

    async fn send_http(&mut self, draft: &Draft) -> Result<(Outcome, Value)> {
        let path = format!("/api/v1/conversations/{}/messages", draft.conversation);
        let answer = self.api()?.call("POST", &path, Some(&self.account.token), Some(&body(draft))).await?;
        let outcome = outcome(answer.status == 202, answer.body.get("code"), &answer.body)?;
        Ok((outcome, answer.body))
    }

    /// Says how far it has come, where that is further than it last said.
    pub(super) async fn mark(&mut self, socket: &mut Socket) -> Result<()> {
        let behind = self.views.iter().find(|(_, view)| view.cursor > view.marked).map(|(id, view)| (*id, view.cursor));
        let Some((conversation, cursor)) = behind.filter(|_| self.dice.percent(30)) else { return Ok(()) };
        let marks = Marks { delivered: cursor, read: self.dice.below(cursor + 1) };
        let payload =
            json!({"conversation_id": conversation, "delivered_seq": marks.delivered, "read_seq": marks.read});
        let answer = socket.call("receipt", &payload).await;
        let result = match &answer {
            Ok(ack) => outcome(ack.get("ok") == Some(&Value::Bool(true)), ack.pointer("/error/code"), ack)?,
            Err(_) => Outcome::Unknown,
        };
        self.notes.note(self.client, What::MarksSet { conversation, marks, result });
        answer?;
        self.view(conversation).marked = cursor;
        Ok(())
    }
}

fn body(draft: &Draft) -> Value {
    let mut fields = draft.sealed.as_ref().map(|sealed| sealed.fields.clone()).unwrap_or_default();
    fields.insert("id".to_owned(), json!(draft.id));
    fields.insert("kind".to_owned(), json!(draft.kind));
    if let Some(target) = draft.target {
        fields.insert("target".to_owned(), json!(target));
    }
    Value::Object(fields)
}

fn outcome(good: bool, code: Option<&Value>, answer: &Value) -> Result<Outcome> {
    if good {
        return Ok(Outcome::Accepted);
    }
    let code = code.and_then(Value::as_str).with_context(|| format!("neither yes nor a problem: {answer}"))?;
    Ok(Outcome::Refused(code.to_owned()))
}
