//! Group commit: whatever is asked while a command is on its way goes out together in the next one. A command costs the
//! same however much is in it, so that the busier the server, the cheaper each message.

use std::sync::Arc;

use sotto_core::{PortError, ports::Result};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::Background;

/// Asks waiting for the next command.
pub(crate) struct Gather<I, O> {
    port: &'static str,
    asks: mpsc::UnboundedSender<(I, oneshot::Sender<Result<O>>)>,
}

impl<I: Send + 'static, O: Send + 'static> Gather<I, O> {
    /// Starts gathering. `run` answers a batch, in its order; at most `commands` are on their way at once, with at most
    /// `most` asks each.
    pub(crate) fn start<F>(
        (port, background): (&'static str, &Background),
        (commands, most): (usize, usize),
        run: impl Fn(Vec<I>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Vec<Result<O>>> + Send + 'static,
    {
        let (asks, mut asked) = mpsc::unbounded_channel::<(I, oneshot::Sender<Result<O>>)>();
        let (room, run) = (Arc::new(Semaphore::new(commands)), Arc::new(run));
        let owner = background.clone();
        background.spawn(async move {
            loop {
                // Room first: what comes while none is free goes into the next command.
                let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                let mut batch = Vec::new();
                let count = tokio::select! {
                    () = owner.stopped() => 0,
                    count = asked.recv_many(&mut batch, most) => count,
                };
                if count == 0 {
                    return;
                }
                let run = Arc::clone(&run);
                owner.spawn(async move {
                    let (inputs, replies): (Vec<I>, Vec<_>) = batch.into_iter().unzip();
                    let answers = run(inputs).await;
                    drop(permit);
                    for (reply, answer) in replies.into_iter().zip(answers) {
                        // Whoever asked may have gone.
                        let _ = reply.send(answer);
                    }
                });
            }
        });
        Self { port, asks }
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn ask(&self, input: I) -> Result<O> {
        let gone = || PortError::new(self.port, "this pod is stopping");
        let (reply, answer) = oneshot::channel();
        self.asks.send((input, reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// The same failure for everybody in a batch.
pub(crate) fn all_failed<O>(error: &PortError, count: usize) -> Vec<Result<O>> {
    (0..count).map(|_| Err(PortError::new(error.port, error.source.to_string()))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn what_comes_while_a_command_is_out_goes_together() {
        let background = Background::default();
        let (sizes, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (seen, held) = (Arc::clone(&sizes), Arc::clone(&gate));
        let gather = Arc::new(Gather::start(("store", &background), (1, 10), move |batch: Vec<u32>| {
            seen.lock().unwrap().push(batch.len());
            let held = Arc::clone(&held);
            async move {
                held.notified().await;
                batch.into_iter().map(|number| Ok(number * 2)).collect()
            }
        }));
        let asks: Vec<_> = (0..5)
            .map(|number| {
                let gather = Arc::clone(&gather);
                Box::pin(async move { gather.ask(number).await.unwrap() })
            })
            .collect();
        let opened = async {
            for _ in 0..2 {
                tokio::task::yield_now().await;
                gate.notify_one();
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let (answers, ()) = tokio::join!(futures_util::future::join_all(asks), opened);
        assert_eq!(answers, [0, 2, 4, 6, 8]);
        assert!(sizes.lock().unwrap().len() <= 2);
        background.stop().await;
        assert!(gather.ask(1).await.is_err());
    }
}
