//! The workers' door: takes from the partitions, calls the one use case, acknowledges.

use std::time::Duration;

use metrics::{counter, gauge};
use sotto_core::{
    App, Error,
    domain::entry::Draft,
    ports::{Lane, Taken},
    sabotage::Sabotage,
    usecases::{
        entry::{Drafts, Writer, append, expire},
        keys::{expire_mail, nudge},
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};

/// How many entries a partition's writer takes at once.
const BATCH: usize = 256;
/// How often the words of what has expired are taken.
const EXPIRE_EVERY: Duration = Duration::from_secs(10);
/// How often devices are asked for keys, and boxes that waited too long are removed.
const TEND_EVERY: Duration = Duration::from_mins(10);
/// The pauses before an entry that can't be read is tried again.
pub const RETRY_AFTER: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];
/// The longest wait between two tries while a port is away.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Starts the writer of every partition. Each ends between two batches once it is told to stop.
pub fn start(app: &App, tasks: &TaskTracker, stop: &CancellationToken) {
    for number in 0..app.policy.partitions {
        tasks.spawn(partition(app.clone(), Lane::Partition(number), stop.clone()));
    }
    tasks.spawn(forget(app.clone(), stop.clone()));
    tasks.spawn(tend_keys(app.clone(), stop.clone()));
}

/// Asks devices for the keys that they should bring, and removes boxes that nobody fetched, time and again.
async fn tend_keys(app: App, stop: CancellationToken) {
    while pause(TEND_EVERY, &stop).await {
        match nudge(&app).await {
            Ok(wanting) => {
                gauge!("sotto_devices_wanting_keys").set(f64::from(u32::try_from(wanting).unwrap_or(u32::MAX)));
            }
            Err(error) => warn!(%error, "devices could not be asked for keys yet"),
        }
        match expire_mail(&app).await {
            Ok(expired) => counter!("sotto_mail_expired_total").increment(expired as u64),
            Err(error) => warn!(%error, "boxes that nobody fetched could not be removed yet"),
        }
    }
}

/// Takes the words of what has expired, time and again.
async fn forget(app: App, stop: CancellationToken) {
    while pause(EXPIRE_EVERY, &stop).await {
        if let Err(error) = expire(&app).await {
            warn!(%error, "what has expired could not be emptied yet");
        }
    }
}

async fn partition(app: App, lane: Lane, stop: CancellationToken) {
    let mut writer = Writer::default();
    loop {
        let taken = tokio::select! {
            () = stop.cancelled() => return,
            taken = app.queue.take(lane, BATCH) => taken,
        };
        match taken {
            Ok(taken) => {
                if !settle(&app, &mut writer, (lane, taken), &stop).await {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "the queue gives nothing; trying again");
                pause(Duration::from_secs(1), &stop).await;
            }
        }
    }
}

/// Appends a batch and acknowledges it, however long that takes; `false` when told to stop before.
async fn settle(app: &App, writer: &mut Writer, (lane, taken): (Lane, Vec<Taken>), stop: &CancellationToken) -> bool {
    let mut drafts = Vec::with_capacity(taken.len());
    let mut tags = Vec::with_capacity(taken.len());
    let mut again = false;
    for Taken { tag, payload, attempt, again: perhaps } in taken {
        again |= perhaps;
        match serde_json::from_slice::<Draft>(&payload) {
            Ok(draft) => {
                drafts.push(draft);
                tags.push(tag);
            }
            Err(error) => set_aside(app, (lane, tag), attempt, &error.to_string()).await,
        }
    }
    if Sabotage::AckFirst.is_on() {
        drop(app.queue.ack(lane, &tags).await);
    }
    let mut wait = Duration::from_millis(100);
    loop {
        match append(app, writer, Drafts { drafts: drafts.clone(), again }).await {
            Ok(outcome) => {
                counter!("sotto_messages_persisted_total").increment(outcome.written as u64);
                // From the last on, so that the numbers stay true.
                for stray in outcome.strays.into_iter().rev() {
                    bury(app, (lane, tags.remove(stray)), "another message has its id").await;
                }
                break;
            }
            // In a partition order is everything: nothing overtakes what can't be written yet.
            Err(error @ (Error::Port(_) | Error::Refused(_))) => {
                warn!(%error, "entries of {lane:?} wait for the log");
                // Some may be written although nobody heard so.
                again = true;
                if !pause(wait, stop).await {
                    return false;
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
    if let Err(error) = app.queue.ack(lane, &tags).await {
        warn!(%error, "done with entries of {lane:?}, which the queue will hand out again");
    }
    true
}

/// An entry that can't be read is tried again with growing pauses, for a newer worker may know it; then it is buried.
/// Others flow past it meanwhile.
async fn set_aside(app: &App, (lane, tag): (Lane, u64), attempt: u32, why: &str) {
    let Some(pause) = RETRY_AFTER.get(attempt as usize) else { return bury(app, (lane, tag), why).await };
    warn!(error = why, "an entry of {lane:?} can't be read: tried again in {pause:?}");
    if let Err(error) = app.queue.put_off(lane, tag, *pause).await {
        error!(%error, "it could not be put off; it comes again after a restart");
    }
}

async fn bury(app: &App, (lane, tag): (Lane, u64), why: &str) {
    error!(error = why, "an entry of {lane:?} can't be processed: buried with the dead");
    counter!("sotto_buried_total").increment(1);
    if let Err(error) = app.queue.bury(lane, tag, why).await {
        error!(%error, "it could not be buried; it comes again after a restart");
    }
}

/// Waits; `false` when told to stop meanwhile.
async fn pause(wait: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(wait) => true,
    }
}
