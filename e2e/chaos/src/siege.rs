//! A siege: people talk over many pods while the dice choose faults, then all is healed, and everybody must have everything.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sotto_engines::Redis;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::after::{defects, gather, probe_repeats, spilled};
use crate::api::{Account, Api};
use crate::circle::{Circle, Making};
use crate::converge::{Crowd, are_seen, has_converged};
use crate::device::{Device, Habit, Manner, Server};
use crate::dice::Dice;
use crate::faults::{Fault, Struck};
use crate::foreign::Foreign;
use crate::history::{Client, Recorder, Run};
use crate::keys::{Keys, Mishaps};
use crate::phase::{Phase, Standings};
use crate::rig::{Figures, Rig};

/// How long everybody may take to have everything, once all is healed (I8).
const CONVERGE: Duration = Duration::from_secs(30);
/// How long the devices may take to get rid of what they still have.
const REST: Duration = Duration::from_mins(2);
/// How long presence may be wrong (I11).
const SEEN: Duration = Duration::from_mins(1);
/// How long figures may take to be there.
const FIGURES: Duration = Duration::from_secs(30);
/// People with keys; each pair talks, and all but the last are in a group.
const PEOPLE: u32 = 6;
/// Who is away for most of the time. Is in the group, and has this one device.
pub const ABSENT: Client = 4;
/// Who of them has a second device.
const RAW: [usize; 2] = [0, 1];
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
    /// Of a hundred faults, how many are joined by the next one, where that is done to something else.
    pub joined: u64,
    /// Which Redis the pods use.
    pub cache: Redis,
    /// What goes wrong on devices by itself.
    pub mishaps: Mishaps,
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
    /// When the last fault was over, in microseconds since the run began; everybody sends until then.
    pub stormed: u64,
    /// What the pods said of themselves before they were restarted.
    pub figures: Figures,
    /// What went wrong and is no matter of histories.
    pub complaints: Vec<String>,
}

/// Who takes part.
struct Cast {
    servers: Vec<Server>,
    accounts: Vec<Account>,
    people: BTreeMap<Client, Uuid>,
    devices: BTreeMap<Client, Uuid>,
    standings: Standings,
    notes: Recorder,
    raw: JoinSet<Device>,
    foreign: Vec<Foreign>,
}

impl Siege {
    /// Lays it. `say` hears of each fault.
    pub async fn lay(self, rig: &Rig, say: fn(&str)) -> Result<Outlook> {
        let mut dice = Dice::new(self.seed);
        let (cache, its_rig) = (self.cache, rig.clone());
        spawn_blocking(move || its_rig.use_cache(cache)).await??;
        let buried = figures(rig).await?.buried;
        let (phase, watched) = watch::channel(Phase::Storm);
        let mut cast = Cast::gather(&self, (rig.servers()?, &mut dice), &watched).await?;
        let Cast { servers, accounts, notes, .. } = &cast;
        let (servers, accounts, notes) = (servers.clone(), accounts.clone(), notes.clone());
        let api = servers.first().context("there is no server")?.1.clone();

        let watch = self.watch;
        let (siege, its_rig, its_notes, fork) = (self, rig.clone(), notes.clone(), dice.fork());
        let blows = spawn_blocking(move || siege.strike(&its_rig, fork, (&its_notes, say))).await??;
        let (mut complaints, stormed) = (blows.complaints, notes.now());

        phase.send_replace(Phase::Calm);
        cast.tell(Phase::Calm).await?;
        let converged = cast.converge(watch, &mut complaints).await;
        if !are_all_seen(&servers, &accounts, true).await? {
            complaints.push(format!("I11: not everybody is seen to be there {SEEN:?} after all was healed"));
        }
        phase.send_replace(Phase::Over);
        cast.tell(Phase::Over).await?;
        let Cast { people, devices, raw, mut foreign, .. } = cast;
        let mut rested = timeout(REST, raw.join_all()).await.context("the devices never got rid of their messages")?;
        for device in &mut foreign {
            device.rest(REST).await?;
        }
        if !are_all_seen(&servers, &accounts, false).await? {
            complaints.push(format!("I11: there are ghosts {SEEN:?} after everybody has gone"));
        }

        complaints.extend(probe_repeats(&api, (&accounts, &people), &notes, &mut dice).await?);
        let figures_then = figures(rig).await?;
        let its_rig = rig.clone();
        spawn_blocking(move || its_rig.restart_pods()).await??;
        for device in &mut rested {
            device.look().await?;
        }
        for device in foreign {
            device.look().await?;
        }
        let logs = gather(&api, &accounts, &mut complaints).await?;
        complaints.extend(defects(&notes, &["unavailable"]));
        complaints.extend(spilled(&rig.pod_logs())?);
        let now_buried = figures(rig).await?.buried.max(figures_then.buried);
        if now_buried > buried {
            complaints.push(format!("I10: {} entries were buried", now_buried - buried));
        }
        let run = Run { people, devices, records: notes.records(), logs, lags: blows.lags };
        Ok(Outlook { run, faults: blows.done, converged, stormed, figures: figures_then, complaints })
    }

    /// All faults, one after the other, some two at once, and the healing.
    fn strike(self, rig: &Rig, mut dice: Dice, (notes, say): (&Recorder, fn(&str))) -> Result<Blows> {
        ensure!(!self.deck.is_empty(), "there is no fault to choose");
        let began = Instant::now();
        let mut blows = Blows::default();
        std::thread::sleep(Duration::from_secs(2));
        let mut deck = self.deck.iter().copied().cycle().peekable();
        while blows.done.len() < self.faults || began.elapsed() < self.lasts {
            ensure!(!rig.is_ending(), "no further fault is wanted");
            let Some(fault) = deck.next() else { break };
            let joins = dice.percent(self.joined);
            let second = deck.next_if(|second| joins && fault.goes_with(*second));
            let faults: Vec<Fault> = [fault].into_iter().chain(second).collect();
            let from = notes.now();
            for struck in strike_together(rig, &mut dice, &faults)? {
                let line = format!("{:>6.1} s  {}", began.elapsed().as_secs_f64(), struck.what);
                say(&line);
                blows.done.push(line);
                blows.complaints.extend(struck.complaint);
            }
            if faults.iter().any(|fault| fault.loses_marks()) {
                blows.lags.push((from, notes.now()));
            }
            std::thread::sleep(Duration::from_millis(dice.between(500, 5_000)));
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

fn strike_together(rig: &Rig, dice: &mut Dice, faults: &[Fault]) -> Result<Vec<Struck>> {
    std::thread::scope(|scope| {
        let strikes: Vec<_> = faults
            .iter()
            .map(|fault| {
                let mut dice = dice.fork();
                scope.spawn(move || fault.strike(rig, &mut dice))
            })
            .collect();
        strikes.into_iter().map(|strike| strike.join().map_err(|_| anyhow::anyhow!("a fault broke off"))?).collect()
    })
}

impl Cast {
    async fn gather(
        siege: &Siege,
        (servers, dice): (Vec<Server>, &mut Dice),
        watched: &watch::Receiver<Phase>,
    ) -> Result<Self> {
        let api = servers.first().context("there is no server")?.1.clone();
        let (standings, notes) = (Standings::default(), Recorder::default());
        let making = Making { api: &api, notes: &notes, mishaps: siege.mishaps };
        let name = format!("siege{}x", siege.seed);
        let (mut circle, accounts) = Circle::gather(&making, (&name, PEOPLE), dice).await?;
        let mut all = std::mem::take(&mut circle.people);
        for (client, owner) in (PEOPLE..).zip(RAW) {
            let owner = accounts.get(owner).context("nobody has this device")?;
            all.push(circle.another(&making, (client, owner), dice).await?);
        }
        let mut cast = Self {
            servers,
            accounts,
            people: BTreeMap::new(),
            devices: BTreeMap::new(),
            standings,
            notes,
            raw: JoinSet::new(),
            foreign: Vec::new(),
        };
        for (client, (account, keys)) in (0..).zip(all) {
            cast.add_raw(client, (account, keys), dice.fork(), watched);
        }
        cast.add_foreign(&api, &format!("siege{}y", siege.seed), dice).await?;
        Ok(cast)
    }

    fn manner(&self, habit: Habit) -> Manner {
        Manner { pause_ms: PAUSE_MS, stay: STAY, habit, standings: self.standings.clone() }
    }

    fn add_raw(
        &mut self,
        client: Client,
        (account, keys): (Account, Keys),
        dice: Dice,
        watched: &watch::Receiver<Phase>,
    ) {
        self.people.insert(client, account.user);
        self.devices.insert(client, account.device);
        // Second devices come into a siege that has begun: whoever talks with them has to notice.
        let manner = self.manner(match client {
            ABSENT => Habit::Goes,
            PEOPLE.. => Habit::ComesLate,
            _ => Habit::Stays,
        });
        let places = (self.servers.clone(), self.notes.clone());
        let device = Device::new(client, (account, keys), places, dice).with_manner(manner);
        self.raw.spawn(device.live(watched.clone()));
    }

    /// People who talk among themselves, for their devices have no keys: two, and a group in which nobody signs.
    async fn add_foreign(&mut self, api: &Api, name: &str, dice: &mut Dice) -> Result<()> {
        let one = api.register(&format!("{name}0")).await?;
        let other = api.register(&format!("{name}1")).await?;
        api.converse(&one.token, other.user).await?;
        api.gather(&one.token, (name, &[other.user]), None).await?;
        let manner = self.manner(Habit::Stays);
        for (client, account) in (PEOPLE + 2..).zip([one, other]) {
            self.people.insert(client, account.user);
            let how = (self.servers.as_slice(), dice.throw());
            self.foreign.push(Foreign::start((client, &account), how, (&self.notes, &manner)).await?);
            self.accounts.push(account);
        }
        Ok(())
    }

    async fn tell(&mut self, phase: Phase) -> Result<()> {
        for device in &mut self.foreign {
            device.tell(phase).await?;
        }
        Ok(())
    }

    fn crowd(&self) -> Crowd<'_> {
        Crowd { servers: &self.servers, accounts: &self.accounts, people: &self.people, devices: &self.devices }
    }

    /// Waits until everybody has everything; says how long that took, if it came to pass.
    async fn converge(&self, watch: Duration, complaints: &mut Vec<String>) -> Option<Duration> {
        let healed = Instant::now();
        let mut converged = None;
        while healed.elapsed() < watch && converged.is_none() {
            sleep(Duration::from_millis(200)).await;
            if has_converged(self.crowd(), &self.standings, &self.notes).await.unwrap_or(false) {
                converged = Some(healed.elapsed());
            }
        }
        if converged.is_none_or(|took| took > CONVERGE) {
            let rest = self.standings.all();
            complaints.push(format!("I8: not everybody had everything {CONVERGE:?} after all was healed: {rest:?}"));
        }
        converged
    }
}

/// Whether people are seen to be there, or to be gone, by one whom they talk with.
async fn are_all_seen(servers: &[Server], accounts: &[Account], online: bool) -> Result<bool> {
    let (with_keys, foreign) = accounts.split_at_checked(PEOPLE as usize).context("somebody is missing")?;
    for circle in [with_keys, foreign] {
        let [onlooker, seen @ ..] = circle else { anyhow::bail!("nobody is there") };
        let seen: Vec<Uuid> = seen.iter().map(|account| account.user).collect();
        if are_seen(servers, (onlooker, &seen), (online, SEEN)).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the pods say of themselves, once they say all of it: some figures come a few seconds after the start.
async fn figures(rig: &Rig) -> Result<Figures> {
    let began = Instant::now();
    loop {
        match rig.figures().await {
            Err(_) if began.elapsed() < FIGURES => sleep(Duration::from_millis(500)).await,
            figures => return figures,
        }
    }
}
