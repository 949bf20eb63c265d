//! From the delivery port to this pod's sockets.

use std::time::Duration;

use engineioxide::DisconnectReason;
use metrics::{counter, histogram};
use shared_types::{ConversationId, ServerEvent};
use sotto_core::ports::{Audience, Heard, Inbox, Parcel};
use tracing::warn;

use super::{
    Pod,
    give::{give, gone},
    packet,
    sweep::send_back,
    told::Told,
};

/// How long it may take to learn how far everybody in a conversation is.
const LEARN: Duration = Duration::from_millis(300);

/// Hands out what comes, until the delivery ends or the pod stops.
pub async fn deliver(pod: Pod, mut inbox: Box<dyn Inbox>) {
    let mut told = Told::default();
    loop {
        let heard = tokio::select! {
            () = pod.stop.cancelled() => return,
            heard = inbox.next() => heard,
        };
        match heard {
            Some(Heard::Parcel(parcel)) => {
                let Parcel { to, event, is_late } = *parcel;
                // Counted before: who comes while it is learned may have heard more.
                let came = if is_late { pod.registry.opened() } else { 0 };
                if let Some(of) = told.unsure_of(&event, is_late, came) {
                    learn(&pod, &mut told, (of, came)).await;
                }
                let Some(event) = told.rising(event) else { continue };
                hand_out(&pod, (&to, &event));
            }
            Some(Heard::Missed) => {
                told.doubt();
                let moved = pod.clone();
                pod.tasks.spawn(async move { send_back(&moved, moved.registry.all()).await });
            }
            None => return,
        }
    }
}

/// Learns how far everybody in a conversation is, as clients may have heard from another pod.
async fn learn(pod: &Pod, told: &mut Told, (of, came): (ConversationId, u64)) {
    match tokio::time::timeout(LEARN, pod.app.receipts.of(&[of])).await {
        Ok(Ok(marks)) => told.learn((of, came), marks),
        // Everything else waits behind this: better a watermark that falls for a moment.
        Ok(Err(_)) | Err(_) => told.trust(),
    }
}

fn hand_out(pod: &Pod, (to, event): (&Audience, &ServerEvent)) {
    counter!("sotto_pod_events_received_total").increment(1);
    if let (Audience::Users(users), ServerEvent::Conversation(changed)) = (to, event) {
        pod.registry.follow(users, changed);
    }
    let sockets = pod.registry.find(to);
    if sockets.is_empty() {
        counter!("sotto_pod_events_useless_total").increment(1);
        return;
    }
    let packet = match packet::event(event) {
        Ok(packet) => packet,
        Err(error) => {
            warn!(%error, "an event could not be written");
            return;
        }
    };
    let mut given = 0;
    // In a conversation of many, whoever types is a member like the others, and knows it.
    let typist = match (to, event) {
        (Audience::Members(_), ServerEvent::Typing(typing)) => Some(typing.user_id),
        _ => None,
    };
    for socket in &sockets {
        if typist.is_some() && socket.data.caller().map(|caller| caller.user) == typist {
            continue;
        }
        given += u64::from(give(pod, socket, &packet));
        match to {
            Audience::Users(_) | Audience::Members(_) | Audience::Watchers(_) => {}
            Audience::Parted(_, watched) => pod.registry.unwatch(socket, *watched),
            Audience::EndedSession(_) => {
                // Off the registry before its writer is done: an ended session hears nothing more.
                gone(pod, socket);
                socket.close(DisconnectReason::TransportClose);
            }
        }
    }
    counter!("sotto_deliveries_total").increment(given);
    if let ServerEvent::Message(entry) = event {
        let took_ms = pod.app.clock.now().ms_since(entry.sent_at).max(0);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        histogram!("sotto_accept_to_deliver_seconds").record(took_ms as f64 / 1_000.0);
    }
}
