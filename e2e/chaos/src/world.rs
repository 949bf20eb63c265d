//! The storm: people talk, the server is killed at random moments, and in the end everything is gathered for the checker.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::after::{defects, gather, probe_repeats, spilled};
use crate::api::{Account, Api};
use crate::device::Device;
use crate::dice::Dice;
use crate::history::{Recorder, Run};
use crate::phase::Phase;
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
}

/// What a storm left behind.
#[derive(Debug)]
pub struct Aftermath {
    /// The histories and the final logs.
    pub run: Run,
    /// What went wrong and is no matter of histories.
    pub complaints: Vec<String>,
}

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
        let accounts = populate(&api, "storm", self.people).await?;

        let (phase, watched) = watch::channel(Phase::Storm);
        let mut devices = JoinSet::new();
        let mut people = BTreeMap::new();
        // The first two people have a second device each.
        for (client, account) in (0..).zip(accounts.iter().chain(accounts.iter().take(2))) {
            let second = client as usize >= accounts.len();
            let account = if second { api.login(&account.username).await? } else { account.clone() };
            people.insert(client, account.user);
            let device =
                Device::new(client, account, vec![(server.address(), api.clone())], notes.clone(), dice.fork());
            devices.spawn(device.live(watched.clone()));
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
        // Some time in which all is well, so that what waited goes out.
        sleep(Duration::from_secs(1)).await;
        phase.send_replace(Phase::Over);
        let mut rested =
            timeout(CALM, devices.join_all()).await.context("the devices never got rid of their messages")?;

        let mut complaints = probe_repeats(&api, &accounts, &notes, &mut dice).await?;
        server.kill()?;
        server.start()?;
        server.ready().await?;
        for device in &mut rested {
            device.catch_up().await?;
        }
        let logs = gather(&api, &accounts, &mut complaints).await?;
        complaints.extend(defects(&notes, &[]));
        complaints.extend(spilled(&[server.log().to_owned()])?);
        Ok(Aftermath { run: Run { people, records: notes.records(), logs, lags: Vec::new() }, complaints })
    }
}

/// Makes people, `name` and a number each, and lets everyone talk with everyone.
pub(crate) async fn populate(api: &Api, name: &str, people: u32) -> Result<Vec<Account>> {
    let mut accounts: Vec<Account> = Vec::new();
    for number in 0..people {
        let account = api.register(&format!("{name}{number}")).await?;
        for other in &accounts {
            api.converse(&account.token, other.user).await?;
        }
        accounts.push(account);
    }
    Ok(accounts)
}
