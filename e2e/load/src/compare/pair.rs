//! Messages of two: how many a second a system bears, and what they cost where it is half as many.

use std::time::Duration;

use anyhow::Result;
use sotto_chaos::api::Account;
use tokio::time::sleep;
use uuid::Uuid;

use super::figures::{Cost, Pair, Step};
use super::search::Search;
use crate::open_loop::{self, Load};
use crate::system::System;

/// People who write to each other: so many that nobody writes often.
pub(crate) const PEOPLE: usize = 400;
/// Conversations among them.
pub(crate) const CONVERSATIONS: usize = 1000;
/// The rate holds while the slowest of a hundred stay below this.
pub(crate) const BOUND_MS: f64 = 200.0;
/// A rate that any of them bears.
const START: f64 = 400.0;
/// What a step that failed left behind is worked off before the next.
const REST: Duration = Duration::from_secs(2);

/// People with their conversations.
#[derive(Debug)]
pub(crate) struct Circle<'a> {
    /// The people.
    pub(crate) people: &'a [Account],
    /// Each one's conversations.
    pub(crate) own: Vec<Vec<Uuid>>,
}

/// Measures it; `common` is the rate for both systems, where it is known: half of what this one bears else.
pub(crate) async fn measure(system: &System, circle: &Circle<'_>, common: Option<f64>) -> Result<Pair> {
    let (mut search, mut steps) = (Search::from(START), Vec::new());
    while let Some(rate) = search.next() {
        let mut holds = false;
        // A rate has failed when it has done so twice: the machine may have been busy with something else.
        for _ in 0..2 {
            let step = step(system, circle, rate, Length::Short).await?;
            holds = step.wrong == 0 && step.p99_ms < BOUND_MS;
            steps.push(step);
            sleep(REST).await;
            if holds {
                break;
            }
        }
        search.learn(rate, holds);
    }
    let most = search.found();
    println!("  {most:.0} messages/s hold");
    let half = (most / 2.0).max(1.0);
    let at_half = step(system, circle, half, Length::Long).await?;
    let at_common = match common.filter(|rate| (rate - half).abs() > 0.5) {
        Some(rate) => step(system, circle, rate, Length::Long).await?,
        None => at_half.clone(),
    };
    Ok(Pair { most, steps, at_common, at_half })
}

/// How long a step goes on.
#[derive(Debug, Clone, Copy)]
enum Length {
    Short,
    Long,
}

async fn step(system: &System, circle: &Circle<'_>, rate: f64, length: Length) -> Result<Step> {
    let (warm_up, measured) = match length {
        Length::Short => (2, 8),
        Length::Long => (3, 20),
    };
    let seconds = Duration::from_secs;
    let load = Load { rate, warm_up: seconds(warm_up), measured: seconds(measured), drain: seconds(30) };
    let mut outcome = open_loop::run(system, circle.people, &circle.own, load).await?;
    let step = Step {
        rate,
        sent: outcome.sent,
        wrong: outcome.wrong(),
        p50_ms: outcome.times.per_mille_ms(500),
        p99_ms: outcome.times.per_mille_ms(990),
        max_ms: outcome.times.per_mille_ms(1000),
        useless: outcome.useless,
        cpu: Cost::of(outcome.cpu_s, outcome.sent - outcome.missing),
    };
    println!(
        "  at {rate:.0}/s: p50 {:.1} ms, p99 {:.1} ms, {} missing, {} refused, {} doubled, {} broken",
        step.p50_ms, step.p99_ms, outcome.missing, outcome.refused, outcome.doubled, outcome.broken
    );
    Ok(step)
}
