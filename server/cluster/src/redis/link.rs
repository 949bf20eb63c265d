//! The way to Redis: one shared connection that is made again behind everybody's back, and says at once when it is away.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use redis::{Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use sotto_core::{PortError, ports::Result};
use tokio::sync::watch;
use tracing::{info, warn};

use super::{
    SETTING,
    address::{Address, Connection},
    master::{LOOK_EVERY, Master},
};
use crate::{Background, ConnectError, Unusable, background::Backoff};

/// The oldest server that knows every command in use.
const OLDEST: u32 = 7;
/// How long a call waits for a connection that has only just been lost.
const GRACE: Duration = Duration::from_millis(500);

/// Redis. Cheap to clone.
#[derive(Clone)]
pub struct Link {
    pub(super) address: Arc<Address>,
    port: &'static str,
    state: watch::Sender<State>,
}

#[derive(Clone)]
enum State {
    Up(Connection, u64),
    Down { since: Instant, why: Arc<str>, generation: u64 },
}

impl Link {
    /// Reads the URL, and starts connecting. Redis may be away.
    pub fn new(url: &str, background: &Background) -> std::result::Result<Self, Unusable> {
        let address = Arc::new(Address::parse(url)?);
        let down = State::Down { since: Instant::now(), why: "not connected yet".into(), generation: 0 };
        let link = Self { address, port: "cache", state: watch::Sender::new(down) };
        let (owner, keeper) = (background.clone(), link.clone());
        background.spawn(async move {
            tokio::select! {
                () = owner.stopped() => {}
                () = keeper.keep() => {}
            }
        });
        Ok(link)
    }

    /// Connects whenever there is no connection.
    async fn keep(&self) {
        let mut states = self.state.subscribe();
        loop {
            if states.wait_for(|state| matches!(state, State::Down { .. })).await.is_err() {
                return;
            }
            let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
            loop {
                match self.address.connect().await {
                    Ok((connection, master)) => {
                        info!("connected to Redis");
                        let mut up = 0;
                        self.state.send_modify(|state| {
                            let State::Down { generation, .. } = state else { return };
                            up = *generation + 1;
                            *state = State::Up(connection, up);
                        });
                        self.watch(master, up).await;
                        break;
                    }
                    Err(error) => {
                        self.state.send_modify(|state| {
                            if let State::Down { why, .. } = state {
                                *why = error.to_string().into();
                            }
                        });
                        tokio::time::sleep(backoff.next()).await;
                    }
                }
            }
        }
    }

    /// Ready when the connection is over, or was given up because its server is the master no more.
    async fn watch(&self, mut master: Master, generation: u64) {
        let mut states = self.state.subscribe();
        let is_over = |state: &State| !matches!(state, State::Up(_, current) if *current == generation);
        loop {
            let look = async {
                tokio::time::sleep(LOOK_EVERY).await;
                master.is_replaced(&self.address).await
            };
            tokio::select! {
                over = states.wait_for(is_over) => {
                    drop(over);
                    return;
                }
                is_replaced = look => if is_replaced {
                    self.give_up(generation, "its server was replaced");
                },
            }
        }
    }

    fn give_up(&self, generation: u64, why: &str) {
        self.state.send_if_modified(|state| {
            let is_same = matches!(state, State::Up(_, current) if *current == generation);
            if is_same {
                warn!("the connection to Redis is lost: {why}");
                *state = State::Down { since: Instant::now(), why: why.into(), generation };
            }
            is_same
        });
    }

    /// Which connection it is, counted from the first. Behind another one may be another server, which knows less.
    pub(crate) fn generation(&self) -> u64 {
        match &*self.state.borrow() {
            State::Up(_, generation) | State::Down { generation, .. } => *generation,
        }
    }

    /// Ready when there is another connection than that.
    pub(crate) async fn another(&self, generation: u64) {
        let mut states = self.state.subscribe();
        drop(states.wait_for(|state| matches!(state, State::Up(_, current) if *current != generation)).await);
    }

    async fn connection(&self) -> Result<(Connection, u64)> {
        let mut states = self.state.subscribe();
        let since = match &*states.borrow_and_update() {
            State::Up(connection, generation) => return Ok((connection.clone(), *generation)),
            State::Down { since, .. } => *since,
        };
        let left = GRACE.saturating_sub(since.elapsed());
        // An error means that it did not come back in time; what the state says then is the answer.
        drop(tokio::time::timeout(left, states.wait_for(|state| matches!(state, State::Up(..)))).await);
        match &*self.state.borrow() {
            State::Up(connection, generation) => Ok((connection.clone(), *generation)),
            State::Down { why, .. } => Err(PortError::new(self.port, format!("Redis is away: {why}"))),
        }
    }

    /// What is done with an error: a connection that is of no use any more is given up.
    fn judge(&self, error: RedisError, generation: u64) -> PortError {
        let moved = matches!(
            error.kind(),
            ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::BusyLoading)
                | ErrorKind::ClusterConnectionNotFound
        );
        // A timeout too: behind a silent network the connection would stay silent for minutes.
        if moved || error.is_io_error() || error.is_timeout() || error.is_connection_dropped() {
            self.give_up(generation, &error.to_string());
        }
        PortError::new(self.port, error)
    }

    /// One command.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let (connection, generation) = self.connection().await?;
        let answer = match connection {
            Connection::Plain(mut connection) => command.query_async(&mut connection).await,
            Connection::Cluster(mut connection) => command.query_async(&mut connection).await,
        };
        answer.map_err(|error| self.judge(error, generation))
    }

    /// Many commands at once; the first that fails fails them all.
    pub(crate) async fn ask_all<T: FromRedisValue>(&self, commands: Vec<Cmd>) -> Result<Vec<T>> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let (connection, generation) = self.connection().await?;
        let answers: RedisResult<Vec<T>> = match connection {
            Connection::Plain(mut connection) => {
                let mut pipeline = Pipeline::with_capacity(commands.len());
                for command in commands {
                    pipeline.add_command(command);
                }
                pipeline.query_async(&mut connection).await
            }
            // Of several nodes, each is asked for its own.
            Connection::Cluster(connection) => {
                let asks = commands.into_iter().map(|command| {
                    let mut connection = connection.clone();
                    async move { command.query_async(&mut connection).await }
                });
                try_join_all(asks).await
            }
        };
        answers.map_err(|error| self.judge(error, generation))
    }

    /// Runs a script, known by its hash after the first time.
    pub(crate) async fn run<T: FromRedisValue>(&self, script: &Script, keys: &[&str], args: &[&str]) -> Result<T> {
        let (mut connection, generation) = self.connection().await?;
        let mut answer: RedisResult<T> = invoke(&mut connection, script.by_hash(keys, args)).await;
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)) {
            answer = invoke(&mut connection, script.by_text(keys, args)).await;
        }
        answer.map_err(|error| self.judge(error, generation))
    }

    /// Whether the number that a publish gives counts everybody who heard it.
    pub(crate) fn counts_subscribers(&self) -> bool {
        self.address.counts_subscribers()
    }

    /// Whether it answers.
    pub async fn check(&self) -> std::result::Result<(), ConnectError> {
        match self.ask::<Value>(&redis::cmd("PING")).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Self::why(&error)),
        }
    }

    /// Its version, in words.
    pub async fn version(&self) -> Result<String> {
        // Known to scripts since version 7; asked with a key, so that a cluster knows whom to ask.
        self.ask(redis::cmd("EVAL").arg("return redis.REDIS_VERSION or '6 or older'").arg(1).arg("version")).await
    }

    /// Whether it is new enough, where it answers.
    pub async fn check_version(&self) -> std::result::Result<(), ConnectError> {
        let version = self.version().await.map_err(|error| Self::why(&error))?;
        let major = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|major| major.parse::<u32>().ok());
        match major {
            Some(major) if major < OLDEST => {
                let what = format!("Redis {version} is too old");
                Err(Unusable::new(SETTING, what, format!("run Redis {OLDEST} or newer")).into())
            }
            // An unknown one may be something that speaks Redis.
            Some(_) | None => Ok(()),
        }
    }

    fn why(error: &PortError) -> ConnectError {
        let text = error.source.to_string();
        let refused = ["NOAUTH", "WRONGPASS", "AuthenticationFailed", "authentication failed", "NOPERM"];
        if refused.iter().any(|word| text.contains(word)) {
            return Unusable::new(SETTING, "Redis refuses this login", "check user and password in its URL").into();
        }
        ConnectError::away("Redis", text)
    }
}

async fn invoke<T: FromRedisValue>(connection: &mut Connection, command: Cmd) -> RedisResult<T> {
    match connection {
        Connection::Plain(connection) => command.query_async(connection).await,
        Connection::Cluster(connection) => command.query_async(connection).await,
    }
}

/// A Lua script. Its keys must lie in one slot.
pub(crate) struct Script {
    text: &'static str,
    hash: std::sync::OnceLock<String>,
}

impl Script {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, hash: std::sync::OnceLock::new() }
    }

    fn by_hash(&self, keys: &[&str], args: &[&str]) -> Cmd {
        let hash = self.hash.get_or_init(|| redis::Script::new(self.text).get_hash().to_owned());
        Self::command("EVALSHA", hash, keys, args)
    }

    fn by_text(&self, keys: &[&str], args: &[&str]) -> Cmd {
        Self::command("EVAL", self.text, keys, args)
    }

    fn command(name: &str, script: &str, keys: &[&str], args: &[&str]) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(keys.len()).arg(keys).arg(args);
        command
    }
}
