//! Commands to engines that run, where a signal to a process would not do: for faults.

use anyhow::{Context, Result};
use bson::{Document, doc};

use crate::ask::{mongo, redis};
use crate::engines::Engines;
use crate::process::{Condition, Process};

impl Engines {
    /// The Redis servers that say of themselves that they are masters: `redis-1`, `redis-cluster-4`.
    pub fn redis_masters(&self) -> Vec<Process> {
        let is_redis = |process: &Process| process.name().starts_with("redis");
        let up =
            self.processes().into_iter().filter(|process| is_redis(process) && process.condition() == Condition::Up);
        up.filter(|process| {
            self.ask_redis(process, "INFO replication").is_ok_and(|info| info.lines().any(|line| line == "role:master"))
        })
        .collect()
    }

    /// One command to a Redis, its words separated by blanks, and the answer's text.
    pub fn ask_redis(&self, process: &Process, command: &str) -> Result<String> {
        let port = process.spec()?.ports.first().copied().context("it has no port")?;
        Ok(redis::ask(port, command)?.text().to_owned())
    }

    /// Makes the primary give up its place for some seconds.
    pub fn step_down(&self, primary: &Process, seconds: i32) -> Result<()> {
        let port = primary.spec()?.ports.first().copied().context("it has no port")?;
        let command: Document = doc! { "replSetStepDown": seconds, "secondaryCatchUpPeriodSecs": 1, "force": true };
        mongo::run(port, command).map(|_| ())
    }
}
