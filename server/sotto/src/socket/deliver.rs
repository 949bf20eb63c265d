//! From the delivery port to this pod's sockets.

use engineioxide::DisconnectReason;
use metrics::{counter, histogram};
use shared_types::{
    ServerEvent,
    keys::MailboxItem,
    socket::{LiveMessage, MailboxEvent},
};
use sotto_core::ports::{Audience, Heard, Inbox, Parcel, Post};
use tracing::warn;

use super::{
    Pod,
    give::{give, gone},
    late::Lifts,
    packet,
    sweep::send_back,
    told::Told,
};

/// Hands out what comes, until the delivery ends or the pod stops.
pub async fn deliver(pod: Pod, mut inbox: Box<dyn Inbox>) {
    let (mut told, mut lifts) = (Told::default(), Lifts::start(&pod));
    loop {
        let heard = tokio::select! {
            () = pod.stop.cancelled() => return,
            Some((to, receipt)) = lifts.next() => {
                tell(&pod, &mut told, (&to, ServerEvent::Receipt(receipt)));
                continue;
            }
            heard = inbox.next() => heard,
        };
        match heard {
            Some(Heard::Parcel(parcel)) => match *parcel {
                Parcel { to, event: ServerEvent::Receipt(receipt), is_late, .. } if is_late || told.doubts() => {
                    lifts.put((to, receipt));
                }
                Parcel { to, event, boxes, .. } if !boxes.is_empty() => hand_out_boxes(&pod, (&to, &event), &boxes),
                Parcel { to, event, .. } => tell(&pod, &mut told, (&to, event)),
            },
            Some(Heard::Missed) => {
                told.doubt();
                let moved = pod.clone();
                pod.tasks.spawn(async move { send_back(&moved, moved.registry.all()).await });
            }
            None => return,
        }
    }
}

fn tell(pod: &Pod, told: &mut Told, (to, event): (&Audience, ServerEvent)) {
    match event {
        ServerEvent::Receipt(receipt) => {
            if let Some(receipt) = told.rising(receipt) {
                hand_out(pod, (to, &ServerEvent::Receipt(receipt)));
            }
        }
        other => hand_out(pod, (to, &other)),
    }
}

/// Hands out an event with boxes: each socket gets its device's own.
fn hand_out_boxes(pod: &Pod, (to, event): (&Audience, &ServerEvent), boxes: &[Post]) {
    counter!("sotto_pod_events_received_total").increment(1);
    let sockets = pod.registry.find(to);
    if sockets.is_empty() {
        counter!("sotto_pod_events_useless_total").increment(1);
    }
    let mut given = 0;
    for socket in &sockets {
        let Some(caller) = socket.data.caller() else { continue };
        let own = boxes.iter().filter(|post| post.to.device_id == caller.device && post.to.user_id == caller.user);
        let Some(event) = with_boxes(event, own.map(|post| post.item.clone()).collect()) else { continue };
        match packet::event(&event) {
            Ok(packet) => given += u64::from(give(pod, socket, &packet)),
            Err(error) => warn!(%error, "an event could not be written"),
        }
    }
    count_given(pod, event, given);
}

/// The event as a device gets it; nothing where it is only about boxes, and none is for it.
fn with_boxes(event: &ServerEvent, mut own: Vec<MailboxItem>) -> Option<ServerEvent> {
    match event {
        ServerEvent::Message(said) => Some(ServerEvent::Message(LiveMessage { key_box: own.pop(), ..said.clone() })),
        ServerEvent::Mailbox(_) if own.is_empty() => None,
        ServerEvent::Mailbox(_) => {
            let count = u32::try_from(own.len()).unwrap_or(u32::MAX);
            Some(ServerEvent::Mailbox(MailboxEvent { count, items: own }))
        }
        other => Some(other.clone()),
    }
}

/// Counts what was given out, and how long it took.
fn count_given(pod: &Pod, event: &ServerEvent, given: u64) {
    counter!("sotto_deliveries_total").increment(given);
    if let ServerEvent::Message(said) = event {
        let took_ms = pod.app.clock.now().ms_since(said.message.sent_at).max(0);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        histogram!("sotto_accept_to_deliver_seconds").record(took_ms as f64 / 1_000.0);
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
    count_given(pod, event, given);
}
