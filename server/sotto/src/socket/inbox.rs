//! What a socket remembers: who it is, and the packets that wait to be handled one after the other.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use engineioxide::Str;
use shared_types::{ConversationId, Timestamp, UserId};
use sotto_core::Caller;

/// How many packets may wait to be handled, and how many bytes; a client that calls faster is cut off.
const MOST_CALLS: usize = 4_096;
const MOST_BYTES: usize = 2 * 1_024 * 1_024;

/// Data of one socket. An idle one holds nothing on the heap but who it is.
#[derive(Default)]
pub(super) struct Slot {
    state: Mutex<State>,
    calls: Mutex<Calls>,
}

/// Where a socket stands.
///
/// ```text
/// Waiting ──CONNECT with a good token──▶ Open ──▶ Closed   (final)
///    └───────────── too late, bad frames ────────────┘
/// ```
pub(super) enum State {
    /// Connected to the engine, not yet signed in.
    Waiting(Instant),
    /// Signed in.
    Open(Box<Open>),
    /// Gone, or about to be.
    Closed,
}

impl Default for State {
    fn default() -> Self {
        Self::Waiting(Instant::now())
    }
}

/// A signed-in socket.
pub(super) struct Open {
    pub(super) caller: Caller,
    /// When its access token ends.
    pub(super) expires_at: Timestamp,
    /// When it was told so.
    pub(super) warned_at: Option<Timestamp>,
    /// Whether it has been told where it stands: until then others need not find it.
    pub(super) welcomed: bool,
    /// Whose presence it watches.
    pub(super) watching: Vec<UserId>,
    /// The conversations of many in which it is a member's.
    pub(super) rooms: Vec<ConversationId>,
}

#[derive(Default)]
struct Calls {
    waiting: VecDeque<Str>,
    bytes: usize,
    running: bool,
}

/// What to do with a packet that came in.
pub(super) enum Came {
    /// Someone is handling the line already.
    Queued,
    /// Start handling it.
    Start,
    /// There are too many.
    TooMany,
}

impl Slot {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who it is, if it is signed in.
    pub(super) fn caller(&self) -> Option<Caller> {
        match &*self.state() {
            State::Open(open) => Some(open.caller),
            State::Waiting(_) | State::Closed => None,
        }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a packet at the end of the line: a sender's messages keep their order.
    pub(super) fn put(&self, text: Str) -> Came {
        let mut calls = self.calls();
        if calls.waiting.len() >= MOST_CALLS || calls.bytes + text.len() > MOST_BYTES {
            return Came::TooMany;
        }
        calls.bytes += text.len();
        calls.waiting.push_back(text);
        if std::mem::replace(&mut calls.running, true) { Came::Queued } else { Came::Start }
    }

    /// The next packet; `None` ends the handling.
    pub(super) fn next(&self) -> Option<Str> {
        let mut calls = self.calls();
        let next = calls.waiting.pop_front();
        match &next {
            Some(text) => calls.bytes -= text.len(),
            // An idle socket gives its line's memory back.
            None => *calls = Calls::default(),
        }
        next
    }
}
