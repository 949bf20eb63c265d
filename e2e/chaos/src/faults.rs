//! The faults: what is done to one process or to several, for how long, and how it ends.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sotto_engines::{Condition, Ending, Process};

use crate::dice::Dice;
use crate::rig::{APIS, Rig, WORKERS};

/// How long a pod may take to end when it is asked.
const DRAIN: Duration = Duration::from_secs(40);
/// How long a process may take to be ready again.
const LIMIT: Duration = Duration::from_mins(2);
const RABBITS: [&str; 3] = ["rabbit-1", "rabbit-2", "rabbit-3"];

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// kill -9 of a pod that serves people.
    KillApi,
    /// kill -9 of a worker.
    KillWorker,
    /// A worker that stands still for longer than others wait for it, and then goes on as if nothing had been.
    Zombie,
    /// SIGTERM of a pod that serves people.
    DrainApi,
    /// SIGTERM of a worker.
    DrainWorker,
    /// kill -9 of one RabbitMQ node.
    KillRabbit,
    /// kill -9 of all RabbitMQ nodes.
    KillRabbits,
    /// kill -9 of a Redis master: a replica takes its place, or it comes back before, empty.
    KillRedis,
    /// All that Redis knows is gone.
    FlushRedis,
    /// kill -9 of the MongoDB primary.
    KillMongo,
    /// kill -9 of S3.
    KillS3,
    /// All RabbitMQ nodes stand still, so that what is sent to them is on nobody's disk, and are killed then.
    FreezeRabbits,
    /// The MongoDB primary stands still, so that workers hold what they can't write, and both workers are killed.
    Starve,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::KillApi,
        Self::KillWorker,
        Self::Zombie,
        Self::DrainApi,
        Self::DrainWorker,
        Self::KillRabbit,
        Self::KillRabbits,
        Self::KillRedis,
        Self::FlushRedis,
        Self::KillMongo,
        Self::KillS3,
        Self::FreezeRabbits,
        Self::Starve,
    ];

    /// Whether watermarks may lag after it, until what pods hold has come back from MongoDB.
    pub const fn loses_marks(self) -> bool {
        matches!(self, Self::KillRedis | Self::FlushRedis)
    }

    /// Does it, and ends it. What is wrong by itself, such as a pod that does not end, is said.
    pub fn strike(self, rig: &Rig, dice: &mut Dice) -> Result<Struck> {
        let mut struck = Struck { what: String::new(), complaint: None };
        match self {
            Self::KillApi => struck.what = kill(rig, dice, (&APIS, 50, 3_000))?,
            Self::KillWorker => struck.what = kill(rig, dice, (&WORKERS, 50, 3_000))?,
            Self::Zombie => struck.what = pause(rig, pick(dice, &WORKERS)?, dice.between(12_000, 25_000))?,
            Self::DrainApi => drain(rig, pick(dice, &APIS)?, &mut struck)?,
            Self::DrainWorker => drain(rig, pick(dice, &WORKERS)?, &mut struck)?,
            Self::KillRabbit => struck.what = kill(rig, dice, (&RABBITS, 500, 6_000))?,
            Self::KillRabbits => struck.what = kill_rabbits(rig, dice)?,
            Self::KillRedis => {
                let masters = rig.engines.redis_masters();
                let master = dice.pick(&masters).context("Redis has no master")?.name().to_owned();
                struck.what = kill(rig, dice, (&[&master], 100, 8_000))?;
            }
            Self::FlushRedis => struck.what = flush(rig)?,
            Self::KillMongo => {
                let primary = wait_for(|| rig.engines.primary()).context("MongoDB has no primary")?;
                struck.what = kill(rig, dice, (&[primary.name()], 500, 6_000))?;
            }
            Self::KillS3 => struck.what = kill(rig, dice, (&["s3"], 500, 4_000))?,
            Self::FreezeRabbits => struck.what = freeze_rabbits(rig, dice)?,
            Self::Starve => struck.what = starve(rig, dice)?,
        }
        Ok(struck)
    }
}

/// What was done, and what was wrong with how it went.
#[derive(Debug)]
pub struct Struck {
    /// What was done, in a few words.
    pub what: String,
    /// What went wrong, if anything.
    pub complaint: Option<String>,
}

/// All faults in an order that the dice choose.
pub fn deck(dice: &mut Dice) -> Vec<Fault> {
    let mut left = Fault::ALL.to_vec();
    let mut deck = Vec::new();
    while let Some(fault) = dice.pick(&left).copied() {
        left.retain(|other| *other != fault);
        deck.push(fault);
    }
    deck
}

fn pick<'a>(dice: &mut Dice, names: &[&'a str]) -> Result<&'a str> {
    dice.pick(names).copied().context("nothing to choose from")
}

/// Kills one of several, and starts it after so many milliseconds.
fn kill(rig: &Rig, dice: &mut Dice, (names, least, most): (&[&str], u64, u64)) -> Result<String> {
    let name = pick(dice, names)?;
    let process = rig.process(name)?;
    let away = dice.between(least, most);
    process.kill()?;
    sleep(Duration::from_millis(away));
    let took = start(&process)?;
    Ok(format!("kill -9 {name}, started after {away} ms, ready {took} ms later"))
}

fn start(process: &Process) -> Result<u128> {
    start_all(std::slice::from_ref(process))
}

fn pause(rig: &Rig, name: &str, ms: u64) -> Result<String> {
    let process = rig.process(name)?;
    process.pause()?;
    sleep(Duration::from_millis(ms));
    process.resume()?;
    Ok(format!("SIGSTOP {name} for {ms} ms"))
}

fn drain(rig: &Rig, name: &str, struck: &mut Struck) -> Result<()> {
    let process = rig.process(name)?;
    let began = Instant::now();
    let ending = process.stop(DRAIN)?;
    let drained = began.elapsed().as_millis();
    if ending == Ending::Forced {
        struck.complaint = Some(format!("{name} had not ended {DRAIN:?} after SIGTERM"));
    }
    let took = start(&process)?;
    struck.what = format!("SIGTERM {name}, ended after {drained} ms, ready again {took} ms later");
    Ok(())
}

fn kill_rabbits(rig: &Rig, dice: &mut Dice) -> Result<String> {
    let nodes = all(rig, &RABBITS)?;
    for node in &nodes {
        node.kill()?;
        sleep(Duration::from_millis(dice.between(0, 200)));
    }
    let away = dice.between(500, 5_000);
    sleep(Duration::from_millis(away));
    let took = start_all(&nodes)?;
    Ok(format!("kill -9 of all RabbitMQ, started after {away} ms, ready {took} ms later"))
}

fn freeze_rabbits(rig: &Rig, dice: &mut Dice) -> Result<String> {
    let nodes = all(rig, &RABBITS)?;
    nodes.iter().try_for_each(Process::pause)?;
    let frozen = dice.between(500, 3_000);
    sleep(Duration::from_millis(frozen));
    nodes.iter().try_for_each(Process::kill)?;
    let took = start_all(&nodes)?;
    Ok(format!("SIGSTOP of all RabbitMQ for {frozen} ms, then kill -9, ready {took} ms later"))
}

fn starve(rig: &Rig, dice: &mut Dice) -> Result<String> {
    let primary = wait_for(|| rig.engines.primary()).context("MongoDB has no primary")?;
    let workers = all(rig, &WORKERS)?;
    primary.pause()?;
    let frozen = dice.between(700, 2_000);
    sleep(Duration::from_millis(frozen));
    workers.iter().try_for_each(Process::kill)?;
    primary.resume()?;
    let took = start_all(&workers)?;
    let name = primary.name();
    Ok(format!("SIGSTOP {name} (primary) for {frozen} ms, then kill -9 of both workers, ready {took} ms later"))
}

fn all(rig: &Rig, names: &[&str]) -> Result<Vec<Process>> {
    names.iter().map(|name| rig.process(name)).collect()
}

fn start_all(processes: &[Process]) -> Result<u128> {
    let began = Instant::now();
    processes.iter().try_for_each(Process::start)?;
    for process in processes {
        // One that ends at its start is started again, as elsewhere by whatever watches over it.
        while process.wait_until_ready(LIMIT).is_err() {
            ensure!(began.elapsed() < LIMIT, "{} does not become ready", process.name());
            if process.condition() == Condition::Down {
                process.start()?;
            }
        }
    }
    Ok(began.elapsed().as_millis())
}

fn flush(rig: &Rig) -> Result<String> {
    // In the midst of a failover nobody may take writes.
    let flushed = wait_for(|| {
        let masters = rig.engines.redis_masters();
        let flushed = masters.iter().filter(|master| rig.engines.ask_redis(master, "FLUSHALL").is_ok());
        let names: Vec<String> = flushed.map(|master| master.name().to_owned()).collect();
        (!names.is_empty() && names.len() == masters.len()).then_some(names)
    });
    Ok(format!("FLUSHALL on {}", flushed.context("no Redis master takes writes")?.join(", ")))
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        match look() {
            None if began.elapsed() < LIMIT => sleep(Duration::from_millis(100)),
            found => return found,
        }
    }
}
