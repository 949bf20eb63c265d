//! MongoDB: everything durable. Writes count once a majority has them in its journal; reads see only what a majority has,
//! from the primary: what a reader was shown is never rolled back, and whoever wrote reads it back.

mod accounts;
mod backups;
mod blocks;
mod conversation_rows;
mod conversations;
mod device_keys;
mod key_rows;
mod log;
mod mailboxes;
mod migrations;
mod receipts;
mod rows;
mod sessions;

use std::{sync::Arc, time::Duration};

use futures_util::TryStreamExt as _;
use mongodb::{
    Client, Collection, Database,
    bson::{Document, doc},
    error::ErrorKind,
    event::{EventHandler, command::CommandEvent},
    options::{
        Acknowledgment, ClientOptions, FindOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
    },
};
use shared_types::SessionId;
use sotto_core::{PortError, domain::session::Session, ports::Result as PortResult};

pub use migrations::{Migrated, NEWEST};

pub(crate) use self::receipts::Mark;
use self::{log::Gathered, rows::Shape};
use crate::{Background, ConnectError, Unusable, gather::Gather};

/// The setting that names it.
pub(crate) const SETTING: &str = "SOTTO_STORE";
/// The longest that the server may work on one read.
pub(crate) const MAX_TIME: Duration = Duration::from_secs(5);
/// The longest wait for a majority.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest wait for anything, server and network together.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long to look for a primary before saying that there is none; elections take longer, and callers try again.
const SELECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// The oldest server that this was built for.
const OLDEST: i64 = 5;

/// The result of a driver's call.
pub(crate) type Answer<T> = Result<T, mongodb::error::Error>;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Mongo {
    db: Database,
    log: Arc<Gathered>,
    sessions: Arc<Gather<SessionId, Option<Session>>>,
}

/// What else to do with a connection.
#[derive(Clone, Default)]
pub struct Watch {
    /// Sees every command, for tests that explain them.
    pub commands: Option<EventHandler<CommandEvent>>,
}

impl Mongo {
    /// Reads the URL. Nothing is asked of the server yet: it may be away.
    pub async fn new(url: &str, background: &Background, watch: Watch) -> Result<Self, ConnectError> {
        let wrong = |why: String| Unusable::new(SETTING, why, "give mongodb://user:password@host:port,.../database");
        let mut options = ClientOptions::parse(url).await.map_err(|error| wrong(one_line(&error)))?;
        let name = options.default_database.clone().unwrap_or_else(|| "sotto".to_owned());
        options.app_name.get_or_insert_with(|| "sotto".to_owned());
        options.server_selection_timeout = Some(SELECTION_TIMEOUT);
        options.connect_timeout = Some(Duration::from_secs(2));
        options.heartbeat_freq = Some(Duration::from_secs(2));
        options.max_pool_size.get_or_insert(64);
        options.retry_writes = Some(true);
        options.retry_reads = Some(true);
        options.write_concern =
            Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(WRITE_TIMEOUT).build());
        options.read_concern = Some(ReadConcern::majority());
        options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        options.command_event_handler = watch.commands;
        let client = Client::with_options(options).map_err(|error| wrong(one_line(&error)))?;
        let db = client.database(&name);
        let log = Arc::new(Gathered::start(&db, background));
        let sessions = Arc::new(sessions::gather(&db, background));
        Ok(Self { db, log, sessions })
    }

    /// Asks the server whether it is there, new enough and lets us in.
    pub async fn check(&self) -> Result<(), ConnectError> {
        let build = self.db.run_command(doc! { "buildInfo": 1 });
        let build = tokio::time::timeout(PATIENCE, build).await;
        let build = build.map_err(|_| ConnectError::away("MongoDB", "no answer"))?.map_err(|error| why(&error))?;
        let version = build.get_str("version").unwrap_or_default().to_owned();
        let major = version.split('.').next().and_then(|major| major.parse::<i64>().ok()).unwrap_or_default();
        if major < OLDEST {
            let what = format!("MongoDB {version} is too old");
            return Err(Unusable::new(SETTING, what, format!("run MongoDB {OLDEST} or newer")).into());
        }
        let hello = self.db.run_command(doc! { "hello": 1 }).await.map_err(|error| why(&error))?;
        if !hello.contains_key("setName") && hello.get_str("msg").ok() != Some("isdbgrid") {
            let what = "this MongoDB is no replica set, so it can't promise that a write survives";
            return Err(Unusable::new(SETTING, what, "start it with --replSet, and initiate it").into());
        }
        // Whether we are let in shows with the first question about data.
        self.applied().await.map(drop)
    }

    /// Its version, and its clock in milliseconds since 1970.
    pub(crate) async fn about(&self) -> PortResult<(String, i64)> {
        let build = self.ask(self.db.run_command(doc! { "buildInfo": 1 })).await?;
        let hello = self.ask(self.db.run_command(doc! { "hello": 1 })).await?;
        let clock = hello.get_datetime("localTime").map_or(0, |at| at.timestamp_millis());
        Ok((build.get_str("version").unwrap_or("unknown").to_owned(), clock))
    }

    pub(crate) fn collection<S: Shape>(&self) -> Collection<S> {
        self.db.collection(S::COLLECTION)
    }

    pub(crate) fn documents(&self, name: &str) -> Collection<Document> {
        self.db.collection(name)
    }

    /// The documents of a kind that a filter finds; an order that is given is one that an index has.
    pub(crate) async fn rows<S: Shape>(
        &self,
        of: Document,
        sort: Option<Document>,
        limit: Option<usize>,
    ) -> PortResult<Vec<S>> {
        let collection = self.collection::<S>();
        let limit = limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let options = FindOptions::builder().sort(sort).limit(limit).max_time(MAX_TIME).build();
        self.ask(async { collection.find(of).with_options(options).await?.try_collect().await }).await
    }

    /// The one document of a kind that a filter finds.
    pub(crate) async fn row<S: Shape>(&self, of: Document) -> PortResult<Option<S>> {
        let collection = self.collection::<S>();
        self.ask(collection.find_one(of).max_time(MAX_TIME)).await
    }

    /// Waits for a call to the store, but not forever.
    pub(crate) async fn ask<T>(&self, call: impl IntoFuture<Output = Answer<T>>) -> PortResult<T> {
        match tokio::time::timeout(PATIENCE, call.into_future()).await {
            Ok(answer) => answer.map_err(failed),
            Err(_) => Err(PortError::new("store", "MongoDB does not answer in time")),
        }
    }
}

/// A driver's error as a port's.
pub(crate) fn failed(error: mongodb::error::Error) -> PortError {
    PortError::new("store", error)
}

/// The server's code for a unique key that is taken.
const DUPLICATE_KEY: i32 = 11_000;

/// Whether the server says that a unique key is taken.
pub(crate) fn is_duplicate(error: &mongodb::error::Error) -> bool {
    use mongodb::error::WriteFailure;
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        ErrorKind::InsertMany(error) => error.write_errors.iter().flatten().any(|error| error.code == DUPLICATE_KEY),
        _ => false,
    }
}

/// Whether all that the server refused of an insert was there before.
pub(crate) fn is_only_duplicates(error: &mongodb::error::Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::InsertMany(error) => {
            error.write_concern_error.is_none()
                && error.write_errors.iter().flatten().all(|error| error.code == DUPLICATE_KEY)
        }
        _ => false,
    }
}

/// What a failure to connect means: a refusal needs the operator, an absence only time.
fn why(error: &mongodb::error::Error) -> ConnectError {
    const UNAUTHORIZED: i32 = 13;
    match error.kind.as_ref() {
        ErrorKind::Authentication { .. } => {
            let cure = "check user, password and authSource in its URL";
            Unusable::new(SETTING, "MongoDB refuses this login", cure).into()
        }
        ErrorKind::Command(command) if command.code == UNAUTHORIZED => {
            let what = format!("MongoDB lets this user in but not at its data ({})", command.message);
            Unusable::new(SETTING, what, "grant it readWrite on the database").into()
        }
        _ => ConnectError::away("MongoDB", one_line(error)),
    }
}

fn one_line(error: &mongodb::error::Error) -> String {
    error.kind.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
