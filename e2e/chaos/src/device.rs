//! One device in the storm: it connects, catches up, says things, says them again until it hears back, and notes it all.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use crate::api::{Account, Api, uuid_at};
use crate::dice::Dice;
use crate::history::{Client, Kind, Marks, Outcome, Recorder, Via, What};
use crate::phase::{Phase, Standing, Standings};
use crate::socket::{Event, Socket};
use crate::view::{Taken, View, read_entry, read_marks, sealed};

/// Something to be sent, under an id that never changes.
#[derive(Debug, Clone)]
struct Draft {
    conversation: Uuid,
    id: Uuid,
    kind: Kind,
    target: Option<Uuid>,
    words: Option<String>,
}

/// Where a server's sockets are, and its HTTP.
pub type Server = (SocketAddr, Api);

/// How a device behaves.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How often it acts while connected: the longest pause.
    pub pause_ms: u64,
    /// How long it stays connected at most, before it goes and comes back, perhaps to another server.
    pub stay: Duration,
    /// Whether it goes after its first session, and comes back when the storm is over.
    pub habit: Habit,
    /// Where it tells how far it has come.
    pub standings: Standings,
}

/// Whether a device is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// All the time.
    Stays,
    /// Once, and then only when the storm is over.
    Goes,
}

impl Default for Manner {
    fn default() -> Self {
        Self { pause_ms: 15, stay: Duration::MAX, habit: Habit::Stays, standings: Standings::default() }
    }
}

/// A device, and what it knows.
#[derive(Debug)]
pub struct Device {
    /// Its number in the history.
    pub client: Client,
    /// Who is signed in on it.
    pub account: Account,
    manner: Manner,
    servers: Vec<Server>,
    notes: Recorder,
    dice: Dice,
    views: BTreeMap<Uuid, View>,
    outbox: VecDeque<Draft>,
    said: u64,
}

impl Device {
    /// A device that has not connected yet, and may connect to any of these servers.
    pub fn new(client: Client, account: Account, servers: Vec<Server>, notes: Recorder, dice: Dice) -> Self {
        let (views, outbox) = (BTreeMap::new(), VecDeque::new());
        Self { client, account, manner: Manner::default(), servers, notes, dice, views, outbox, said: 0 }
    }

    /// The same, behaving otherwise.
    pub fn with_manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    /// Lives until it is told that the storm is over, and then until it has nothing left to send and has seen all.
    pub async fn live(mut self, mut phase: watch::Receiver<Phase>) -> Self {
        loop {
            // Every error here is a lost connection; the history has what was uncertain.
            if let Ok(()) = self.session(&mut phase).await {
                if *phase.borrow() == Phase::Over {
                    return self;
                }
                if self.manner.habit == Habit::Goes {
                    // An error would mean that nobody is there who could say so: then it comes back at once.
                    drop(phase.wait_for(|phase| *phase != Phase::Storm).await);
                }
            }
            sleep(Duration::from_millis(self.dice.between(5, 80))).await;
        }
    }

    async fn session(&mut self, phase: &mut watch::Receiver<Phase>) -> Result<()> {
        let (address, api) = self.dice.pick(&self.servers).cloned().context("there is no server")?;
        let mut socket = match Socket::connect(address, &self.account.token).await {
            Ok(socket) => socket,
            Err(error) if error.to_string().contains("unauthorized") => {
                self.account = api.login(&self.account.username).await?;
                Socket::connect(address, &self.account.token).await?
            }
            Err(error) => return Err(error),
        };
        self.catch_up().await?;
        self.flush(&mut socket).await?;
        let began = Instant::now();
        while *phase.borrow() != Phase::Over && (*phase.borrow() == Phase::Calm || began.elapsed() < self.manner.stay) {
            let pause = Duration::from_millis(self.dice.between(1, self.manner.pause_ms));
            tokio::select! {
                event = socket.event() => self.hear_event(&event?).await?,
                () = sleep(pause) => {
                    if *phase.borrow() == Phase::Storm {
                        self.act();
                    }
                    self.flush(&mut socket).await?;
                    self.mark(&mut socket).await?;
                }
            }
            self.stand();
        }
        self.flush(&mut socket).await
    }

    /// Tells how far it has come.
    fn stand(&self) {
        let cursors = self.views.iter().map(|(id, view)| (*id, view.cursor)).collect();
        self.manner.standings.tell(self.client, Standing { cursors, waiting: self.outbox.len() });
    }

    /// Any of the servers, for one call.
    fn api(&mut self) -> Result<Api> {
        Ok(self.dice.pick(&self.servers).context("there is no server")?.1.clone())
    }

    /// Asks for everything missed.
    pub async fn catch_up(&mut self) -> Result<()> {
        let heads: BTreeMap<Uuid, u64> = self.views.iter().map(|(id, view)| (*id, view.cursor)).collect();
        let body = json!({ "heads": heads });
        let api = self.api()?;
        let answer = api.call("POST", "/api/v1/sync", Some(&self.account.token), Some(&body)).await?.good()?;
        for synced in answer.get("conversations").and_then(Value::as_array).context("no conversations in the sync")? {
            let id = uuid_at(synced, "/conversation/id")?;
            self.views.entry(id).or_default();
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
        Ok((conversation, taken))
    }

    fn hear_marks(&self, conversation: Uuid, value: &Value, via: Via) -> Result<()> {
        let (of, marks) = (uuid_at(value, "/user_id")?, read_marks(value)?);
        self.notes.note(self.client, What::MarksHeard { conversation, of, marks, via });
        Ok(())
    }

    async fn hear_event(&mut self, event: &Event) -> Result<()> {
        match event.name.as_str() {
            "message" => {
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
            // `typing`, `presence`, `conversation`, `session`: nothing that the log depends on.
            _ => {}
        }
        Ok(())
    }

    fn view(&mut self, conversation: Uuid) -> &mut View {
        self.views.entry(conversation).or_default()
    }

    /// Thinks of something to say.
    fn act(&mut self) {
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
        self.outbox.push_back(Draft { conversation, id: Uuid::now_v7(), kind, target, words });
    }

    /// Sends all that waits, in order, each until it is answered.
    async fn flush(&mut self, socket: &mut Socket) -> Result<()> {
        while let Some(draft) = self.outbox.front().cloned() {
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

    /// Sends one draft once. Whether it is settled: an error is a lost connection, `false` is 'not now'.
    async fn send(&mut self, draft: &Draft, over_http: bool, socket: &mut Socket) -> Result<bool> {
        let answer = if over_http { self.send_http(draft).await } else { self.send_socket(draft, socket).await };
        let result = match &answer {
            Ok(outcome) => outcome.clone(),
            Err(_) => Outcome::Unknown,
        };
        let Draft { conversation, id, kind, target, words } = draft.clone();
        let settled = !matches!(&result, Outcome::Refused(code) if code == "unavailable");
        self.notes.note(self.client, What::Sent { conversation, message_id: id, kind, target, words, result });
        answer.map(|_| settled)
    }

    async fn send_socket(&self, draft: &Draft, socket: &mut Socket) -> Result<Outcome> {
        let mut payload = body(draft);
        if let Some(fields) = payload.as_object_mut() {
            fields.insert("conversation_id".to_owned(), json!(draft.conversation));
        }
        let ack = socket.call("message:send", &payload).await?;
        outcome(ack.get("ok") == Some(&Value::Bool(true)), ack.pointer("/error/code"), &ack)
    }

    async fn send_http(&mut self, draft: &Draft) -> Result<Outcome> {
        let path = format!("/api/v1/conversations/{}/messages", draft.conversation);
        let answer = self.api()?.call("POST", &path, Some(&self.account.token), Some(&body(draft))).await?;
        outcome(answer.status == 202, answer.body.get("code"), &answer.body)
    }

    /// Says how far it has come, where that is further than it last said.
    async fn mark(&mut self, socket: &mut Socket) -> Result<()> {
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
    let content = match draft.kind {
        Kind::Reaction => json!({"type": "reaction", "emoji": draft.words, "active": true}),
        Kind::Message | Kind::Edit | Kind::Retract | Kind::System => json!({"type": "text", "text": draft.words}),
    };
    let mut body = json!({"id": draft.id, "kind": draft.kind});
    if let Some(fields) = body.as_object_mut() {
        if let Some(target) = draft.target {
            fields.insert("target".to_owned(), json!(target));
        }
        if draft.words.is_some() {
            fields.insert("envelope".to_owned(), sealed(&content));
        }
    }
    body
}

fn outcome(good: bool, code: Option<&Value>, answer: &Value) -> Result<Outcome> {
    if good {
        return Ok(Outcome::Accepted);
    }
    let code = code.and_then(Value::as_str).with_context(|| format!("neither yes nor a problem: {answer}"))?;
    Ok(Outcome::Refused(code.to_owned()))
}
