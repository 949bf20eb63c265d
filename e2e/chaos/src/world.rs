//! The storm: people talk, the server is killed at random moments, and in the end everything is gathered for the checker.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::after::{defects, gather, probe_repeats, spilled, spilled_in_store};
use crate::api::Api;
use crate::circle::{Circle, Making};
use crate::converge::{Crowd, has_converged};
use crate::device::{Device, Habit, Manner};
use crate::dice::Dice;
use crate::history::{Recorder, Run};
use crate::keys::Mishaps;
use crate::phase::{Phase, Standings};
use crate::server::Server;

/// How big a storm.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    /// What makes it repeatable.
    pub seed: u64,
    /// How often the server is killed.
    pub kills: u32,
    /// How many people; everyone talks with everyone.
    pub people: u32,
    /// What goes wrong on devices by itself.
    pub mishaps: Mishaps,
}

/// What a storm left behind.
#[derive(Debug)]
pub struct Aftermath {
    /// The histories and the final logs.
    pub run: Run,
    /// What went wrong and is no matter of histories.
    pub complaints: Vec<String>,
}

/// How long everybody may take to have everything, and to read it.
const CONVERGE: Duration = Duration::from_mins(1);
/// How long the devices may take to send what they still have, once the killing is over.
const CALM: Duration = Duration::from_mins(2);

impl Storm {
    /// Lets it blow over a server. `said` hears of each kill.
    pub async fn blow(self, server: &mut Server, said: impl Fn(u32, Duration)) -> Result<Aftermath> {
        let mut dice = Dice::new(self.seed);
        let notes = Recorder::default();
        server.start()?;
        server.ready().await?;
        let api = Api::new(server.address())?;
        let making = Making { api: &api, notes: &notes, mishaps: self.mishaps };
        let (mut circle, accounts) = Circle::gather(&making, ("storm", self.people), &mut dice).await?;

        let (phase, watched) = watch::channel(Phase::Storm);
        let standings = Standings::default();
        let mut all = std::mem::take(&mut circle.people);
        // The first two people have a second device each.
        for (client, owner) in (self.people..).zip(accounts.iter().take(2)) {
            all.push(circle.another(&making, (client, owner), &mut dice).await?);
        }
        let servers = vec![(server.address(), api.clone())];
        let (mut devices, mut people, mut their_devices) = (JoinSet::new(), BTreeMap::new(), BTreeMap::new());
        for (client, (account, keys)) in (0..).zip(all) {
            people.insert(client, account.user);
            their_devices.insert(client, account.device);
            let device = Device::new(client, (account, keys), (servers.clone(), notes.clone()), dice.fork());
            // Second devices come into a storm that blows already: whoever talks with them has to notice.
            let habit = if client < self.people { Habit::Stays } else { Habit::ComesLate };
            let manner = Manner { standings: standings.clone(), habit, ..Manner::default() };
            devices.spawn(device.with_manner(manner).live(watched.clone()));
        }

        for kill in 1..=self.kills {
            // Sometimes before it has come up at all.
            let moment = if dice.percent(10) { dice.between(0, 60) } else { dice.between(100, 1200) };
            sleep(Duration::from_millis(moment)).await;
            server.kill()?;
            server.start()?;
            if dice.percent(85) {
                said(kill, server.ready().await?);
            }
        }
        server.ready().await?;
        // Some time in which all is well, so that what waited goes out, and what did not open is repaired.
        phase.send_replace(Phase::Calm);
        let crowd = Crowd { servers: &servers, accounts: &accounts, people: &people, devices: &their_devices };
        let (healed, mut complaints) = (Instant::now(), Vec::new());
        while !has_converged(crowd, &standings, &notes).await.unwrap_or(false) {
            if healed.elapsed() > CONVERGE {
                complaints.push(format!("I8: not everybody had everything {CONVERGE:?} after the last kill"));
                break;
            }
            sleep(Duration::from_millis(200)).await;
        }
        phase.send_replace(Phase::Over);
        let mut rested =
            timeout(CALM, devices.join_all()).await.context("the devices never got rid of their messages")?;

        complaints.extend(probe_repeats(&api, (&accounts, &people), &notes, &mut dice).await?);
        server.kill()?;
        complaints.extend(spilled_in_store(server.data(), "storm0")?);
        server.start()?;
        server.ready().await?;
        for device in &mut rested {
            device.look().await?;
        }
        let logs = gather(&api, &accounts, &mut complaints).await?;
        complaints.extend(defects(&notes, &[]));
        complaints.extend(spilled(&[server.log().to_owned()])?);
        let run = Run { people, devices: their_devices, records: notes.records(), logs, lags: Vec::new() };
        Ok(Aftermath { run, complaints })
    }
}
