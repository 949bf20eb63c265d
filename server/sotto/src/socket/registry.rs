//! The sockets of this pod, by person, by conversation and by whom they watch: the rooms `user_<id>`,
//! `device_<id>` and `group_<id>`, and the watchers.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use engineioxide::sid::Sid;
use metrics::gauge;
use shared_types::{
    ConversationId, ConversationKind, SessionId, UserId,
    socket::{ConversationChange, ConversationEvent},
};
use sotto_core::ports::Audience;

use super::{
    inbox::{Open, State},
    sock::Sock,
};

/// All sockets of this pod.
#[derive(Default)]
pub struct Registry {
    rooms: RwLock<Rooms>,
}

#[derive(Default)]
struct Rooms {
    /// Connected to the engine, signed in or not.
    all: HashMap<Sid, Arc<Sock>>,
    /// Signed in.
    users: HashMap<UserId, Vec<Arc<Sock>>>,
    /// Watched person to watching sockets.
    watchers: HashMap<UserId, Vec<Arc<Sock>>>,
    /// Conversations of many.
    members: HashMap<ConversationId, Vec<Arc<Sock>>>,
    open: usize,
}

impl Registry {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Rooms> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Rooms> {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sockets are connected, signed in or not.
    pub fn len(&self) -> usize {
        self.read().all.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everybody who has a socket here that was welcomed: whom the directory should know.
    pub(super) fn users(&self) -> Vec<UserId> {
        let welcomed = |socket: &Arc<Sock>| matches!(&*socket.data.state(), State::Open(open) if open.welcomed);
        let rooms = self.read();
        rooms.users.iter().filter(|(_, sockets)| sockets.iter().any(welcomed)).map(|(user, _)| *user).collect()
    }

    /// Whether a person has a signed-in socket here.
    pub(super) fn has(&self, user: UserId) -> bool {
        self.read().users.contains_key(&user)
    }

    pub(super) fn all(&self) -> Vec<Arc<Sock>> {
        self.read().all.values().cloned().collect()
    }

    pub(super) fn appear(&self, socket: &Arc<Sock>) {
        self.write().all.insert(socket.id, Arc::clone(socket));
    }

    /// A socket is signed in from now on; `false` if it closed meanwhile.
    pub(super) fn open(&self, socket: &Arc<Sock>, open: Open) -> bool {
        let mut rooms = self.write();
        if !rooms.all.contains_key(&socket.id) {
            return false;
        }
        rooms.users.entry(open.caller.user).or_default().push(Arc::clone(socket));
        rooms.open += 1;
        gauge!("sotto_sockets").set(as_f64(rooms.open));
        *socket.data.state() = State::Open(Box::new(open));
        true
    }

    /// A socket is gone. Gives the person whose last one it was. Doing it again does nothing.
    pub(super) fn close(&self, socket: &Arc<Sock>) -> Option<UserId> {
        let mut rooms = self.write();
        rooms.all.remove(&socket.id);
        let State::Open(open) = std::mem::replace(&mut *socket.data.state(), State::Closed) else { return None };
        rooms.open -= 1;
        gauge!("sotto_sockets").set(as_f64(rooms.open));
        for watched in &open.watching {
            leave(&mut rooms.watchers, *watched, socket.id);
        }
        for room in &open.rooms {
            leave(&mut rooms.members, *room, socket.id);
        }
        let user = open.caller.user;
        leave(&mut rooms.users, user, socket.id).then_some(user)
    }

    /// A socket is a member's of these conversations of many.
    pub(super) fn join(&self, socket: &Arc<Sock>, conversations: &[ConversationId]) {
        let mut rooms = self.write();
        join(&mut rooms, socket, conversations);
    }

    /// These people are in a conversation that may be new to them: their sockets hear it from now on. Whoever was taken out
    /// of it hears it no more; a conversation that is only hidden from somebody's list has them as a member still.
    pub(super) fn follow(&self, users: &[UserId], event: &ConversationEvent) {
        let conversation = &event.conversation;
        if conversation.kind == ConversationKind::Direct {
            return;
        }
        let is_removal = event.change == ConversationChange::Removed;
        let mut rooms = self.write();
        for user in users {
            let is_member = conversation.members.iter().any(|member| member.user.id == *user);
            for socket in rooms.users.get(user).cloned().unwrap_or_default() {
                match (is_removal, is_member) {
                    (false, _) => join(&mut rooms, &socket, &[conversation.id]),
                    (true, false) => part(&mut rooms, &socket, conversation.id),
                    (true, true) => {}
                }
            }
        }
    }

    /// Replaces whom a socket watches.
    pub(super) fn watch(&self, socket: &Arc<Sock>, users: Vec<UserId>) {
        let mut rooms = self.write();
        let mut state = socket.data.state();
        let State::Open(open) = &mut *state else { return };
        for watched in std::mem::take(&mut open.watching) {
            leave(&mut rooms.watchers, watched, socket.id);
        }
        let mut users = users;
        users.sort_unstable();
        users.dedup();
        for user in &users {
            rooms.watchers.entry(*user).or_default().push(Arc::clone(socket));
        }
        open.watching = users;
    }

    /// A socket watches this person no more.
    pub(super) fn unwatch(&self, socket: &Arc<Sock>, watched: UserId) {
        let mut rooms = self.write();
        if let State::Open(open) = &mut *socket.data.state() {
            open.watching.retain(|user| *user != watched);
        }
        leave(&mut rooms.watchers, watched, socket.id);
    }

    /// The sockets of an audience.
    pub(super) fn find(&self, to: &Audience) -> Vec<Arc<Sock>> {
        let rooms = self.read();
        match to {
            Audience::Users(users) => {
                users.iter().filter_map(|user| rooms.users.get(user)).flatten().cloned().collect()
            }
            Audience::Members(id) => rooms.members.get(id).cloned().unwrap_or_default(),
            Audience::Watchers(user) => rooms.watchers.get(user).cloned().unwrap_or_default(),
            Audience::Parted(by, whom) => {
                let watching = rooms.watchers.get(whom).into_iter().flatten();
                watching.filter(|socket| socket.data.caller().is_some_and(|who| who.user == *by)).cloned().collect()
            }
            Audience::EndedSession(session) => of_session(&rooms, *session),
        }
    }
}

fn of_session(rooms: &Rooms, session: SessionId) -> Vec<Arc<Sock>> {
    let open = rooms.users.values().flatten();
    open.filter(|socket| socket.data.caller().is_some_and(|caller| caller.session == session)).cloned().collect()
}

/// Puts a socket into rooms that it is not in yet.
fn join(rooms: &mut Rooms, socket: &Arc<Sock>, conversations: &[ConversationId]) {
    let mut state = socket.data.state();
    let State::Open(open) = &mut *state else { return };
    for conversation in conversations {
        if !open.rooms.contains(conversation) {
            open.rooms.push(*conversation);
            rooms.members.entry(*conversation).or_default().push(Arc::clone(socket));
        }
    }
}

/// Takes a socket out of a conversation's room.
fn part(rooms: &mut Rooms, socket: &Arc<Sock>, conversation: ConversationId) {
    if let State::Open(open) = &mut *socket.data.state() {
        open.rooms.retain(|room| *room != conversation);
    }
    leave(&mut rooms.members, conversation, socket.id);
}

/// Takes a socket out of a room; `true` if it was the last.
fn leave<K: Copy + Eq + std::hash::Hash>(rooms: &mut HashMap<K, Vec<Arc<Sock>>>, key: K, sid: Sid) -> bool {
    let Some(room) = rooms.get_mut(&key) else { return false };
    room.retain(|socket| socket.id != sid);
    if !room.is_empty() {
        return false;
    }
    rooms.remove(&key);
    true
}

#[expect(clippy::cast_precision_loss, reason = "a number of sockets")]
fn as_f64(count: usize) -> f64 {
    count as f64
}
