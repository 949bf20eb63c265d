//! One device in the storm: it connects, catches up, says things, says them again until it hears back, and notes it all.

mod hear;
mod say;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use crate::api::{Account, Api};
use crate::dice::Dice;
use crate::history::{Client, Recorder};
use crate::keys::{Draft, Keys, Line, Place};
use crate::phase::{Phase, Standing, Standings};
use crate::socket::Socket;
use crate::view::View;

/// Where a server's sockets are, and its HTTP.
pub type Server = (SocketAddr, Api);

/// How a device behaves.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How often it acts while connected: the longest pause.
    pub pause_ms: u64,
    /// How long it stays connected at most, before it goes and comes back, perhaps to another server.
    pub stay: Duration,
    /// Whether it goes after its first session, and comes back when the storm is over.
    pub habit: Habit,
    /// Where it tells how far it has come.
    pub standings: Standings,
}

/// Whether a device is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// All the time.
    Stays,
    /// Once, and then only when the storm is over.
    Goes,
    /// From a few seconds after the others on.
    ComesLate,
}

impl Default for Manner {
    fn default() -> Self {
        Self { pause_ms: 15, stay: Duration::MAX, habit: Habit::Stays, standings: Standings::default() }
    }
}

/// A device, and what it knows.
#[derive(Debug)]
pub struct Device {
    /// Its number in the history.
    pub client: Client,
    /// Who is signed in on it.
    pub account: Account,
    keys: Keys,
    manner: Manner,
    servers: Vec<Server>,
    notes: Recorder,
    dice: Dice,
    views: BTreeMap<Uuid, View>,
    outbox: VecDeque<Draft>,
    said: u64,
}

impl Device {
    /// A device that has not connected yet, and may connect to any of these servers.
    pub fn new(
        client: Client,
        (account, keys): (Account, Keys),
        (servers, notes): (Vec<Server>, Recorder),
        dice: Dice,
    ) -> Self {
        let (views, outbox) = (BTreeMap::new(), VecDeque::new());
        Self { client, account, keys, manner: Manner::default(), servers, notes, dice, views, outbox, said: 0 }
    }

    /// The same, behaving otherwise.
    pub fn with_manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    /// Lives until it is told that the storm is over, and then until it has nothing left to send and has seen all.
    pub async fn live(mut self, mut phase: watch::Receiver<Phase>) -> Self {
        if self.manner.habit == Habit::ComesLate {
            sleep(Duration::from_millis(self.dice.between(500, 4_000))).await;
        }
        loop {
            // Every error here is a lost connection; the history has what was uncertain.
            if let Ok(()) = self.session(&mut phase).await {
                if *phase.borrow() == Phase::Over {
                    return self;
                }
                if self.manner.habit == Habit::Goes {
                    // An error would mean that nobody is there who could say so: then it comes back at once.
                    drop(phase.wait_for(|phase| *phase != Phase::Storm).await);
                }
            }
            sleep(Duration::from_millis(self.dice.between(5, 80))).await;
        }
    }

    async fn session(&mut self, phase: &mut watch::Receiver<Phase>) -> Result<()> {
        let (address, api) = self.dice.pick(&self.servers).cloned().context("there is no server")?;
        let mut socket = match Socket::connect(address, &self.account.token).await {
            Ok(socket) => socket,
            Err(error) if error.to_string().contains("unauthorized") => {
                self.account = api.login_again(&self.account).await?;
                Socket::connect(address, &self.account.token).await?
            }
            Err(error) => return Err(error),
        };
        self.keys.set_calm(*phase.borrow() != Phase::Storm);
        self.come_back().await?;
        self.flush(&mut socket).await?;
        let began = Instant::now();
        while *phase.borrow() != Phase::Over && (*phase.borrow() == Phase::Calm || began.elapsed() < self.manner.stay) {
            self.keys.set_calm(*phase.borrow() != Phase::Storm);
            let pause = Duration::from_millis(self.dice.between(1, self.manner.pause_ms));
            tokio::select! {
                event = socket.event() => self.hear_event(&event?).await?,
                () = sleep(pause) => {
                    if *phase.borrow() == Phase::Storm {
                        self.act();
                    }
                    self.flush(&mut socket).await?;
                    self.mark(&mut socket).await?;
                    self.tend().await?;
                }
            }
            self.stand();
        }
        self.flush(&mut socket).await
    }

    /// What is to be done whenever it is there again, before it says anything.
    async fn come_back(&mut self) -> Result<()> {
        if self.keys.take_ended() {
            self.forget_seals();
        }
        let api = self.api()?;
        let line = Line { api: &api, token: &self.account.token };
        self.keys.join(&line).await?;
        self.keys.read_mailbox(&line).await?;
        self.keys.hear_again()?;
        self.catch_up().await?;
        self.tend().await
    }

    /// What its keys want done.
    async fn tend(&mut self) -> Result<()> {
        let api = self.api()?;
        let line = Line { api: &api, token: &self.account.token };
        if self.dice.percent(30) {
            self.keys.ack(&line).await?;
        }
        self.keys.settle(&line).await
    }

    /// Tells how far it has come.
    fn stand(&self) {
        let cursors = self.views.iter().map(|(id, view)| (*id, view.cursor)).collect();
        self.manner
            .standings
            .tell(self.client, Standing { cursors, waiting: self.outbox.len(), shut: self.keys.shut() });
    }

    /// Any of the servers, for one call.
    fn api(&mut self) -> Result<Api> {
        Ok(self.dice.pick(&self.servers).context("there is no server")?.1.clone())
    }

    fn view(&mut self, conversation: Uuid) -> &mut View {
        self.views.entry(conversation).or_default()
    }

    /// A client that has ended seals again what it had not sent: its records give the same envelope. In a group that holds
    /// as long as nobody's devices change, so there what was sealed is kept.
    fn forget_seals(&mut self) {
        let views = &self.views;
        let is_direct = |draft: &Draft| {
            matches!(views.get(&draft.conversation).and_then(|view| view.place), Some(Place::Direct(_)))
        };
        for draft in self.outbox.iter_mut().filter(|draft| is_direct(draft)) {
            draft.sealed = None;
        }
    }
}
