//! Giving packets to sockets, and letting go of those that don't take them.

use std::sync::Arc;

use engineioxide::DisconnectReason;
use metrics::counter;
use shared_types::UserId;
use sotto_core::{Error, usecases::presence};
use tracing::{info, warn};

use super::{
    Pod,
    packet::Packet,
    sock::{NotGiven, Sock},
};

/// Gives a packet to a socket. One whose buffer is full is cut off: it will sync when it is back, and until then it
/// costs nothing.
pub(super) fn give(pod: &Pod, socket: &Arc<Sock>, packet: &Packet) -> bool {
    match socket.emit(packet) {
        Ok(()) => true,
        Err(NotGiven::Full) => {
            counter!("sotto_sockets_cut_total").increment(1);
            info!(socket.id = %socket.id, "socket {} reads too slowly: cut off", socket.id);
            // Its writer may be stuck in the kernel for a while: it is gone for us now.
            gone(pod, socket);
            socket.close(DisconnectReason::TransportError);
            false
        }
        Err(NotGiven::Closed) => false,
    }
}

/// A socket is gone: the person may be offline by it. Doing it again does nothing.
pub(super) fn gone(pod: &Pod, socket: &Arc<Sock>) {
    let Some(user) = pod.registry.close(socket) else { return };
    let pod = pod.clone();
    pod.tasks.clone().spawn(async move {
        if let Err(error) = note_leaving(&pod, user).await {
            warn!(%error, "someone's leaving was not noted; it expires by itself");
        }
    });
}

/// Notes that a person has no socket here any more, unless they are back already, or come back meanwhile.
pub(super) async fn note_leaving(pod: &Pod, user: UserId) -> Result<(), Error> {
    if pod.registry.has(user) {
        return Ok(());
    }
    presence::leave(&pod.app, user, &pod.id).await?;
    if pod.registry.has(user) {
        presence::appear(&pod.app, user, &pod.id).await?;
    }
    Ok(())
}
