//! A connection to one of the brokers, made again at another one whenever it breaks. The topology is declared anew each
//! time, so that a broker that lost its disk is told what it should have.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind, Event, uri::AMQPUri};
use sotto_core::{PortError, ports::Result};
use tokio::sync::watch;
use tracing::{info, warn};

use super::{SETTING, address::Address, greeting, topology};
use crate::{Background, ConnectError, Unusable, background::Backoff};

/// How long a call waits for a connection that has only just been lost.
const GRACE: Duration = Duration::from_secs(2);
/// The longest wait for a connection with everything declared.
const CONNECT: Duration = Duration::from_secs(20);

/// One of the brokers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Broker {
    state: watch::Sender<State>,
}

#[derive(Clone)]
enum State {
    Up(Arc<Connection>, u64),
    Down { since: Instant, why: Why, generation: u64 },
}

/// Why there is no connection.
#[derive(Clone)]
enum Why {
    /// It may come by itself.
    Away(Arc<str>),
    /// Waiting won't help.
    Unusable(Arc<Unusable>),
}

impl Why {
    fn away(what: impl Into<Arc<str>>) -> Self {
        Self::Away(what.into())
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away(what) => f.write_str(what),
            Self::Unusable(unusable) => f.write_str(&unusable.what),
        }
    }
}

impl Broker {
    /// Starts connecting.
    pub(super) fn start(address: Address, name: &'static str, partitions: u16, background: &Background) -> Self {
        let down = State::Down { since: Instant::now(), why: Why::away("not connected yet"), generation: 0 };
        let broker = Self { state: watch::Sender::new(down) };
        let (owner, keeper) = (background.clone(), broker.clone());
        let turns = Turns { address, next: AtomicUsize::new(rand::random_range(0..1_000)), name, partitions };
        background.spawn(async move {
            tokio::select! {
                () = owner.stopped() => {}
                () = keeper.keep(&turns) => {}
            }
            let up = match &*keeper.state.borrow() {
                State::Up(connection, _) => Some(Arc::clone(connection)),
                State::Down { .. } => None,
            };
            if let Some(connection) = up {
                // It goes either way; saying so spares the broker a warning.
                drop(tokio::time::timeout(Duration::from_secs(2), connection.close(200, "stopping".into())).await);
            }
        });
        broker
    }

    async fn keep(&self, turns: &Turns) {
        loop {
            let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
            let connection = loop {
                match turns.connect().await {
                    Ok(connection) => break Arc::new(connection),
                    Err(why) => {
                        self.state.send_modify(|state| {
                            if let State::Down { why: before, .. } = state {
                                *before = why;
                            }
                        });
                        tokio::time::sleep(backoff.next()).await;
                    }
                }
            };
            let mut events = connection.events_listener();
            let mut generation = 0;
            self.state.send_modify(|state| {
                let State::Down { generation: before, .. } = state else { return };
                generation = *before + 1;
                *state = State::Up(Arc::clone(&connection), generation);
            });
            info!("connected to RabbitMQ, {}", turns.name);
            self.watch(&connection, &mut events, generation).await;
            let (given_up, since) = (Arc::clone(&connection), Instant::now());
            // Its broker may be silent: nobody waits for its goodbye.
            drop(tokio::time::timeout(Duration::from_millis(100), given_up.close(200, "given up".into())).await);
            self.state.send_if_modified(|state| {
                let is_up = matches!(state, State::Up(..));
                if is_up {
                    *state = State::Down { since, why: Why::away("the connection broke"), generation };
                }
                is_up
            });
        }
    }

    /// Ready when the connection is over, or was given up.
    async fn watch(
        &self,
        connection: &Connection,
        events: &mut (impl futures_util::Stream<Item = Event> + Unpin),
        generation: u64,
    ) {
        let mut states = self.state.subscribe();
        let mut ticks = tokio::time::interval(Duration::from_millis(500));
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::Error(error)) => {
                        warn!(%error, "the connection to RabbitMQ broke");
                        return;
                    }
                    Some(Event::ConnectionBlocked(why)) => warn!("RabbitMQ takes nothing for now: {why}"),
                    Some(Event::ConnectionUnblocked) => info!("RabbitMQ takes messages again"),
                    Some(_) => {}
                    None => return,
                },
                _ = ticks.tick() => if !connection.status().connected() { return },
                gone = states.wait_for(|state| !matches!(state, State::Up(_, current) if *current == generation)) => {
                    drop(gone);
                    return;
                }
            }
        }
    }

    /// Gives a connection up, so that the next broker is tried.
    pub(super) fn give_up(&self, generation: u64, why: &str) {
        self.state.send_if_modified(|state| {
            let is_same = matches!(state, State::Up(_, current) if *current == generation);
            if is_same {
                warn!("trying another RabbitMQ node: {why}");
                *state = State::Down { since: Instant::now(), why: Why::away(why), generation };
            }
            is_same
        });
    }

    /// The connection; one that has only just been lost is waited for.
    pub(super) async fn connection(&self) -> Result<(Arc<Connection>, u64)> {
        let mut states = self.state.subscribe();
        let since = match &*states.borrow_and_update() {
            State::Up(connection, generation) => return Ok((Arc::clone(connection), *generation)),
            State::Down { since, .. } => *since,
        };
        let left = GRACE.saturating_sub(since.elapsed());
        // An error means that it did not come back in time; what the state says then is the answer.
        drop(tokio::time::timeout(left, states.wait_for(|state| matches!(state, State::Up(..)))).await);
        match &*self.state.borrow() {
            State::Up(connection, generation) => Ok((Arc::clone(connection), *generation)),
            State::Down { why, .. } => Err(PortError::new("queue", format!("RabbitMQ is away: {why}"))),
        }
    }

    /// A new channel.
    pub(super) async fn channel(&self) -> Result<Channel> {
        let (connection, _) = self.connection().await?;
        connection.create_channel().await.map_err(super::failed)
    }

    /// Whether it answers.
    pub(super) fn check(&self) -> std::result::Result<(), ConnectError> {
        match &*self.state.borrow() {
            State::Up(connection, _) if connection.status().blocked() => {
                Err(ConnectError::away("RabbitMQ", "it is short of memory or disk and takes nothing"))
            }
            State::Up(..) => Ok(()),
            State::Down { why: Why::Unusable(unusable), .. } => Err(Unusable::clone(unusable).into()),
            State::Down { why: Why::Away(why), .. } => Err(ConnectError::away("RabbitMQ", why)),
        }
    }
}

/// Which broker is next, and how to connect to it.
struct Turns {
    address: Address,
    next: AtomicUsize,
    name: &'static str,
    partitions: u16,
}

impl Turns {
    /// Connects and declares.
    async fn connect(&self) -> std::result::Result<Connection, Why> {
        let uri = self.address.at(self.next.fetch_add(1, Ordering::Relaxed));
        let properties = ConnectionProperties::default().with_connection_name(self.name.into());
        let to = uri.clone();
        let connected = async {
            let connection = Connection::connect_uri(to, properties).await?;
            let channel = connection.create_channel().await?;
            topology::declare(&channel, self.partitions).await?;
            channel.close(200, "declared".into()).await?;
            Ok(connection)
        };
        match tokio::time::timeout(CONNECT, connected).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) if is_refusal(&error) => Err(refusal(&uri, &error).await),
            Ok(Err(error)) => Err(Why::away(one_line(&error))),
            Err(_) => Err(Why::away("no answer")),
        }
    }
}

/// Why a broker refuses: one that is too old may do so for a queue's arguments, which says nothing to whoever runs it.
async fn refusal(uri: &AMQPUri, error: &lapin::Error) -> Why {
    let unusable = match greeting::version(uri).await {
        Some(version) if greeting::is_too_old(&version) => greeting::too_old(&version),
        Some(_) | None => {
            let what = format!("RabbitMQ refuses: {}", one_line(error));
            Unusable::new(SETTING, what, "check user, password, vhost and rights")
        }
    };
    Why::Unusable(Arc::new(unusable))
}

fn is_refusal(error: &lapin::Error) -> bool {
    const REFUSALS: [u16; 3] = [403, 406, 530];
    matches!(error.kind(), ErrorKind::ProtocolError(error) if REFUSALS.contains(&error.get_id()))
}

fn one_line(error: &lapin::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
