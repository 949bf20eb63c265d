//! The end-to-end half of a device: a real one (`crypto-core`), its store, and what it owes to others and asks of them.
//!
//! ```text
//! change in memory ──▶ commit ──▶ send or acknowledge
//!        └── the client ends ─┴── and is loaded again from what was committed, at any of these places
//! ```

mod directory;
mod disk;
mod envelopes;
mod mailbox;
mod repairs;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use crypto_core::device::{AccountSecret, Device};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use shared_types::keys::Address;
use shared_types::{ConversationId, DeviceId, MessageId, UserId};

use self::disk::Disk;
pub(crate) use self::envelopes::{Draft, Place, mark_of, words_of};
use self::repairs::Shut;
use crate::api::{Account, Api};
use crate::dice::Dice;
use crate::history::{Client, KeyWork, Recorder, What};

/// A second here is an hour to whatever a device may do once an hour only.
const HASTE: u64 = 3_600;

/// What goes wrong on a device by itself, while there is a storm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mishaps {
    /// Of a thousand commits, how many are the last thing the client does, or what it ends right before.
    pub ends: u64,
    /// Of a thousand boxes, how many are acknowledged and then lost.
    pub lost_boxes: u64,
    /// What is done about messages that do not open.
    pub remedy: Remedy,
}

/// What a device does about messages that do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// It asks their senders for the keys once more.
    Asks,
    /// Nothing: a defect, which the checker must find.
    Nothing,
}

impl Mishaps {
    /// Nothing goes wrong.
    pub const NONE: Self = Self { ends: 0, lost_boxes: 0, remedy: Remedy::Asks };
}

impl Default for Mishaps {
    fn default() -> Self {
        Self { ends: 8, lost_boxes: 10, remedy: Remedy::Asks }
    }
}

/// How a device reaches a server, just now.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Over which of them.
    pub(crate) api: &'a Api,
    /// What lets it in.
    pub(crate) token: &'a str,
}

/// A device's keys.
#[derive(Debug)]
pub struct Keys {
    client: Client,
    notes: Recorder,
    device: Device,
    disk: Disk,
    dice: Dice,
    mishaps: Mishaps,
    is_calm: bool,
    /// Whether the client has ended since that was last asked.
    has_ended: bool,
    began: Instant,
    /// Opened, and not yet acknowledged.
    to_ack: BTreeSet<MessageId>,
    /// Who asked for keys, and was not answered yet.
    owed: Vec<(Address, Vec<MessageId>)>,
    /// What does not open yet; a real client finds it in its own log.
    shut: BTreeMap<MessageId, Shut>,
    opened: BTreeSet<MessageId>,
    /// Groups in which something was said after statements that are not followed yet.
    behind: BTreeSet<ConversationId>,
    mailbox_read: Option<Instant>,
}

impl Keys {
    /// A new device of an account, with the account's key.
    pub fn new(
        (account, secret): (&Account, AccountSecret),
        (client, notes): (Client, Recorder),
        (dice, mishaps): (Dice, Mishaps),
    ) -> Self {
        let me = Address { user_id: UserId(account.user), device_id: DeviceId(account.device) };
        let mut disk = Disk::new(me);
        let mut device = disk.create();
        device.link(secret, None);
        disk.commit(device.changes(now_ms()));
        Self {
            client,
            notes,
            device,
            disk,
            dice,
            mishaps,
            is_calm: true,
            has_ended: false,
            began: Instant::now(),
            to_ack: BTreeSet::new(),
            owed: Vec::new(),
            shut: BTreeMap::new(),
            opened: BTreeSet::new(),
            behind: BTreeSet::new(),
            mailbox_read: None,
        }
    }

    /// Whether things go wrong by themselves from now on.
    pub(crate) const fn set_calm(&mut self, is_calm: bool) {
        self.is_calm = is_calm;
    }

    /// Whether the client has ended and was started again since this was last asked.
    pub(crate) const fn take_ended(&mut self) -> bool {
        std::mem::replace(&mut self.has_ended, false)
    }

    /// The messages that do not open yet.
    pub(crate) fn shut(&self) -> BTreeSet<uuid::Uuid> {
        self.shut.keys().map(|id| id.0).collect()
    }

    /// Starts the client again: what was not committed is gone, and so is what was only in its memory.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        self.device = self.disk.load().context("the device does not load from its records")?;
        self.to_ack.clear();
        self.owed.clear();
        self.has_ended = true;
        Ok(())
    }

    /// Writes down what has changed. An error means that the client ended right before that, or right after it.
    fn commit(&mut self) -> Result<()> {
        let ends = !self.is_calm && self.dice.below(1_000) < self.mishaps.ends;
        let is_late = ends && self.dice.percent(50);
        if !ends || is_late {
            self.disk.commit(self.device.changes(now_ms()));
        }
        if ends {
            self.note(KeyWork::StartedAgain);
            if let Err(error) = self.start_again() {
                self.note(KeyWork::Refused { what: format!("{error:#}") });
            }
            bail!("this client ends here");
        }
        Ok(())
    }

    /// The clock by which it is told what may be done once an hour.
    fn hasty_ms(&self) -> u64 {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        now_ms().saturating_add(passed.saturating_mul(HASTE))
    }

    /// Makes a call of which no answer but 'yes', 'not now' and one of these codes may come.
    async fn call(
        &self,
        line: &Line<'_>,
        (method, path, body): (&str, &str, Option<&Value>),
        may: &[&str],
    ) -> Result<Called> {
        let path = format!("/api/v1{path}");
        let answer = line.api.call(method, &path, Some(line.token), body).await?;
        if (200..300).contains(&answer.status) {
            return Ok(Called::Yes(answer.body));
        }
        if may.contains(&answer.code()) {
            return Ok(Called::No(answer.code().to_owned()));
        }
        if ![401, 429, 500, 502, 503].contains(&answer.status) || answer.code() == "internal" {
            let what = format!("{method} {path}: {} {}", answer.status, answer.body);
            self.note(KeyWork::Refused { what });
        }
        bail!("{path} was answered {}", answer.status)
    }

    /// Makes a call that must not be refused.
    async fn good(&self, line: &Line<'_>, call: (&str, &str, Option<&Value>)) -> Result<Value> {
        match self.call(line, call, &[]).await? {
            Called::Yes(body) => Ok(body),
            Called::No(_) => bail!("{} was refused", call.1),
        }
    }

    fn note(&self, work: KeyWork) {
        self.notes.note(self.client, What::Key(work));
    }

    /// Notes that the device itself refuses what it should not.
    fn refuse(&self, what: &str, error: &crypto_core::Error) {
        self.note(KeyWork::Refused { what: format!("{what}: {error}") });
    }
}

/// An answer to a call that may be refused.
enum Called {
    Yes(Value),
    /// With its code.
    No(String),
}

/// The system's clock, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let now = Duration::try_from(clock_gettime(ClockId::Realtime)).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
