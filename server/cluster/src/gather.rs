//! Group commit: whatever is asked while a command is on its way goes out together in the next one. A command costs the
//! same however much is in it, so that the busier the server, the cheaper each message.

use std::{sync::Arc, time::Duration};

use sotto_core::{PortError, ports::Result};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tracing::warn;

use crate::Background;

/// How asks go together.
#[derive(Debug)]
pub(crate) struct Pace<I> {
    /// How many commands are on their way at once.
    pub(crate) commands: usize,
    /// How many asks go into one.
    pub(crate) most: usize,
    /// How much an ask holds.
    pub(crate) holds: fn(&I) -> usize,
    /// Whether commands keep a distance. What comes alone never waits for company; where much comes, each waits a few
    /// hundredths of a second, and most of what a command costs is saved.
    pub(crate) spaced: bool,
}

/// How far apart commands start: after one that held but two things, and for each that it held more, and at most. The more
/// comes, the longer it pays to wait.
const APART: Duration = Duration::from_millis(15);
const APART_EACH: Duration = Duration::from_micros(250);
const APART_MOST: Duration = Duration::from_millis(25);

/// The longest that a command may take. Engines have bounds of their own, but behind a network that has gone silent nobody
/// keeps them, and whoever waits for one command waits for all that come after it.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long after the start of a command that held so many things the next one may start.
fn apart(held: usize) -> Duration {
    let more = u32::try_from(held).unwrap_or(u32::MAX).saturating_sub(2);
    if held < 2 { Duration::ZERO } else { (APART + APART_EACH.saturating_mul(more)).min(APART_MOST) }
}

/// An ask that holds one thing.
pub(crate) const fn one<I>(_: &I) -> usize {
    1
}

/// Asks waiting for the next command.
pub(crate) struct Gather<I, O> {
    port: &'static str,
    asks: mpsc::UnboundedSender<(I, oneshot::Sender<Result<O>>)>,
}

impl<I: Send + 'static, O: Send + 'static> Gather<I, O> {
    /// Starts gathering. `run` answers a batch, in its order.
    pub(crate) fn start<F>(
        (port, background): (&'static str, &Background),
        Pace { commands, most, holds, spaced }: Pace<I>,
        run: impl Fn(Vec<I>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Vec<Result<O>>> + Send + 'static,
    {
        let (asks, mut asked) = mpsc::unbounded_channel::<(I, oneshot::Sender<Result<O>>)>();
        let (room, run) = (Arc::new(Semaphore::new(commands)), Arc::new(run));
        let owner = background.clone();
        background.spawn(async move {
            let mut soonest = None;
            loop {
                // Room first: what comes while none is free goes into the next command.
                let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                if let Some(soonest) = soonest {
                    sleep_until(soonest).await;
                }
                let mut batch = Vec::new();
                let count = tokio::select! {
                    () = owner.stopped() => 0,
                    count = asked.recv_many(&mut batch, most) => count,
                };
                if count == 0 {
                    return;
                }
                let held: usize = batch.iter().map(|(input, _)| holds(input)).sum();
                // Behind a full one others are waiting already.
                soonest = (spaced && count < most).then(|| Instant::now() + apart(held));
                let run = Arc::clone(&run);
                owner.spawn(async move {
                    let (inputs, replies): (Vec<I>, Vec<_>) = batch.into_iter().unzip();
                    let asked = inputs.len();
                    let answers = tokio::time::timeout(PATIENCE, run(inputs)).await;
                    drop(permit);
                    let answers = answers.unwrap_or_else(|_| {
                        warn!("a command to the {port} was not answered in time");
                        all_failed(&PortError::new(port, "no answer in time"), asked)
                    });
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

    fn pace<I>(spaced: bool) -> Pace<I> {
        Pace { commands: 1, most: 10, holds: one, spaced }
    }

    #[test]
    fn the_more_a_command_held_the_longer_the_next_one_waits() {
        let ms = |held| apart(held).as_millis();
        assert_eq!([0, 1, 2, 22, 42, 500, usize::MAX].map(ms), [0, 0, 15, 20, 25, 25, 25]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_is_never_answered_fails_and_holds_nobody_up() {
        let background = Background::default();
        let gather = Gather::start(("store", &background), pace(false), |batch: Vec<bool>| async move {
            if batch.contains(&false) {
                std::future::pending::<()>().await;
            }
            batch.into_iter().map(Ok).collect()
        });
        let refused = gather.ask(false).await.unwrap_err();
        assert!(refused.to_string().contains("no answer in time"), "{refused}");
        assert!(gather.ask(true).await.unwrap());
        background.stop().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_alone_never_waits_and_company_draws_company() {
        let background = Background::default();
        let gather = Gather::start(("store", &background), pace(true), |batch: Vec<()>| async move {
            let size = batch.len();
            batch.into_iter().map(|()| Ok(size)).collect()
        });
        let began = Instant::now();
        assert_eq!((gather.ask(()).await.unwrap(), gather.ask(()).await.unwrap()), (1, 1));
        assert_eq!(began.elapsed(), Duration::ZERO);
        let (one, other) = tokio::join!(gather.ask(()), gather.ask(()));
        assert_eq!((one.unwrap(), other.unwrap(), began.elapsed()), (2, 2, Duration::ZERO));
        let late = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            gather.ask(()).await.unwrap()
        };
        let (one, other) = tokio::join!(gather.ask(()), late);
        assert_eq!((one.unwrap(), other), (2, 2), "whoever comes soon after the two goes along");
        let waited = began.elapsed();
        assert!(waited >= APART && waited < APART + Duration::from_millis(5), "{waited:?}");
        background.stop().await;
    }

    #[tokio::test]
    async fn what_comes_while_a_command_is_out_goes_together() {
        let background = Background::default();
        let (sizes, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (seen, held) = (Arc::clone(&sizes), Arc::clone(&gate));
        let gather = Arc::new(Gather::start(("store", &background), pace(false), move |batch: Vec<u32>| {
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
