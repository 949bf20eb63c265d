//! The contract of [`crate::ports::Delivery`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{
    ServerEvent,
    socket::{Presence, TypingEvent},
};

use crate::{
    App,
    ports::{Audience, Heard, Inbox, PodId},
};

fn pod() -> PodId {
    PodId(super::user().to_string().into())
}

fn typing(active: bool) -> ServerEvent {
    let conversation_id = [1; 16].into();
    ServerEvent::Typing(TypingEvent { conversation_id, user_id: [2; 16].into(), active })
}

/// The next parcel for `user`, past those of other tests.
async fn next_for(inbox: &mut Box<dyn Inbox>, to: &Audience) -> ServerEvent {
    loop {
        match inbox.next().await.unwrap() {
            Heard::Parcel(parcel) if &parcel.to == to => return parcel.event,
            Heard::Parcel(_) | Heard::Missed => {}
        }
    }
}

/// A pod that holds a socket of someone hears what they are told, in order; two pods each hear it.
pub async fn every_pod_hears_in_order(app: &App) {
    let user = super::user();
    let (one, other) = (pod(), pod());
    let mut inboxes = [app.delivery.listen(&one).await.unwrap(), app.delivery.listen(&other).await.unwrap()];
    for pod in [&one, &other] {
        app.directory.arrive(pod, user, app.clock.now()).await.unwrap();
    }
    let to = Audience::Users(vec![user]);
    for active in [true, false] {
        app.delivery.tell(to.clone(), typing(active)).await;
    }
    for inbox in &mut inboxes {
        assert_eq!(next_for(inbox, &to).await, typing(true));
        assert_eq!(next_for(inbox, &to).await, typing(false));
    }
}

/// What was told before a pod listened does not reach it.
pub async fn a_pod_hears_nothing_from_before(app: &App) {
    let user = super::user();
    let to = Audience::Watchers(user);
    let presence = |online| ServerEvent::Presence(Presence { user_id: user, online, last_seen: None });
    // Telling does not wait: only once a witness has heard it, it is from before.
    let mut witness = app.delivery.listen(&pod()).await.unwrap();
    app.delivery.tell(to.clone(), presence(true)).await;
    assert_eq!(next_for(&mut witness, &to).await, presence(true));
    let mut inbox = app.delivery.listen(&pod()).await.unwrap();
    app.delivery.tell(to.clone(), presence(false)).await;
    assert_eq!(next_for(&mut inbox, &to).await, presence(false));
}

/// What a conversation's members are told reaches every pod, for each knows which of its sockets are theirs.
pub async fn members_are_reached_through_every_pod(app: &App) {
    let to = Audience::Members(super::conversation());
    let mut inboxes = [app.delivery.listen(&pod()).await.unwrap(), app.delivery.listen(&pod()).await.unwrap()];
    for active in [true, false] {
        app.delivery.tell(to.clone(), typing(active)).await;
    }
    for inbox in &mut inboxes {
        assert_eq!(next_for(inbox, &to).await, typing(true));
        assert_eq!(next_for(inbox, &to).await, typing(false));
    }
}
