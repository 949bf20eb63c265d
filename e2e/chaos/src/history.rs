//! What a run leaves behind: each client's records of what it did and saw, and the server's logs at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One client: a device of a person.
pub type Client = u32;

/// What kind of entry it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something said.
    Message,
    /// New words for an earlier message.
    Edit,
    /// A reaction to a message.
    Reaction,
    /// A message taken back.
    Retract,
    /// Something that happened to the conversation.
    System,
}

/// How a request ended, as its client knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The server said yes.
    Accepted,
    /// The server said no, with this code.
    Refused(String),
    /// The connection ended before an answer came.
    Unknown,
}

/// By which way an entry or a watermark came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Pushed over the socket.
    Event,
    /// Asked for.
    Page,
}

/// One entry of a log, reduced to what can be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// Its position.
    pub seq: u64,
    /// Its kind.
    pub kind: Kind,
    /// The message it is about.
    pub target: Option<Uuid>,
    /// Whose it is.
    pub sender: Uuid,
    /// What it carries, if it still does: its words, or the mark of the envelope in which they are.
    pub words: Option<String>,
}

/// A member's watermarks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The highest position that reached them.
    pub delivered: u64,
    /// The highest position they have read.
    pub read: u64,
}

/// What a client did or saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum What {
    /// It sent something, for the first time or again, and this is how that ended.
    Sent {
        /// Where to.
        conversation: Uuid,
        /// Under which id.
        message_id: Uuid,
        /// What kind of entry.
        kind: Kind,
        /// The message it is about.
        target: Option<Uuid>,
        /// What it carries: its words, or the mark of the envelope in which they are.
        words: Option<String>,
        /// How it ended.
        result: Outcome,
    },
    /// An entry reached it, new or not.
    Heard {
        /// Of which log.
        conversation: Uuid,
        /// The entry.
        entry: Entry,
        /// By which way.
        via: Via,
    },
    /// It put an entry at the end of what it shows.
    Shown {
        /// Of which log.
        conversation: Uuid,
        /// The entry's id.
        message_id: Uuid,
        /// The entry's position.
        seq: u64,
    },
    /// It heard of someone's watermarks.
    MarksHeard {
        /// Where.
        conversation: Uuid,
        /// Whose.
        of: Uuid,
        /// What they are.
        marks: Marks,
        /// By which way.
        via: Via,
    },
    /// It raised its own watermarks.
    MarksSet {
        /// Where.
        conversation: Uuid,
        /// To what.
        marks: Marks,
        /// How it ended.
        result: Outcome,
    },
    /// It did something with its keys.
    Key(KeyWork),
}

/// What a device did with its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum KeyWork {
    /// It sealed a message.
    Sealed {
        /// Which.
        message_id: Uuid,
        /// What is known of the envelope: it stands where a log has the words.
        mark: String,
        /// What it says.
        words: String,
        /// The devices that it is for, its own among them.
        readers: BTreeSet<Uuid>,
    },
    /// It opened a message.
    Opened {
        /// Which.
        message_id: Uuid,
        /// What it says.
        words: String,
    },
    /// A message did not open when that was tried for the last time.
    Shut {
        /// Which.
        message_id: Uuid,
        /// Why.
        why: String,
    },
    /// It asked the sender for the key to a message once more.
    AskedAgain {
        /// Which.
        message_id: Uuid,
    },
    /// It lost a box that it had acknowledged.
    BoxLost {
        /// The box, by its message or by an id of its own.
        id: Uuid,
    },
    /// A box did not open.
    BoxFailed {
        /// The box, by its message or by an id of its own.
        id: Uuid,
        /// Why.
        why: String,
    },
    /// The client ended, and was started again from what it had committed.
    StartedAgain,
    /// Something was refused that must never be, by the server or by the device itself.
    Refused {
        /// What.
        what: String,
    },
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Microseconds since the run began, on a clock that never goes back.
    pub t_mono: u64,
    /// Whose record it is.
    pub client: Client,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// A conversation as the server has it when all is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The conversation.
    pub id: Uuid,
    /// Who is in it.
    pub members: Vec<Uuid>,
    /// All of its entries.
    pub entries: Vec<Entry>,
    /// Every member's watermarks.
    pub marks: BTreeMap<Uuid, Marks>,
}

/// All that the checker needs to know of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Which person each client belongs to.
    pub people: BTreeMap<Client, Uuid>,
    /// Which device each client is that has keys.
    #[serde(default)]
    pub devices: BTreeMap<Client, Uuid>,
    /// All records, each client's in the order of its doing.
    pub records: Vec<Record>,
    /// The final logs.
    pub logs: Vec<Log>,
    /// From when to when the cache was losing what it knew, on the records' clock. Empty where it never did.
    #[serde(default)]
    pub lags: Vec<(u64, u64)>,
}

impl Run {
    /// The history as JSON lines.
    pub fn lines(&self) -> serde_json::Result<String> {
        let lines = self.records.iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<_>>>()?;
        Ok(lines.join("\n") + "\n")
    }
}

/// Where clients write their records down.
#[derive(Debug, Clone)]
pub struct Recorder {
    began: Instant,
    /// The same moment on the system's monotonic clock, in microseconds: for those who are other processes.
    zero: u64,
    records: Arc<Mutex<Vec<Record>>>,
}

impl Default for Recorder {
    fn default() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = Duration::try_from(now).map_or(0, |now| now.as_micros());
        Self { began: Instant::now(), zero: u64::try_from(micros).unwrap_or_default(), records: Arc::default() }
    }
}

impl Recorder {
    /// Microseconds since the run began.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Writes down what a client did or saw, now.
    pub fn note(&self, client: Client, what: What) {
        self.push(self.now(), client, what);
    }

    /// Writes down what another process did or saw, at a moment of the system's monotonic clock in microseconds.
    pub fn note_at(&self, micros: u64, client: Client, what: What) {
        self.push(micros.saturating_sub(self.zero), client, what);
    }

    fn push(&self, t_mono: u64, client: Client, what: What) {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(Record { t_mono, client, what });
    }

    /// All records so far.
    pub fn records(&self) -> Vec<Record> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
