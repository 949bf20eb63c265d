//! Numbered migrations. Each may run again, or half-way, without harm; which have run stands in `migrations`.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use mongodb::{
    IndexModel,
    bson::{DateTime, Document, doc},
    options::IndexOptions,
};
use sotto_core::domain::session::IDLE_MS;
use tracing::info;

use super::{Mongo, why};
use crate::ConnectError;

const COLLECTION: &str = "migrations";
/// The newest migration that this version knows, and needs.
pub const NEWEST: i32 = 3;

/// What migrating did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// The migration that stood before; 0 in an empty database.
    pub from: i32,
    /// The one that stands now.
    pub to: i32,
    /// How many collections are sharded; 0 without a mongos.
    pub sharded: usize,
}

/// An index: on what, and how.
struct Index {
    collection: &'static str,
    keys: Document,
    options: Option<IndexOptions>,
}

/// Every index there should be. `explain` over every query holds them against the code.
fn indexes() -> Vec<Index> {
    let unique = || Some(IndexOptions::builder().unique(true).build());
    let edits = IndexOptions::builder().partial_filter_expression(doc! { "kind": "edit" }).build();
    let idle = Duration::from_millis(u64::try_from(IDLE_MS).unwrap_or_default());
    vec![
        Index { collection: "messages", keys: doc! { "conversation_id": 1, "seq": 1 }, options: unique() },
        Index { collection: "messages", keys: doc! { "conversation_id": 1, "target": 1 }, options: Some(edits) },
        Index {
            collection: "messages",
            keys: doc! { "empty_at": 1 },
            options: Some(IndexOptions::builder().sparse(true).build()),
        },
        Index { collection: "members", keys: doc! { "conversation_id": 1, "user_id": 1 }, options: unique() },
        Index { collection: "memberships", keys: doc! { "user_id": 1, "conversation_id": 1 }, options: unique() },
        Index { collection: "statements", keys: doc! { "conversation_id": 1, "epoch": 1 }, options: unique() },
        Index { collection: "blocks", keys: doc! { "by": 1, "whom": 1 }, options: unique() },
        Index { collection: "receipts", keys: doc! { "conversation_id": 1, "user_id": 1 }, options: unique() },
        Index { collection: "prekeys", keys: doc! { "left": 1 }, options: None },
        Index { collection: "prekeys", keys: doc! { "renewed_at": 1 }, options: None },
        Index { collection: "mailboxes", keys: doc! { "user_id": 1, "device_id": 1, "id": 1 }, options: None },
        Index { collection: "mailboxes", keys: doc! { "received_at": 1 }, options: None },
        Index { collection: "sessions", keys: doc! { "user_id": 1, "_id": -1 }, options: None },
        Index {
            collection: "sessions",
            keys: doc! { "last_used_at": 1 },
            options: Some(IndexOptions::builder().expire_after(idle).build()),
        },
    ]
}

/// How the collections lie in a sharded database: by whom or what they are asked for.
fn shard_keys() -> Vec<(&'static str, Document, bool)> {
    vec![
        ("users", doc! { "_id": "hashed" }, false),
        ("conversations", doc! { "_id": "hashed" }, false),
        ("members", doc! { "conversation_id": 1, "user_id": 1 }, true),
        ("memberships", doc! { "user_id": 1, "conversation_id": 1 }, true),
        ("statements", doc! { "conversation_id": 1, "epoch": 1 }, true),
        ("messages", doc! { "conversation_id": 1, "seq": 1 }, true),
        ("receipts", doc! { "conversation_id": 1, "user_id": 1 }, true),
        ("blocks", doc! { "by": 1, "whom": 1 }, true),
        ("sessions", doc! { "_id": "hashed" }, false),
        ("backups", doc! { "_id": "hashed" }, false),
        ("device_lists", doc! { "_id": "hashed" }, false),
        ("prekeys", doc! { "user_id": "hashed" }, false),
        ("mailboxes", doc! { "user_id": "hashed" }, false),
    ]
}

impl Mongo {
    /// The newest migration that has run; 0 in an empty database.
    pub async fn applied(&self) -> Result<i32, ConnectError> {
        let migrations = self.documents(COLLECTION);
        let newest = migrations.find_one(doc! { "_id": { "$gt": 0 } }).sort(doc! { "_id": -1 });
        Ok(newest.await.map_err(|error| why(&error))?.and_then(|row| row.get_i32("_id").ok()).unwrap_or_default())
    }

    /// Whether everything has run that this version needs.
    pub async fn check_migrated(&self) -> Result<(), ConnectError> {
        match self.applied().await? {
            applied if applied >= NEWEST => Ok(()),
            applied => {
                let why =
                    format!("the database is at migration {applied}, this version needs {NEWEST}: run `sotto migrate`");
                Err(ConnectError::away("MongoDB", why))
            }
        }
    }

    /// Runs what has not run yet, and shards the collections where it finds a mongos. Running it twice, or twice at once,
    /// is running it once.
    pub async fn migrate(&self) -> Result<Migrated, ConnectError> {
        let from = self.applied().await?;
        // 2 and 3 brought indexes alone; making one that is there is no error.
        if from < NEWEST {
            self.create_indexes().await?;
        }
        let sharded = self.shard().await?;
        if from < NEWEST {
            let row = doc! { "$setOnInsert": { "applied_at": DateTime::now() } };
            let migrations = self.documents(COLLECTION);
            migrations.update_one(doc! { "_id": NEWEST }, row).upsert(true).await.map_err(|error| why(&error))?;
        }
        Ok(Migrated { from, to: from.max(NEWEST), sharded })
    }

    async fn create_indexes(&self) -> Result<(), ConnectError> {
        for Index { collection, keys, options } in indexes() {
            info!("index on {collection}: {keys}");
            let index = IndexModel::builder().keys(keys).options(options).build();
            self.documents(collection).create_index(index).await.map_err(|error| why(&error))?;
        }
        // Made now, so that a transaction need not.
        for name in ["conversations", "users", "usernames"] {
            let exists =
                self.db.list_collection_names().await.map_err(|error| why(&error))?.iter().any(|there| there == name);
            if !exists && let Err(error) = self.db.create_collection(name).await {
                // Someone else migrates as well.
                if !self
                    .db
                    .list_collection_names()
                    .await
                    .map_err(|error| why(&error))?
                    .iter()
                    .any(|there| there == name)
                {
                    return Err(why(&error));
                }
            }
        }
        Ok(())
    }

    async fn shard(&self) -> Result<usize, ConnectError> {
        let hello = self.db.run_command(doc! { "hello": 1 }).await.map_err(|error| why(&error))?;
        if hello.get_str("msg").ok() != Some("isdbgrid") {
            return Ok(0);
        }
        let admin = self.db.client().database("admin");
        admin.run_command(doc! { "enableSharding": self.db.name() }).await.map_err(|error| why(&error))?;
        for (collection, key, unique) in shard_keys() {
            let name = format!("{}.{collection}", self.db.name());
            info!("sharding {name} by {key}");
            let command = doc! { "shardCollection": name, "key": key, "unique": unique };
            admin.run_command(command).await.map_err(|error| why(&error))?;
        }
        Ok(shard_keys().len())
    }

    /// The indexes that should be there and are not, in words.
    pub async fn missing_indexes(&self) -> Result<Vec<String>, ConnectError> {
        let mut missing = Vec::new();
        for Index { collection, keys, .. } in indexes() {
            let there: Vec<IndexModel> = match self.documents(collection).list_indexes().await {
                Ok(listed) => listed.try_collect().await.map_err(|error| why(&error))?,
                // A collection that is not there has none.
                Err(_) => Vec::new(),
            };
            if !there.iter().any(|index| index.keys == keys) {
                missing.push(format!("{collection} {keys}"));
            }
        }
        Ok(missing)
    }
}
