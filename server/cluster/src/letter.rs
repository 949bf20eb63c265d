//! A live event on the wire between pods: written once, whoever it goes to, with the moment it is true of.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared_types::{ServerEvent, Timestamp};
use sotto_core::ports::{Audience, Parcel, Post};

/// From what age on an event is late, in milliseconds.
const LATE_MS: i64 = 200;

/// An event as it is sent: written once, whoever it goes to.
#[derive(Serialize)]
pub(crate) struct Letter<'a> {
    pub(crate) to: Audience,
    pub(crate) event: &'a RawValue,
    /// Milliseconds since 1970, by the clock of whoever told it.
    pub(crate) said_at: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) boxes: Vec<&'a Post>,
}

/// An event as it is read.
#[derive(Deserialize)]
pub(crate) struct Read {
    pub(crate) to: Audience,
    pub(crate) event: ServerEvent,
    /// Older pods do not say.
    pub(crate) said_at: Option<i64>,
    #[serde(default)]
    pub(crate) boxes: Vec<Post>,
}

impl Read {
    /// What a pod makes of it, at that moment.
    pub(crate) fn parcel(self, now: Timestamp) -> Parcel {
        // One from the future says that the clocks disagree, and nothing else.
        let is_late = self.said_at.is_none_or(|said| now.ms_since(Timestamp(said)).abs() > LATE_MS);
        Parcel { to: self.to, event: self.event, is_late, boxes: self.boxes }
    }
}

/// An event that is written, before it is known who gets it.
pub(crate) struct Written {
    pub(crate) to: Audience,
    pub(crate) event: Box<RawValue>,
    pub(crate) said_at: Timestamp,
    pub(crate) boxes: Vec<Post>,
}

impl Written {
    /// As it goes to these, with the boxes for their devices.
    pub(crate) fn letter(&self, to: Audience) -> Letter<'_> {
        let is_theirs = |post: &&Post| match &to {
            Audience::Users(users) => users.contains(&post.to.user_id),
            Audience::Members(_) | Audience::Watchers(_) | Audience::Parted(..) | Audience::EndedSession(_) => true,
        };
        let boxes = self.boxes.iter().filter(is_theirs).collect();
        Letter { to, event: &self.event, said_at: self.said_at.0, boxes }
    }
}

#[cfg(test)]
mod tests {
    use shared_types::socket::Presence;

    use super::*;

    #[test]
    fn an_event_is_late_by_its_age_and_wherever_its_age_is_not_known() {
        let is_late = |said_at| {
            let presence = Presence { user_id: [1; 16].into(), online: true, last_seen: None };
            let read = Read {
                to: Audience::Users(Vec::new()),
                event: ServerEvent::Presence(presence),
                said_at,
                boxes: Vec::new(),
            };
            read.parcel(Timestamp(10_000)).is_late
        };
        for (said_at, expected) in [
            (Some(10_000), false),
            (Some(10_000 - LATE_MS), false),
            (Some(9_999 - LATE_MS), true),
            (Some(10_001 + LATE_MS), true),
            (None, true),
        ] {
            assert_eq!(is_late(said_at), expected, "{said_at:?}");
        }
    }
}
