//! A siege: people talk over many pods while the dice choose faults, then all is healed, and everybody must have everything.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::after::{defects, gather, probe_repeats, spilled};
use crate::api::{Account, Api, uuid_at};
use crate::device::{Device, Manner, Server};
use crate::dice::Dice;
use crate::faults::Fault;
use crate::history::{Outcome, Recorder, Run, What};
use crate::phase::{Phase, Standings};
use crate::rig::Rig;
use crate::view::number_at;

/// How long everybody may take to have everything, once all is healed (I8).
const CONVERGE: Duration = Duration::from_secs(30);
/// How long the devices may take to get rid of what they still have.
const REST: Duration = Duration::from_mins(2);
/// People; each pair talks, and all but the last are in a group.
const PEOPLE: u32 = 6;
/// How long a session lasts at most.
const STAY: Duration = Duration::from_secs(8);
/// The longest pause of a device between two deeds.
const PAUSE_MS: u64 = 120;

/// How one goes.
#[derive(Debug, Clone)]
pub struct Siege {
    /// What makes it repeatable.
    pub seed: u64,
    /// How long it lasts at least.
    pub lasts: Duration,
    /// How many faults it has at least.
    pub faults: usize,
    /// Which faults, in which order, over and over.
    pub deck: Vec<Fault>,
    /// For how long it is watched whether everybody gets everything, also when that is too long already.
    pub watch: Duration,
}

/// What it left behind.
#[derive(Debug)]
pub struct Outlook {
    /// The histories and the final logs.
    pub run: Run,
    /// What was done.
    pub faults: Vec<String>,
    /// How long it took until everybody had everything.
    pub converged: Option<Duration>,
    /// What went wrong and is no matter of histories.
    pub complaints: Vec<String>,
}

impl Siege {
    /// Lays it. `say` hears of each fault.
    pub async fn lay(self, rig: &Rig, say: fn(&str)) -> Result<Outlook> {
        let mut dice = Dice::new(self.seed);
        let notes = Recorder::default();
        let servers = rig.servers()?;
        let api = servers.first().context("there is no server")?.1.clone();
        let buried = rig.dead_letters().await?;
        let accounts = crate::world::populate(&api, &format!("siege{}x", self.seed), PEOPLE).await?;
        let [founder, others @ .., _] = accounts.as_slice() else { anyhow::bail!("nobody is there") };
        let others: Vec<Uuid> = others.iter().map(|account| account.user).collect();
        api.gather(&founder.token, "siege", &others).await?;

        let (phase, watched) = watch::channel(Phase::Storm);
        let standings = Standings::default();
        let mut devices = JoinSet::new();
        let mut people = BTreeMap::new();
        for (client, account) in (0..).zip(accounts.iter().chain(accounts.iter().take(2))) {
            let second = client >= PEOPLE;
            let account = if second { api.login(&account.username).await? } else { account.clone() };
            people.insert(client, account.user);
            let manner = Manner { pause_ms: PAUSE_MS, stay: STAY, standings: standings.clone() };
            let device = Device::new(client, account, servers.clone(), notes.clone(), dice.fork()).with_manner(manner);
            devices.spawn(device.live(watched.clone()));
        }

        let watch = self.watch;
        let (siege, its_rig, its_notes, fork) = (self, rig.clone(), notes.clone(), dice.fork());
        let blows = spawn_blocking(move || siege.strike(&its_rig, fork, (&its_notes, say))).await??;
        let mut complaints = blows.complaints;

        phase.send_replace(Phase::Calm);
        let healed = Instant::now();
        let everybody = people.len();
        let mut converged = None;
        while healed.elapsed() < watch && converged.is_none() {
            sleep(Duration::from_millis(200)).await;
            if has_converged(&servers, &accounts, (&standings, everybody), &notes).await.unwrap_or(false) {
                converged = Some(healed.elapsed());
            }
        }
        if converged.is_none_or(|took| took > CONVERGE) {
            let rest = standings.all();
            complaints.push(format!("I8: not everybody had everything {CONVERGE:?} after all was healed: {rest:?}"));
        }
        phase.send_replace(Phase::Over);
        let mut rested =
            timeout(REST, devices.join_all()).await.context("the devices never got rid of their messages")?;

        complaints.extend(probe_repeats(&api, &accounts, &notes, &mut dice).await?);
        let its_rig = rig.clone();
        spawn_blocking(move || its_rig.restart_pods()).await??;
        for device in &mut rested {
            device.catch_up().await?;
        }
        let logs = gather(&api, &accounts, &mut complaints).await?;
        complaints.extend(defects(&notes, &["unavailable"]));
        complaints.extend(spilled(&rig.pod_logs())?);
        let now_buried = rig.dead_letters().await?;
        if now_buried > buried {
            complaints.push(format!("I10: {} entries were buried", now_buried - buried));
        }
        let run = Run { people, records: notes.records(), logs, lags: blows.lags };
        Ok(Outlook { run, faults: blows.done, converged, complaints })
    }

    /// All faults, one after the other, and the healing.
    fn strike(self, rig: &Rig, mut dice: Dice, (notes, say): (&Recorder, fn(&str))) -> Result<Blows> {
        ensure!(!self.deck.is_empty(), "there is no fault to choose");
        let began = Instant::now();
        let mut blows = Blows::default();
        std::thread::sleep(Duration::from_secs(2));
        for fault in self.deck.iter().cycle() {
            if blows.done.len() >= self.faults && began.elapsed() >= self.lasts {
                break;
            }
            let from = notes.now();
            let struck = fault.strike(rig, &mut dice)?;
            let line = format!("{:>6.1} s  {}", began.elapsed().as_secs_f64(), struck.what);
            say(&line);
            blows.done.push(line);
            blows.complaints.extend(struck.complaint);
            if fault.loses_marks() {
                blows.lags.push((from, notes.now()));
            }
            std::thread::sleep(Duration::from_millis(dice.between(500, 6_000)));
        }
        rig.heal()?;
        Ok(blows)
    }
}

#[derive(Default)]
struct Blows {
    done: Vec<String>,
    complaints: Vec<String>,
    lags: Vec<(u64, u64)>,
}

/// Whether every device has sent what it had, and has every conversation to its head.
async fn has_converged(
    servers: &[Server],
    accounts: &[Account],
    (standings, everybody): (&Standings, usize),
    notes: &Recorder,
) -> Result<bool> {
    let all = standings.all();
    if all.len() < everybody || all.values().any(|standing| standing.waiting > 0) {
        return Ok(false);
    }
    // What was promised counts, not only what has been written: queues may still hold some of it.
    let mut promised: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
    for record in notes.records() {
        if let What::Sent { conversation, message_id, result: Outcome::Accepted, .. } = record.what {
            promised.entry(conversation).or_default().insert(message_id);
        }
    }
    let (_, api) = servers.first().context("there is no server")?;
    let mut people: HashMap<Uuid, Vec<u32>> = HashMap::new();
    for (client, account) in (0..).zip(accounts.iter().chain(accounts.iter().take(2))) {
        people.entry(account.user).or_default().push(client);
    }
    for account in accounts {
        for (conversation, head) in heads(api, account).await? {
            let written = promised.get(&conversation).is_none_or(|ids| head >= ids.len() as u64);
            let devices = people.get(&account.user).into_iter().flatten().filter_map(|client| all.get(client));
            let mut cursors = devices.map(|standing| standing.cursors.get(&conversation).copied().unwrap_or_default());
            if !written || cursors.any(|cursor| cursor != head) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

async fn heads(api: &Api, account: &Account) -> Result<Vec<(Uuid, u64)>> {
    let list = api.call("GET", "/api/v1/conversations", Some(&account.token), None).await?.good()?;
    let list = list.get("conversations").and_then(Value::as_array).context("no conversations")?;
    list.iter().map(|conversation| Ok((uuid_at(conversation, "/id")?, number_at(conversation, "/head_seq")?))).collect()
}
