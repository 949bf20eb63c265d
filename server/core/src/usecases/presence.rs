//! Who is there: come, go, and look.

use std::collections::BTreeMap;

use shared_types::{
    ConversationId, ConversationKind, ServerEvent, UserId,
    socket::{Presence, PresenceStates, Ready, WatchPresence},
};
use tracing::warn;

use crate::{
    App, Caller, Error, Refusal,
    domain::limits::Limited,
    ports::{Audience, PodId},
};

/// The most people one socket watches.
pub const MOST_WATCHED: usize = 500;

/// The conversations of somebody who connects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mine {
    /// All of them.
    pub all: Vec<ConversationId>,
    /// Those whose members are told as members, not by name.
    pub of_many: Vec<ConversationId>,
}

/// The caller's conversations, to be listened to before [`arrive`] looks how far they have come.
pub async fn conversations(app: &App, me: Caller) -> Result<Mine, Error> {
    let all: Vec<ConversationId> =
        app.conversations.of(me.user).await?.into_iter().map(|member| member.conversation).collect();
    let found = app.conversations.find(&all).await?.into_iter();
    let of_many = found.filter(|found| found.kind != ConversationKind::Direct).map(|found| found.id).collect();
    Ok(Mine { all, of_many })
}

/// A socket of the caller's was connected to this pod: what it should know first.
pub async fn arrive(app: &App, me: Caller, (pod, mine): (&PodId, Mine)) -> Result<Ready, Error> {
    if let Err(error) = appear(app, me.user, pod).await {
        // Others will see them come a little later, with the pod's next beat.
        warn!(%error, "someone's coming was not noted");
    }
    let now = app.clock.now();
    let heads = app.log.heads(&mine.all).await?;
    let heads: BTreeMap<_, _> = mine.all.into_iter().zip(heads).collect();
    Ok(Ready { pod: pod.0.to_string(), server_time: now, heads })
}

/// The pod holds a socket of the person.
pub async fn appear(app: &App, user: UserId, pod: &PodId) -> Result<(), Error> {
    let now = app.clock.now();
    if app.directory.arrive(pod, user, now).await? {
        tell(app, Presence { user_id: user, online: true, last_seen: Some(now) }).await;
    }
    Ok(())
}

/// The last of the person's sockets on this pod is gone.
pub async fn leave(app: &App, user: UserId, pod: &PodId) -> Result<(), Error> {
    let now = app.clock.now();
    if app.directory.leave(pod, user, now).await? {
        tell(app, Presence { user_id: user, online: false, last_seen: Some(now) }).await;
    }
    Ok(())
}

/// The states of the people asked for, and of whom changes may be shown. Strangers, and people with a block between
/// them, look as if they were never there.
pub async fn watch(app: &App, me: Caller, input: WatchPresence) -> Result<(PresenceStates, Vec<UserId>), Error> {
    if input.user_ids.len() > MOST_WATCHED {
        return Err(Refusal::field("user_ids", format!("at most {MOST_WATCHED}")).into());
    }
    app.spend(Limited::Signal, me.user).await?;
    let mut allowed = Vec::new();
    for user in &input.user_ids {
        let direct = ConversationId::direct(me.user, *user);
        let known = app.conversations.member(direct, me.user).await?.is_some();
        if *user == me.user || (known && !app.blocks.between(me.user, *user).await?) {
            allowed.push(*user);
        }
    }
    let looked = app.directory.look(&allowed, app.clock.now()).await.unwrap_or_else(|error| {
        // Presence may be lost: then nobody is seen.
        warn!(%error, "the presence directory does not answer");
        Vec::new()
    });
    let states = input.user_ids.into_iter().map(|user_id| {
        let seen = looked.iter().find(|state| state.user_id == user_id);
        seen.copied().unwrap_or(Presence { user_id, online: false, last_seen: None })
    });
    Ok((PresenceStates { states: states.collect() }, allowed))
}

async fn tell(app: &App, presence: Presence) {
    app.delivery.tell(Audience::Watchers(presence.user_id), ServerEvent::Presence(presence)).await;
}
