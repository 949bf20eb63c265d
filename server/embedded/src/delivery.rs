//! Events from this process to the pods in it: one, or several in tests.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use shared_types::{ServerEvent, Timestamp};
use sotto_core::ports::{Audience, Delivery, Heard, Inbox, Parcel, PodId, Post, Result};
use tokio::sync::mpsc;
use tracing::warn;

/// How many parcels may wait for a pod. A pod that is so far behind loses some; its clients find the gap and sync.
const WAITING: usize = 65_536;

/// The pods of this process.
#[derive(Default)]
pub struct InProcess {
    pods: Mutex<HashMap<PodId, Way>>,
}

/// The way to a pod.
struct Way {
    sender: mpsc::Sender<Parcel>,
    /// Something did not fit in.
    missed: Arc<AtomicBool>,
}

struct Parcels {
    receiver: mpsc::Receiver<Parcel>,
    missed: Arc<AtomicBool>,
}

#[async_trait]
impl Inbox for Parcels {
    async fn next(&mut self) -> Option<Heard> {
        if self.missed.swap(false, Ordering::Relaxed) {
            return Some(Heard::Missed);
        }
        self.receiver.recv().await.map(|parcel| Heard::Parcel(Box::new(parcel)))
    }
}

#[async_trait]
impl Delivery for InProcess {
    async fn tell(&self, to: Audience, event: ServerEvent) {
        self.tell_boxed(to, event, Vec::new()).await;
    }

    async fn tell_boxed(&self, to: Audience, event: ServerEvent, boxes: Vec<Post>) {
        let mut pods = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
        pods.retain(|_, pod| !pod.sender.is_closed());
        for (name, pod) in pods.iter() {
            let parcel = Parcel { to: to.clone(), event: event.clone(), is_late: false, boxes: boxes.clone() };
            if pod.sender.try_send(parcel).is_err() {
                pod.missed.store(true, Ordering::Relaxed);
                warn!(pod = %name.0, "pod {} is behind: an event was dropped, its clients will sync", name.0);
            }
        }
    }

    async fn tell_as_of(&self, to: Audience, event: ServerEvent, _: Timestamp) {
        self.tell(to, event).await;
    }

    async fn listen(&self, pod: &PodId) -> Result<Box<dyn Inbox>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let missed = Arc::new(AtomicBool::new(false));
        let way = Way { sender, missed: Arc::clone(&missed) };
        self.pods.lock().unwrap_or_else(PoisonError::into_inner).insert(pod.clone(), way);
        Ok(Box::new(Parcels { receiver, missed }))
    }
}
