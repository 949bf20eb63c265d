//! `WebSocket`s of our own, for clients that begin with one: a task a socket, and no buffer while nothing moves. A packet for
//! a client that keeps up is written to its connection at once, by whoever gives it; only what does not fit waits.
//!
//! The protocol inside is Engine.IO 4 over RFC 6455, whose frames tungstenite reads. Clients that begin with long polling
//! are the engine's.

mod life;
mod upgrade;

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, Read, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::{Buf as _, Bytes};
use tokio::{net::TcpStream, sync::Notify};
use tungstenite::{
    Error, Message,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

pub(super) use life::live;
pub(super) use upgrade::{accept, is_ours};

use super::{MOST_BYTES, MOST_WAITING, sock::NotGiven};

/// How many bytes may wait for a slow reader, besides the number of packets.
const MOST_WAITING_BYTES: usize = 4 * 1_024 * 1_024;
/// What is read at once: the size of the buffer that an idle socket keeps.
const READ: usize = 256;

/// A WebSocket, from both of its sides: the task that reads, and whoever gives it packets.
pub(super) struct Direct {
    stream: TcpStream,
    state: Mutex<State>,
    /// Something is to be done that the task does not know of yet.
    changed: Notify,
}

struct State {
    frames: WebSocketContext,
    /// Whole frames, but for the first, of which some may be gone already.
    waiting: VecDeque<Bytes>,
    bytes: usize,
    /// Some of the first is gone: until the rest is, nothing else may be written, nor read, for reading answers pings.
    within: bool,
    ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It lives.
    No,
    /// Once everything that waits is written.
    Soon,
    /// At once.
    Now,
}

/// What was read.
enum Came {
    /// A message.
    Text(Bytes),
    /// Something that no client of ours sends.
    Binary,
    /// Nothing more for now.
    Nothing,
    /// The end.
    End,
}

/// The connection, as blocking code sees one that would block.
struct Wire<'a>(&'a TcpStream);

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn blocks(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == ErrorKind::WouldBlock)
}

impl Direct {
    /// Over a connection of which something may have been read already.
    fn new(stream: TcpStream, read: &[u8]) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(Some(MOST_BYTES))
            .max_frame_size(Some(MOST_BYTES));
        let frames = WebSocketContext::from_partially_read(read.to_vec(), Role::Server, Some(config));
        let state = State { frames, waiting: VecDeque::new(), bytes: 0, within: false, ending: Ending::No };
        Self { stream, state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a frame, or what of it does not fit now waits.
    pub(super) fn give(&self, mut frame: Bytes) -> Result<(), NotGiven> {
        let mut state = self.state();
        if state.ending != Ending::No {
            return Err(NotGiven::Closed);
        }
        if state.waiting.len() >= MOST_WAITING || state.bytes + frame.len() > MOST_WAITING_BYTES {
            return Err(NotGiven::Full);
        }
        if state.waiting.is_empty() {
            match self.write(&mut state, &mut frame) {
                Ok(true) => return Ok(()),
                // The task waits for room from now on.
                Ok(false) => self.changed.notify_one(),
                Err(_) => {
                    state.ending = Ending::Now;
                    self.changed.notify_one();
                    return Err(NotGiven::Closed);
                }
            }
        }
        state.bytes += frame.len();
        state.waiting.push_back(frame);
        Ok(())
    }

    /// Ends it.
    pub(super) fn close(&self, at_once: bool) {
        let mut state = self.state();
        let ending = if at_once { Ending::Now } else { Ending::Soon };
        if state.ending != Ending::Now {
            state.ending = ending;
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Writes of a frame what the connection takes; says whether that was all of it. What the protocol itself has to say
    /// (pongs) goes before it, never into it.
    fn write(&self, state: &mut State, frame: &mut Bytes) -> Result<bool, Error> {
        let mut wire = Wire(&self.stream);
        if !state.within {
            match state.frames.flush(&mut wire) {
                Ok(()) => {}
                Err(error) if blocks(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        while !frame.is_empty() {
            match wire.write(frame) {
                Ok(0) => return Err(Error::Io(ErrorKind::WriteZero.into())),
                Ok(written) => {
                    frame.advance(written);
                    state.within = !frame.is_empty();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(Error::Io(error)),
            }
        }
        Ok(true)
    }

    /// Writes what waits until the connection takes no more.
    fn flush(&self, state: &mut State) -> Result<(), Error> {
        while let Some(mut first) = state.waiting.pop_front() {
            let before = first.len();
            let all = self.write(state, &mut first)?;
            state.bytes -= before - first.len();
            if !all {
                state.waiting.push_front(first);
                return Ok(());
            }
        }
        // An idle socket keeps no memory for what it does not send.
        state.waiting = VecDeque::new();
        Ok(())
    }

    fn read(&self, state: &mut State) -> Came {
        loop {
            match state.frames.read(&mut Wire(&self.stream)) {
                Ok(Message::Text(text)) => return Came::Text(text.into()),
                Ok(Message::Binary(_)) => return Came::Binary,
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(error) if blocks(&error) => return Came::Nothing,
                Ok(Message::Close(_)) | Err(_) => return Came::End,
            }
        }
    }
}
