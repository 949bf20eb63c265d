//! The cluster adapters as an app, on the real engines that the variables `SOTTO_TEST_*` name.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test file uses its part of it, and a broken world fails its test"
)]

use std::{ops::Deref, sync::Arc, time::UNIX_EPOCH};

use async_trait::async_trait;
use shared_types::{Secret, Timestamp, http::Registration};
use sotto_cluster::{
    Background,
    courier::Courier,
    mongo::{Mongo, Watch},
    near::Near,
    rabbit::Rabbit,
    redis::{Claimed, Link, Marks},
    s3::{Buckets, Login},
};
use sotto_core::{
    App, Policy, PortError,
    app::RateLimits,
    domain::entry::Plaintext,
    ports::{Access, Clock, Passwords, Result, Tokens},
};

/// The partitions of the tests' brokers.
pub const PARTITIONS: u16 = 2;

/// What a suite of the engines was given, or how to get it.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test --only engines`"))
}

/// The clock of this world.
pub fn clock() -> impl Clock {
    SystemClock
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else asks")]
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp(i64::try_from(since.as_millis()).unwrap())
    }
}

/// Neither of an engine nor of interest here.
struct NotHere;

fn not_here<T>() -> Result<T> {
    Err(PortError::new("passwords", "not part of this world"))
}

#[async_trait]
impl Passwords for NotHere {
    async fn hash(&self, _: &Secret) -> Result<String> {
        not_here()
    }
    async fn verify(&self, _: &Secret, _: Option<&str>) -> Result<bool> {
        not_here()
    }
}

impl Tokens for NotHere {
    fn sign(&self, _: &Access, _: Timestamp) -> Result<Secret> {
        not_here()
    }
    fn read(&self, _: &str, _: Timestamp) -> Option<Access> {
        None
    }
}

/// One process of the cluster.
pub struct World {
    pub app: App,
    pub mongo: Mongo,
    pub link: Link,
    pub near: Near,
    pub background: Background,
}

impl Deref for World {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl World {
    /// On the Redis that a variable names.
    pub async fn open(cache: &str) -> Self {
        Self::at(&variable(cache), Watch::default()).await
    }

    /// On the Redis of that URL.
    pub async fn at(cache: &str, watch: Watch) -> Self {
        let background = Background::default();
        let store = variable("SOTTO_TEST_STORE").replacen("/sotto?", "/sotto_test?", 1);
        let mongo = Mongo::new(&store, &background, watch).await.unwrap();
        mongo.migrate().await.expect("MongoDB answers");
        let link = Link::new(cache, &background).unwrap();
        let rabbit = Rabbit::new(&variable("SOTTO_TEST_QUEUE"), PARTITIONS, &background).unwrap();
        let clock = Arc::new(SystemClock);
        let near = Near::new(mongo.clone(), link.clone(), &background);
        let (durable, hot) = (Arc::new(near.clone()), Arc::new(link.clone()));
        let courier = Courier::start(link.clone(), &rabbit, near.clone(), clock.clone(), &background);
        let app = App {
            clock,
            accounts: Arc::new(mongo.clone()),
            blocks: durable.clone(),
            sessions: durable.clone(),
            conversations: durable.clone(),
            log: Arc::new(mongo.clone()),
            keys: durable,
            backups: Arc::new(mongo.clone()),
            mailboxes: Arc::new(mongo.clone()),
            receipts: Arc::new(Marks::new(link.clone(), mongo.clone(), &background)),
            claims: Arc::new(Claimed::start(&link, &background)),
            directory: hot.clone(),
            limits: hot.clone(),
            delivery: Arc::new(courier),
            queue: Arc::new(rabbit),
            blobs: Arc::new(blobs()),
            push: hot,
            passwords: Arc::new(NotHere),
            tokens: Arc::new(NotHere),
            policy: Policy {
                registration: Registration::Open,
                plaintext: Plaintext::Allowed,
                rate_limits: RateLimits::On,
                partitions: PARTITIONS,
                refresh_key: [7; 32],
                franking_key: [8; 32],
            },
        };
        Self { app, mongo, link, near, background }
    }
}

/// The buckets of the tests' S3 server.
pub fn blobs() -> Buckets {
    let login = Login {
        access_key: variable("SOTTO_TEST_BLOBS_ACCESS_KEY"),
        secret_key: variable("SOTTO_TEST_BLOBS_SECRET_KEY"),
    };
    Buckets::new(&variable("SOTTO_TEST_BLOBS"), Some(login)).unwrap()
}
