//! Receipts that were long on their way. Whoever hears them may have come from another pod and heard of higher watermarks
//! there, so what is true now is asked before it is told: beside the delivery, which waits for nobody.

use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;
use shared_types::{ConversationId, Receipt, UserId};
use sotto_core::{domain::receipt::Watermark, ports::Audience};
use tokio::sync::mpsc;
use tracing::warn;

use super::Pod;

/// How many may wait. Those that do not fit in are seen with the next that the same reader raises.
const WAITING: usize = 16_384;
/// How many are asked for together.
const TOGETHER: usize = 256;
/// How long an answer may take.
const ASK: Duration = Duration::from_secs(1);

/// A receipt, and who shall hear of it.
pub(super) type Late = (Audience, Receipt);

/// The way through the question and back.
pub(super) struct Lifts {
    waiting: mpsc::Sender<Late>,
    lifted: mpsc::Receiver<Late>,
}

impl Lifts {
    /// Starts asking, until the pod stops.
    pub(super) fn start(pod: &Pod) -> Self {
        let (waiting, mut came) = mpsc::channel(WAITING);
        let (done, lifted) = mpsc::channel(TOGETHER);
        let asking = pod.clone();
        pod.tasks.spawn(async move {
            let mut batch = Vec::new();
            while asking
                .stop
                .run_until_cancelled(came.recv_many(&mut batch, TOGETHER))
                .await
                .is_some_and(|count| count > 0)
            {
                for late in lift_all(&asking, batch.drain(..)).await {
                    if done.send(late).await.is_err() {
                        return;
                    }
                }
            }
        });
        Self { waiting, lifted }
    }

    /// Has it asked for.
    pub(super) fn put(&self, late: Late) {
        if self.waiting.try_send(late).is_err() {
            warn!("too many receipts are late: one was dropped");
        }
    }

    /// The next one that is true again.
    pub(super) async fn next(&mut self) -> Option<Late> {
        self.lifted.recv().await
    }
}

/// What they say, and who shall hear of it, once for each reader of a conversation.
#[derive(Default)]
struct Together {
    mark: Watermark,
    audiences: Vec<Audience>,
}

async fn lift_all(pod: &Pod, batch: impl Iterator<Item = Late>) -> Vec<Late> {
    let mut by_reader: HashMap<(ConversationId, UserId), Together> = HashMap::new();
    for (to, receipt) in batch {
        let together = by_reader.entry((receipt.conversation_id, receipt.user_id)).or_default();
        let mark = Watermark { delivered: receipt.delivered_seq, read: receipt.read_seq };
        together.mark = together.mark.merge(mark);
        if !together.audiences.contains(&to) {
            together.audiences.push(to);
        }
    }
    let asked = by_reader.into_iter().map(async |((conversation, user), Together { mark, audiences })| {
        // It was raised before, so that this only asks.
        let now = match tokio::time::timeout(ASK, pod.app.receipts.raise(conversation, user, mark)).await {
            Ok(Ok(raised)) => mark.merge(raised.now),
            // Better a watermark that falls for a moment than one that is never heard of.
            Ok(Err(_)) | Err(_) => mark,
        };
        let receipt =
            Receipt { conversation_id: conversation, user_id: user, delivered_seq: now.delivered, read_seq: now.read };
        audiences.into_iter().map(move |to| (to, receipt)).collect::<Vec<_>>()
    });
    join_all(asked).await.into_iter().flatten().collect()
}
