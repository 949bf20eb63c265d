//! What happens to sockets over time: late ones go, tokens end, the pod says that it is alive, and drains.

use std::{sync::Arc, time::Duration};

use engineioxide::DisconnectReason;
use shared_types::{
    ServerEvent, Timestamp, UserId,
    socket::{SessionEvent, SessionReason},
};
use sotto_core::ports::Audience;
use tracing::{info, warn};

use super::{Pod, gate::too_late, give::give, inbox::State, packet, sock::Sock};

/// How often sockets are looked at.
const EVERY: Duration = Duration::from_secs(5);
/// How many looks lie between two beats of the presence directory.
const BEAT_EVERY: u32 = 4;
/// How long a socket may stay without signing in.
const SIGN_IN_TIME: Duration = Duration::from_secs(15);
/// How long a socket has to renew a token that has ended.
const RENEW_TIME_MS: i64 = 30_000;
/// How many sockets are told to go at once when the pod drains.
const BATCH: usize = 200;
/// How many sockets come back at once when events were missed, and how often.
const BACK_BATCH: usize = 50;
const BACK_EVERY: Duration = Duration::from_millis(100);

/// Looks after the sockets until the pod stops.
pub async fn sweep(pod: Pod) {
    let mut ticks = tokio::time::interval(EVERY);
    let mut behind = false;
    for round in 0u32.. {
        tokio::select! {
            () = pod.stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now = pod.app.clock.now();
        for socket in pod.registry.all() {
            look(&pod, &socket, now);
        }
        let mut users = pod.registry.users();
        if !behind && !round.is_multiple_of(BEAT_EVERY) {
            // One is enough to notice a directory that has lost everybody.
            users.truncate(1);
        }
        behind = beat(&pod, &users).await;
    }
}

/// Says that these are still here, and has those come back whom the directory had lost: what they were told meanwhile went
/// nowhere. Whether all have to be named again soon.
async fn beat(pod: &Pod, users: &[UserId]) -> bool {
    match pod.app.directory.beat(&pod.id, users, pod.app.clock.now()).await {
        Ok(lost) => {
            if !lost.is_empty() {
                let (moved, sockets) = (pod.clone(), pod.registry.find(&Audience::Users(lost.clone())));
                pod.tasks.spawn(async move { send_back(&moved, sockets).await });
            }
            !lost.is_empty() && users.len() < pod.registry.users().len()
        }
        Err(error) => {
            warn!(%error, "the presence directory did not hear this pod's beat");
            true
        }
    }
}

fn look(pod: &Pod, socket: &Arc<Sock>, now: Timestamp) {
    // Decided under the lock, done after it: telling may close the socket, which locks it too.
    let verdict = match &mut *socket.data.state() {
        State::Waiting(since) if since.elapsed() > SIGN_IN_TIME => Verdict::End,
        State::Open(open) if now >= open.expires_at => match open.warned_at {
            None => {
                open.warned_at = Some(now);
                Verdict::Warn
            }
            Some(warned) if now.ms_since(warned) >= RENEW_TIME_MS => Verdict::End,
            Some(_) => Verdict::Leave,
        },
        State::Waiting(_) | State::Open(_) | State::Closed => Verdict::Leave,
    };
    match verdict {
        Verdict::Leave => {}
        Verdict::Warn => tell(pod, socket, SessionReason::Expiring, None),
        Verdict::End => {
            too_late(pod, socket);
            socket.close(DisconnectReason::TransportClose);
        }
    }
}

/// What becomes of a socket that was looked at.
enum Verdict {
    Leave,
    Warn,
    End,
}

fn tell(pod: &Pod, socket: &Arc<Sock>, reason: SessionReason, reconnect_in: Option<u64>) {
    if let Ok(packet) = packet::event(&ServerEvent::Session(SessionEvent { reason, reconnect_in })) {
        give(pod, socket, &packet);
    }
}

/// Sends everybody elsewhere, in batches, each with a moment of its own to come back at.
pub async fn drain(pod: &Pod) {
    let sockets = pod.registry.all();
    if sockets.is_empty() {
        return;
    }
    info!("draining {} sockets", sockets.len());
    // Two milliseconds a socket keep the reconnects under 500 a second.
    let spread = (sockets.len() as u64 * 2).max(1_000);
    for batch in sockets.chunks(BATCH) {
        for socket in batch {
            tell(pod, socket, SessionReason::Draining, Some(jitter(spread)));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for socket in sockets {
        socket.close(DisconnectReason::ClosingServer);
    }
}

/// Events were lost on the way to this pod, who knows which: has everybody come back and look into the log, few at a time.
pub(super) async fn send_back(pod: &Pod, sockets: Vec<Arc<Sock>>) {
    info!("events were missed: {} sockets come back and sync", sockets.len());
    for batch in sockets.chunks(BACK_BATCH) {
        for socket in batch {
            tell(pod, socket, SessionReason::Draining, Some(0));
            socket.close(DisconnectReason::ClosingServer);
        }
        tokio::select! {
            () = pod.stop.cancelled() => return,
            () = tokio::time::sleep(BACK_EVERY) => {}
        }
    }
}

/// A random number below `most`; a constant one where there is no randomness.
fn jitter(most: u64) -> u64 {
    getrandom::u64().unwrap_or(most / 2) % most.max(1)
}
