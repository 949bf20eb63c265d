//! Between the engine and the use cases: lets sockets in, hands their calls on one after the other, sees them go.

use std::sync::Arc;

use bytes::Bytes;
use engineioxide::{DisconnectReason, Socket, Str, handler::EngineIoHandler};
use shared_types::{Code, Problem, ServerEvent, socket::Ready};
use sotto_core::{
    Caller, Error, Refusal,
    ports::Audience,
    usecases::{account::authenticate, presence},
};
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::{
    Pod, calls,
    give::{give, gone, note_leaving},
    inbox::{Came, Open, State},
    packet::{self, Incoming},
    sock::{Kept, Sock},
};
use crate::http::problem;

/// The most sockets one person may have on a pod.
const MOST_PER_PERSON: usize = 50;

/// The engine's handler.
pub(super) struct Gate {
    pod: Pod,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("pod", &self.pod.id).finish_non_exhaustive()
    }
}

impl EngineIoHandler for Gate {
    type Data = Kept;

    fn on_connect(self: Arc<Self>, socket: Arc<Socket<Kept>>) {
        self.appeared(socket.data.get_or_init(|| Sock::of_engine(&socket)));
    }

    fn on_disconnect(&self, socket: Arc<Socket<Kept>>, reason: DisconnectReason) {
        debug!(socket.id = %socket.id, ?reason, "a socket is gone");
        if let Some(socket) = socket.data.get() {
            self.left(socket);
        }
    }

    fn on_message(self: &Arc<Self>, message: Str, socket: Arc<Socket<Kept>>) {
        if let Some(socket) = socket.data.get() {
            self.came(socket, message);
        }
    }

    fn on_binary(self: &Arc<Self>, _: Bytes, socket: Arc<Socket<Kept>>) {
        if let Some(socket) = socket.data.get() {
            Self::came_binary(socket);
        }
    }
}

/// Ends a connection that breaks the protocol.
fn end(socket: &Arc<Sock>, why: &str) {
    debug!(socket.id = %socket.id, "socket {} is closed: {why}", socket.id);
    // Says so where it still fits in.
    let _ = socket.emit(&packet::disconnect());
    socket.close(DisconnectReason::PacketParsingError);
}

impl Gate {
    /// The door of this pod.
    pub(super) fn new(pod: Pod) -> Self {
        Self { pod }
    }

    /// Where its sockets' work is spawned.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.pod.tasks
    }

    /// A client has connected; it has not signed in.
    pub(super) fn appeared(&self, socket: &Arc<Sock>) {
        self.pod.registry.appear(socket);
    }

    /// A client is gone.
    pub(super) fn left(&self, socket: &Arc<Sock>) {
        gone(&self.pod, socket);
    }

    /// A client has sent a packet.
    pub(super) fn came(self: &Arc<Self>, socket: &Arc<Sock>, message: Str) {
        match socket.data.put(message) {
            Came::Queued => {}
            Came::TooMany => end(socket, "it calls faster than it is answered"),
            Came::Start => {
                let (gate, socket) = (Arc::clone(self), Arc::clone(socket));
                self.pod.tasks.spawn(async move {
                    while let Some(text) = socket.data.next() {
                        gate.handle(&socket, text).await;
                    }
                });
            }
        }
    }

    /// A client has sent what none of ours does.
    pub(super) fn came_binary(socket: &Arc<Sock>) {
        end(socket, "it sent a binary frame");
    }

    async fn handle(&self, socket: &Arc<Sock>, text: Str) {
        match packet::read(text) {
            Some(Incoming::Connect(auth)) => self.connect(socket, auth.as_deref()).await,
            Some(Incoming::ConnectElsewhere(name)) => drop(give(&self.pod, socket, &packet::no_such_namespace(&name))),
            Some(Incoming::Event(event)) => match socket.data.caller() {
                Some(caller) => {
                    let ack = event.ack;
                    let answer = calls::answer(&self.pod, (caller, socket), event).await;
                    if let (Some(id), Some(answer)) = (ack, answer) {
                        give(&self.pod, socket, &packet::ack(id, &answer));
                    }
                }
                None => end(socket, "it calls before it has signed in"),
            },
            Some(Incoming::Disconnect) => socket.close(DisconnectReason::TransportClose),
            Some(Incoming::Ack) => {}
            None => end(socket, "it sent what is no packet"),
        }
    }

    async fn connect(&self, socket: &Arc<Sock>, auth: Option<&str>) {
        if socket.data.caller().is_some() {
            return;
        }
        let (token, open) = match self.admit(auth).await {
            Ok(admitted) => admitted,
            // The engine's connection stays: a client may try again with a fresh token. The sweep ends it if none comes.
            Err(error) => {
                give(&self.pod, socket, &packet::refused(&problem(error)));
                return;
            }
        };
        let caller = open.caller;
        give(&self.pod, socket, &packet::connected(&socket.id.to_string()));
        if !self.pod.registry.open(socket, open) {
            return;
        }
        match self.welcome(socket, caller, &token).await.map(|ready| packet::event(&ServerEvent::Ready(ready))) {
            Ok(Ok(packet)) => {
                give(&self.pod, socket, &packet);
                if let State::Open(open) = &mut *socket.data.state() {
                    open.welcomed = true;
                }
            }
            Ok(Err(error)) => warn!(%error, "ready could not be written"),
            Err(error) => {
                debug!(%error, "a socket was opened in vain");
                gone(&self.pod, socket);
                end(socket, "it could not be set up");
            }
        }
    }

    /// Whether a connection may be opened, and as whom.
    async fn admit(&self, auth: Option<&str>) -> Result<(String, Open), Error> {
        if self.pod.stop.is_cancelled() {
            return Err(Refusal::new(Code::Unavailable, "this pod is going; connect again").into());
        }
        let missing = || Refusal::new(Code::Unauthorized, "connect with auth: {token}");
        let token = packet::token(auth).ok_or_else(missing)?;
        let (caller, access) = authenticate(&self.pod.app, &token).await?;
        if self.pod.registry.find(&Audience::Users(vec![caller.user])).len() >= MOST_PER_PERSON {
            return Err(Refusal::new(Code::RateLimited, format!("at most {MOST_PER_PERSON} sockets a person")).into());
        }
        let open = Open {
            caller,
            expires_at: access.expires_at,
            warned_at: None,
            welcomed: false,
            watching: Vec::new(),
            rooms: Vec::new(),
        };
        Ok((token, open))
    }

    /// What an open socket should know first. It hears everything from before this on, so the heads leave no gap.
    async fn welcome(&self, socket: &Arc<Sock>, caller: Caller, token: &str) -> Result<Ready, Error> {
        // The session may have ended between the first look and the opening, when there was no socket to close yet.
        authenticate(&self.pod.app, token).await?;
        let mine = presence::conversations(&self.pod.app, caller).await?;
        self.pod.registry.join(socket, &mine.of_many);
        let ready = presence::arrive(&self.pod.app, caller, (&self.pod.id, mine)).await?;
        // The socket may have closed before the arrival was noted.
        note_leaving(&self.pod, caller.user).await?;
        Ok(ready)
    }
}

/// What a socket that signs in late or never gets.
pub(super) fn too_late(pod: &Pod, socket: &Arc<Sock>) {
    let waiting = matches!(&*socket.data.state(), State::Waiting(_));
    if waiting {
        give(pod, socket, &packet::refused(&Problem::new(Code::Unauthorized, "no token came in time")));
        socket.close(DisconnectReason::TransportClose);
    }
}
