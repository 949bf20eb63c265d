//! The life of a socket: it reads, writes what waited, is asked whether it lives, and ends.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use engineioxide::Str;
use serde::Serialize;
use socket2::SockRef;
use tokio::{
    io::Interest,
    time::{Instant, sleep_until},
};
use tracing::debug;

use super::{
    super::{MOST_BYTES, PING_EVERY, PING_PATIENCE, gate::Gate, packet::frame, sock::Sock},
    Came, Direct, Ending, Wire,
};

/// How long what waits may take to go out once the socket ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Engine.IO's packet types.
const OPEN: u8 = b'0';
const CLOSE: u8 = b'1';
const PING: u8 = b'2';
const PONG: u8 = b'3';
const MESSAGE: u8 = b'4';
const NOOP: u8 = b'6';

/// The first packet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    sid: String,
    upgrades: [&'static str; 0],
    ping_interval: u128,
    ping_timeout: u128,
    max_payload: usize,
}

/// When the client is asked next, or must have answered.
struct Pulse {
    asked: Option<Instant>,
    deadline: Instant,
}

/// Serves a socket until it ends.
pub(in super::super) async fn live(gate: Arc<Gate>, socket: Arc<Sock>) {
    let Some(line) = socket.own_line() else { return };
    let open = Open {
        sid: socket.id.to_string(),
        upgrades: [],
        ping_interval: PING_EVERY.as_millis(),
        ping_timeout: PING_PATIENCE.as_millis(),
        max_payload: MOST_BYTES,
    };
    let open = serde_json::to_vec(&open).unwrap_or_default();
    if line.give(frame(OPEN, &open)).is_err() {
        return;
    }
    gate.appeared(&socket);
    let mut pulse = Pulse { asked: None, deadline: Instant::now() + PING_EVERY };
    let mut last_words = None;
    while let Some(interest) = line.wants(&mut last_words) {
        let deadline = last_words.unwrap_or(pulse.deadline);
        tokio::select! {
            ready = line.stream.ready(interest) => match ready {
                Ok(ready) => {
                    if ready.is_writable() && line.flush(&mut line.state()).is_err() {
                        break;
                    }
                    if ready.is_readable() && !hear(&gate, (&socket, line), &mut pulse) {
                        break;
                    }
                }
                Err(_) => break,
            },
            () = line.changed.notified() => {}
            () = sleep_until(deadline) => {
                if last_words.is_some() || pulse.asked.is_some() || line.give(frame(PING, b"")).is_err() {
                    debug!(socket.id = %socket.id, "a socket does not answer");
                    break;
                }
                let now = Instant::now();
                pulse = Pulse { asked: Some(now), deadline: now + PING_PATIENCE };
            }
        }
    }
    line.end();
    gate.left(&socket);
}

/// Takes in what came; `false` at the end.
fn hear(gate: &Arc<Gate>, (socket, line): (&Arc<Sock>, &Direct), pulse: &mut Pulse) -> bool {
    loop {
        let came = {
            let mut state = line.state();
            if state.within {
                return true;
            }
            line.read(&mut state)
        };
        match came {
            Came::Text(text) => match text.first().copied() {
                Some(MESSAGE) => gate.came(socket, as_str(&text.slice(1..))),
                Some(PONG) => {
                    if let Some(asked) = pulse.asked.take() {
                        pulse.deadline = asked + PING_EVERY;
                    }
                }
                Some(PING | NOOP) => {}
                Some(CLOSE) => return false,
                _ => {
                    debug!(socket.id = %socket.id, "a socket sent what is no packet of the engine");
                    return false;
                }
            },
            Came::Binary => Gate::came_binary(socket),
            Came::Nothing => return true,
            Came::End => return false,
        }
    }
}

/// Text, as the engine's type has it. It was checked when its frame was read.
fn as_str(text: &Bytes) -> Str {
    String::from_utf8_lossy(text).into_owned().into()
}

impl Direct {
    /// What the task waits for; nothing when it is over.
    fn wants(&self, last_words: &mut Option<Instant>) -> Option<Interest> {
        let state = self.state();
        match state.ending {
            Ending::No => {}
            Ending::Now => return None,
            Ending::Soon if state.waiting.is_empty() => return None,
            Ending::Soon => {
                last_words.get_or_insert_with(|| Instant::now() + LAST_WORDS);
            }
        }
        Some(match (state.waiting.is_empty(), state.within) {
            (true, _) => Interest::READABLE,
            (false, true) => Interest::WRITABLE,
            (false, false) => Interest::READABLE | Interest::WRITABLE,
        })
    }

    /// Says goodbye where that fits in, and lets go of the connection.
    fn end(&self) {
        let mut state = self.state();
        let orderly = state.ending == Ending::Soon && !state.within;
        state.ending = Ending::Now;
        if orderly {
            let mut wire = Wire(&self.stream);
            // It may be full, or gone: then there is nobody to say it to.
            drop(state.frames.close(&mut wire, None));
            drop(state.frames.flush(&mut wire));
        }
        state.waiting.clear();
        drop(state);
        // Others may still hold this socket: the connection does not wait for them.
        drop(SockRef::from(&self.stream).shutdown(std::net::Shutdown::Both));
    }
}
