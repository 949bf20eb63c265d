//! A connected client, over whichever line: the engine's (long polling, and `WebSocket`s that began as such) or our own.

use std::sync::{Arc, OnceLock, Weak};

use engineioxide::{DisconnectReason, Socket, sid::Sid};
use tokio::sync::mpsc::error::TrySendError;

use super::{direct::Direct, inbox::Slot, packet::Packet};

/// A connected client.
pub(super) struct Sock {
    /// Names the connection.
    pub(super) id: Sid,
    /// Who it is, and what it has asked.
    pub(super) data: Slot,
    line: Line,
}

/// What the engine keeps for one of its sockets.
pub(super) type Kept = OnceLock<Arc<Sock>>;

enum Line {
    /// The engine's. It owns the client, so this must not own it back.
    Engine(Weak<Socket<Kept>>),
    /// Our own.
    Direct(Box<Direct>),
}

/// Why a packet was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotGiven {
    /// Too much waits for this client already.
    Full,
    /// It is gone.
    Closed,
}

impl Sock {
    /// A client of the engine's.
    pub(super) fn of_engine(socket: &Arc<Socket<Kept>>) -> Arc<Self> {
        Arc::new(Self { id: socket.id, data: Slot::default(), line: Line::Engine(Arc::downgrade(socket)) })
    }

    /// A client on a line of our own.
    pub(super) fn direct(line: Direct) -> Arc<Self> {
        Arc::new(Self { id: Sid::new(), data: Slot::default(), line: Line::Direct(Box::new(line)) })
    }

    /// Its line, if it is one of our own.
    pub(super) fn own_line(&self) -> Option<&Direct> {
        match &self.line {
            Line::Engine(_) => None,
            Line::Direct(direct) => Some(direct),
        }
    }

    /// Gives it a packet; never waits.
    pub(super) fn emit(&self, packet: &Packet) -> Result<(), NotGiven> {
        match &self.line {
            Line::Engine(socket) => match socket.upgrade().ok_or(NotGiven::Closed)?.emit(packet.text()) {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(_)) => Err(NotGiven::Full),
                Err(TrySendError::Closed(_)) => Err(NotGiven::Closed),
            },
            Line::Direct(direct) => direct.give(packet.frame()),
        }
    }

    /// Ends it. What it was given before still goes out, unless it is ended for an error of its line.
    pub(super) fn close(&self, reason: DisconnectReason) {
        match &self.line {
            Line::Engine(socket) => {
                if let Some(socket) = socket.upgrade() {
                    socket.close(reason);
                }
            }
            Line::Direct(direct) => direct.close(reason == DisconnectReason::TransportError),
        }
    }
}
