//! What is done to Redis, of either kind.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use sotto_engines::Process;

use super::{LIMIT, start_all, wait_for};
use crate::dice::Dice;
use crate::rig::Rig;

/// Those of the kind in use that say that they are masters; in the midst of a failover there may be none.
pub(super) fn masters(rig: &Rig) -> Result<Vec<Process>> {
    let masters = || Some(rig.redis_masters()).filter(|masters| !masters.is_empty());
    wait_for(masters).context("Redis has no master")
}

/// One of them.
pub(super) fn master(rig: &Rig, dice: &mut Dice) -> Result<Process> {
    dice.pick(&masters(rig)?).cloned().context("Redis has no master")
}

/// All that it knows is gone.
pub(super) fn flush(rig: &Rig) -> Result<String> {
    // In the midst of a failover nobody may take writes.
    let flushed = wait_for(|| {
        let masters = rig.redis_masters();
        let flushed = masters.iter().filter(|master| rig.engines.ask_redis(master, "FLUSHALL").is_ok());
        let names: Vec<String> = flushed.map(|master| master.name().to_owned()).collect();
        (!names.is_empty() && names.len() == masters.len()).then_some(names)
    });
    Ok(format!("FLUSHALL on {}", flushed.context("no Redis master takes writes")?.join(", ")))
}

/// kill -9 of all that hold data; they come back empty.
pub(super) fn kill_all(rig: &Rig, dice: &mut Dice) -> Result<String> {
    let nodes = rig.redis_nodes();
    nodes.iter().try_for_each(Process::kill)?;
    let away = dice.between(200, 6_000);
    sleep(Duration::from_millis(away));
    let took = start_all(&nodes)?;
    Ok(format!("kill -9 of all {} Redis, started empty after {away} ms, ready {took} ms later", nodes.len()))
}

/// A master stands still, is replaced, and comes back as if nothing had been.
pub(super) fn freeze(rig: &Rig, dice: &mut Dice) -> Result<String> {
    let master = master(rig, dice)?;
    super::pause(rig, master.name(), dice.between(500, 8_000))
}

/// All subscriptions of all pods end.
pub(super) fn end_subscriptions(rig: &Rig) -> String {
    let mut ended = 0;
    for node in rig.redis_nodes() {
        // Replicas have subscribers too, in a cluster.
        let answer = rig.engines.ask_redis(&node, "CLIENT KILL TYPE pubsub").unwrap_or_default();
        ended += answer.parse::<u64>().unwrap_or_default();
    }
    format!("CLIENT KILL TYPE pubsub ended {ended} subscriptions")
}

/// Waits until it takes writes, whoever is its master by now.
pub(crate) fn wait_until_whole(rig: &Rig) -> Result<()> {
    let whole = wait_for(|| rig.is_redis_whole().then_some(()));
    whole.with_context(|| format!("Redis takes no writes, {LIMIT:?} after all of it was there again"))
}
