//! What is done to the traffic between pods and engines, and between clients and pods.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use sotto_engines::Process;

use super::{RABBITS, pick, redis, wait_for};
use crate::dice::Dice;
use crate::rig::{APIS, Rig};
use crate::wall::{self, Way};

/// Whose port is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// One RabbitMQ node's.
    Rabbit,
    /// The MongoDB primary's.
    Mongo,
    /// A Redis master's.
    Redis,
    /// S3's.
    S3,
    /// A pod's that serves people.
    Api,
}

impl Port {
    fn choose(self, rig: &Rig, dice: &mut Dice) -> Result<Process> {
        match self {
            Self::Rabbit => rig.process(pick(dice, &RABBITS)?),
            Self::Mongo => wait_for(|| rig.engines.primary()).context("MongoDB has no primary"),
            Self::Redis => redis::master(rig, dice),
            Self::S3 => rig.process("s3"),
            Self::Api => rig.process(pick(dice, &APIS)?),
        }
    }
}

/// Nothing gets through for some seconds, or only one way.
pub(super) fn cut(rig: &Rig, dice: &mut Dice, port: Port) -> Result<String> {
    let way = Way::cut(dice);
    let lasts = dice.between(1_500, 9_000);
    hold(&port.choose(rig, dice)?, way, lasts)
}

/// Some packets are lost for some seconds.
pub(super) fn lose(rig: &Rig, dice: &mut Dice, port: Port) -> Result<String> {
    let way = Way::Some(dice.between(5, 21));
    let lasts = dice.between(4_000, 10_000);
    hold(&port.choose(rig, dice)?, way, lasts)
}

fn hold(process: &Process, way: Way, lasts: u64) -> Result<String> {
    let port = process.spec()?.ports.first().copied().context("it has no port")?;
    wall::around(port, way, || sleep(Duration::from_millis(lasts)))?;
    Ok(format!("{} {} for {lasts} ms", process.name(), way.says()))
}

/// The way to one pod is long for some seconds.
pub(super) fn delay(rig: &Rig, dice: &mut Dice) -> String {
    let (ms, lasts) = (dice.between(100, 301), dice.between(4_000, 10_000));
    rig.detour.set(ms);
    sleep(Duration::from_millis(lasts));
    rig.detour.set(0);
    format!("{ms} ms each way between clients and {} for {lasts} ms", crate::rig::FAR)
}
