//! The faults: what is done to one process or to several, or to the traffic between them, for how long, and how it ends.

mod net;
pub(crate) mod redis;

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sotto_engines::{Condition, Ending, Process};

pub use self::net::Port;
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
    /// A pod that serves people stands still.
    PauseApi,
    /// SIGTERM of a pod that serves people.
    DrainApi,
    /// kill -9 of a worker.
    KillWorker,
    /// A worker that stands still for longer than others wait for it, and then goes on as if nothing had been.
    Zombie,
    /// SIGTERM of a worker.
    DrainWorker,
    /// kill -9 of one RabbitMQ node.
    KillRabbit,
    /// kill -9 of all RabbitMQ nodes.
    KillRabbits,
    /// All RabbitMQ nodes stand still, so that what is sent to them is on nobody's disk, and are killed then.
    FreezeRabbits,
    /// kill -9 of a Redis master: a replica takes its place, or it comes back before, empty.
    KillRedis,
    /// kill -9 of all Redis servers, which come back empty.
    KillAllRedis,
    /// A Redis master stands still.
    FreezeRedis,
    /// All that Redis knows is gone.
    FlushRedis,
    /// All subscriptions end.
    EndSubscriptions,
    /// kill -9 of the MongoDB primary.
    KillMongo,
    /// The MongoDB primary gives up its place.
    StepDown,
    /// kill -9 of S3.
    KillS3,
    /// The MongoDB primary stands still, so that workers hold what they can't write, and both workers are killed.
    Starve,
    /// Nothing gets through to a port, or only one way.
    Cut(Port),
    /// Packets to and from a port are lost.
    Lose(Port),
    /// The way to one pod is long.
    Delay,
}

/// What a fault is done to. Two that are done to different things can be done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Apis,
    Workers,
    Rabbit,
    Redis,
    Mongo,
    S3,
    Several,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::KillApi,
        Self::PauseApi,
        Self::DrainApi,
        Self::KillWorker,
        Self::Zombie,
        Self::DrainWorker,
        Self::KillRabbit,
        Self::KillRabbits,
        Self::FreezeRabbits,
        Self::KillRedis,
        Self::KillAllRedis,
        Self::FreezeRedis,
        Self::FlushRedis,
        Self::EndSubscriptions,
        Self::KillMongo,
        Self::StepDown,
        Self::KillS3,
        Self::Starve,
        Self::Cut(Port::Rabbit),
        Self::Cut(Port::Mongo),
        Self::Cut(Port::Redis),
        Self::Cut(Port::S3),
        Self::Cut(Port::Api),
        Self::Lose(Port::Rabbit),
        Self::Lose(Port::Mongo),
        Self::Lose(Port::Api),
        Self::Delay,
    ];

    const fn victim(self) -> Victim {
        match self {
            Self::KillApi | Self::PauseApi | Self::DrainApi | Self::Delay => Victim::Apis,
            Self::KillWorker | Self::Zombie | Self::DrainWorker => Victim::Workers,
            Self::KillRabbit | Self::KillRabbits | Self::FreezeRabbits => Victim::Rabbit,
            Self::KillRedis | Self::KillAllRedis | Self::FreezeRedis | Self::FlushRedis | Self::EndSubscriptions => {
                Victim::Redis
            }
            Self::KillMongo | Self::StepDown => Victim::Mongo,
            Self::KillS3 => Victim::S3,
            Self::Starve => Victim::Several,
            Self::Cut(port) | Self::Lose(port) => match port {
                Port::Rabbit => Victim::Rabbit,
                Port::Mongo => Victim::Mongo,
                Port::Redis => Victim::Redis,
                Port::S3 => Victim::S3,
                Port::Api => Victim::Apis,
            },
        }
    }

    /// Whether both can be done at once.
    pub fn goes_with(self, other: Self) -> bool {
        let (one, other) = (self.victim(), other.victim());
        one != other && one != Victim::Several && other != Victim::Several
    }

    /// Whether watermarks may lag after it, until what pods hold has come back from MongoDB.
    pub fn loses_marks(self) -> bool {
        self.victim() == Victim::Redis && self != Self::EndSubscriptions
    }

    /// Does it, and ends it. What is wrong by itself, such as a pod that does not end, is said.
    pub fn strike(self, rig: &Rig, dice: &mut Dice) -> Result<Struck> {
        let mut struck = Struck { what: String::new(), complaint: None };
        match self {
            Self::KillApi => struck.what = kill(rig, dice, (&APIS, 50, 3_000))?,
            Self::PauseApi => struck.what = pause(rig, pick(dice, &APIS)?, dice.between(2_000, 15_000))?,
            Self::DrainApi => drain(rig, pick(dice, &APIS)?, &mut struck)?,
            Self::KillWorker => struck.what = kill(rig, dice, (&WORKERS, 50, 3_000))?,
            Self::Zombie => struck.what = pause(rig, pick(dice, &WORKERS)?, dice.between(12_000, 25_000))?,
            Self::DrainWorker => drain(rig, pick(dice, &WORKERS)?, &mut struck)?,
            Self::KillRabbit => struck.what = kill(rig, dice, (&RABBITS, 500, 6_000))?,
            Self::KillRabbits => struck.what = kill_rabbits(rig, dice)?,
            Self::FreezeRabbits => struck.what = freeze_rabbits(rig, dice)?,
            Self::KillRedis => {
                let master = redis::master(rig, dice)?;
                struck.what = kill(rig, dice, (&[master.name()], 100, 8_000))?;
            }
            Self::KillAllRedis => struck.what = redis::kill_all(rig, dice)?,
            Self::FreezeRedis => struck.what = redis::freeze(rig, dice)?,
            Self::FlushRedis => struck.what = redis::flush(rig)?,
            Self::EndSubscriptions => struck.what = redis::end_subscriptions(rig),
            Self::KillMongo => {
                let primary = wait_for(|| rig.engines.primary()).context("MongoDB has no primary")?;
                struck.what = kill(rig, dice, (&[primary.name()], 500, 6_000))?;
            }
            Self::StepDown => struck.what = step_down(rig, dice)?,
            Self::KillS3 => struck.what = kill(rig, dice, (&["s3"], 500, 4_000))?,
            Self::Starve => struck.what = starve(rig, dice)?,
            Self::Cut(port) => struck.what = net::cut(rig, dice, port)?,
            Self::Lose(port) => struck.what = net::lose(rig, dice, port)?,
            Self::Delay => struck.what = net::delay(rig, dice),
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

fn step_down(rig: &Rig, dice: &mut Dice) -> Result<String> {
    let seconds = i32::try_from(dice.between(3, 10))?;
    // One that has only just been chosen may refuse.
    let primary = wait_for(|| rig.engines.primary().filter(|primary| rig.engines.step_down(primary, seconds).is_ok()));
    Ok(format!("{} steps down for {seconds} s", primary.context("MongoDB has no primary that steps down")?.name()))
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
