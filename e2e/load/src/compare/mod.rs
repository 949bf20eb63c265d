//! Sotto beside the Node.js peer: the same scenes, in turns, on one set of engines, with one generator.

mod engines;
mod fanout;
mod figures;
pub(crate) mod floor;
pub(crate) mod page;
mod pair;
mod processes;
mod rest;
mod search;
mod storm;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use sotto_chaos::api::Account;
use tokio::time::sleep;
use uuid::Uuid;

use self::engines::Engines;
use self::figures::{Comparison, Side, Turn};
use self::pair::Circle;
use self::processes::Running;
use crate::{figures as kept, idle};

/// Each side has two turns, so that what changes on the machine meanwhile can be told from what differs between them.
const TURNS: &str = "peer,sotto,peer,sotto";
const SCENES: &str = "pair,fanout,storm,idle";
/// What a scene leaves behind comes to rest before the next.
const REST: Duration = Duration::from_secs(5);
/// A process that has just started is woken by so many sockets before memory is read.
const WAKERS: usize = 200;

/// Runs the turns, and keeps their figures and writes the page where nothing was left out.
pub(crate) async fn compare(turns: Option<&str>, scenes: Option<&str>) -> Result<()> {
    let is_whole = turns.is_none() && scenes.is_none();
    let sides = turns.unwrap_or(TURNS).split(',').map(side).collect::<Result<Vec<_>>>()?;
    let scenes: Vec<&str> = scenes.unwrap_or(SCENES).split(',').collect();
    if let Some(stray) = scenes.iter().find(|name| !SCENES.split(',').any(|known| known == **name)) {
        bail!("there is no scene {stray:?}: {SCENES}");
    }
    let engines = Engines::from_env()?;
    let mut comparison = Comparison { engines: engines.describe(), turns: Vec::new() };
    println!("on {}, in {} processes", comparison.engines, engines.pids.len());
    for side in sides {
        // A part may be tried out anywhere; what is written down may not.
        if is_whole && rest::has_others(&engines.queue_ports()) {
            bail!("somebody else uses these engines");
        }
        if is_whole && !rest::is_quiet().await? {
            bail!("the machine has to be ours alone");
        }
        let common = comparison.common_rate();
        comparison.turns.push(turn(side, &scenes, &engines, common).await?);
    }
    if !is_whole {
        println!("{}", page::render(&comparison));
        return Ok(());
    }
    kept::keep("compare", &comparison)?;
    page::write(&comparison)
}

fn side(name: &str) -> Result<Side> {
    match name {
        "peer" => Ok(Side::Peer),
        "sotto" => Ok(Side::Sotto),
        _ => bail!("there is no side {name:?}: peer, sotto"),
    }
}

async fn turn(side: Side, scenes: &[&str], engines: &Engines, common: Option<f64>) -> Result<Turn> {
    let has = |scene: &str| scenes.contains(&scene);
    let mut turn = Turn { side, pair: None, fanout: None, storm: None, idle: None };
    let mut running = Running::start(side, engines).await?;
    let needed = [
        (has("pair"), pair::PEOPLE),
        (has("fanout"), fanout::MEMBERS),
        (has("storm"), storm::SOCKETS),
        (has("idle"), idle::SOCKETS),
    ];
    let count = needed.into_iter().filter_map(|(wanted, count)| wanted.then_some(count)).max().unwrap_or_default();
    println!("{side:?}: registering {count} people ...");
    // The store keeps what earlier runs wrote: names are new each time.
    let mark = format!("c{}x", Uuid::now_v7().simple().to_string().get(..12).unwrap_or_default());
    let people = running.system.people(&mark, count).await?;
    let first = |count: usize| people.get(..count).context("too few people");

    if has("pair") {
        println!("{side:?}: pair ...");
        let people = first(pair::PEOPLE)?;
        let own = running.system.conversations(people, pair::CONVERSATIONS).await?;
        turn.pair = Some(pair::measure(&running.system, &Circle { people, own }, common).await?);
        sleep(REST).await;
    }
    if has("storm") {
        println!("{side:?}: storm ...");
        turn.storm = Some(storm::measure(&running.system, first(storm::SOCKETS)?).await?);
        sleep(REST).await;
    }
    if has("fanout") {
        println!("{side:?}: fanout ...");
        turn.fanout = Some(fanout::measure(&running.system, first(fanout::MEMBERS)?).await?);
        sleep(REST).await;
    }
    if has("idle") {
        println!("{side:?}: idle ...");
        // Processes that have done nothing yet: what a day's work leaves in a heap would hide what sockets need.
        running.stop().await?;
        running = Running::start(side, engines).await?;
        wake(&running, first(WAKERS)?).await?;
        turn.idle = Some(idle::weigh(&running.system, first(idle::SOCKETS)?).await?);
    }
    running.stop().await?;
    Ok(turn)
}

/// Connects some sockets and lets them go, so that code is loaded and pools are open before memory is read.
async fn wake(running: &Running, people: &[Account]) -> Result<()> {
    drop(running.system.sockets(people).await?);
    sleep(idle::SETTLE).await;
    Ok(())
}
