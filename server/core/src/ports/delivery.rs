//! Live events to connected people. Allowed to fail: the log heals whoever missed one.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use shared_types::{ConversationId, ServerEvent, SessionId, Timestamp, UserId};

use super::Post;

/// A running server process, by a name of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PodId(pub Arc<str>);

/// Who shall hear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// All sockets of these people.
    Users(Vec<UserId>),
    /// All sockets of a conversation's members: for more people than one would name.
    Members(ConversationId),
    /// The sockets that watch this person's presence.
    Watchers(UserId),
    /// The sockets of the first that watch the second, which they do no more: one has blocked the other.
    Parted(UserId, UserId),
    /// The sockets of one session, which are closed then: it has ended.
    EndedSession(SessionId),
}

/// An event for a pod's sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Who shall hear.
    pub to: Audience,
    /// What.
    pub event: ServerEvent,
    /// It was long on its way: whoever it is for may have heard later ones elsewhere meanwhile.
    pub is_late: bool,
    /// Boxes that go along, each to the sockets of its device.
    pub boxes: Vec<Post>,
}

/// The way from whoever has something to tell to the pods that hold the sockets.
#[async_trait]
pub trait Delivery: Send + Sync {
    /// Sends an event to the pods that hold sockets of the audience. Never waits for a slow one.
    async fn tell(&self, to: Audience, event: ServerEvent);

    /// The same with boxes, each of which goes to its device's sockets alone.
    async fn tell_boxed(&self, to: Audience, event: ServerEvent, boxes: Vec<Post>);

    /// The same for what was true at a moment before, which tells the pods how late it comes.
    async fn tell_as_of(&self, to: Audience, event: ServerEvent, moment: Timestamp);

    /// What is sent to this pod from now on.
    async fn listen(&self, pod: &PodId) -> super::Result<Box<dyn Inbox>>;
}

/// What a pod hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// An event for some of its sockets.
    Parcel(Box<Parcel>),
    /// Events may have been lost on the way here: its clients must look into the log.
    Missed,
}

/// A pod's incoming parcels.
#[async_trait]
pub trait Inbox: Send {
    /// The next one; `None` when the delivery has ended.
    async fn next(&mut self) -> Option<Heard>;
}
