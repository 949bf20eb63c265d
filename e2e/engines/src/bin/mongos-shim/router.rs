//! What a router knows: the shard keys, and which way each command went.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bson::{Bson, Document, doc};

use crate::refuse::{self, Indexes};

/// The routing of all connections. What it knows ends with the process.
#[derive(Debug, Default)]
pub(crate) struct Router(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Each sharded collection's key.
    keys: BTreeMap<String, Vec<String>>,
    /// The unique indexes that were made through here.
    unique: Indexes,
    targeted: BTreeMap<String, i64>,
    scattered: BTreeMap<String, i64>,
}

impl Router {
    /// What is answered here: the router's own commands, and refusals. Nothing where a member has to answer.
    pub(crate) fn answer(&self, command: &Document) -> Option<Document> {
        let name = command.keys().next()?;
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match name.as_str() {
            "enableSharding" | "balancerStart" | "balancerStop" => Some(doc! { "ok": 1.0 }),
            "balancerStatus" => Some(doc! { "mode": "full", "inBalancerRound": false, "ok": 1.0 }),
            "listShards" => {
                Some(doc! { "shards": [{ "_id": "shard0", "host": "shard0/shim", "state": 1 }], "ok": 1.0 })
            }
            "shardCollection" => Some(state.shard(command)),
            "shimStats" => {
                Some(doc! { "targeted": counts(&state.targeted), "scatter": counts(&state.scattered), "ok": 1.0 })
            }
            _ => state.check(name, command),
        }
    }
}

impl State {
    fn shard(&mut self, command: &Document) -> Document {
        let namespace = command.get_str("shardCollection").unwrap_or_default();
        let key: Vec<String> = command.get_document("key").map(|key| key.keys().cloned().collect()).unwrap_or_default();
        let (Some(_), false) = (namespace.split_once('.'), key.is_empty()) else {
            return refuse::error(2, "BadValue", "shardCollection needs a whole namespace and a key");
        };
        if let Some(known) = self.keys.get(namespace) {
            // Sharding again in the same way changes nothing; in another it is refused.
            return if *known == key {
                doc! { "collectionsharded": namespace, "ok": 1.0 }
            } else {
                refuse::error(23, "AlreadyInitialized", &format!("sharding already enabled for collection {namespace}"))
            };
        }
        if let Some(refusal) = refuse::sharding(namespace, &key, &self.unique) {
            return refusal;
        }
        self.keys.insert(namespace.to_owned(), key);
        doc! { "collectionsharded": namespace, "ok": 1.0 }
    }

    fn check(&mut self, name: &str, command: &Document) -> Option<Document> {
        let collection = command.get_str(name).ok()?;
        let namespace = format!("{}.{collection}", command.get_str("$db").unwrap_or("admin"));
        match name {
            "createIndexes" => refuse::remember(&namespace, command, &mut self.unique),
            "drop" => {
                self.unique.remove(&namespace);
                self.keys.remove(&namespace);
            }
            _ => {}
        }
        let key = self.keys.get(&namespace)?;
        if let Some(refusal) = refuse::command(name, &namespace, key, command) {
            return Some(refusal);
        }
        for query in refuse::queries(name, command) {
            let first = key.first().is_some_and(|field| refuse::fixes(&query, field));
            let counts = if first { &mut self.targeted } else { &mut self.scattered };
            *counts.entry(format!("{namespace}:{name}")).or_default() += 1;
        }
        None
    }
}

fn counts(of: &BTreeMap<String, i64>) -> Document {
    of.iter().map(|(name, count)| (name.clone(), Bson::Int64(*count))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sharded() -> Router {
        let router = Router::default();
        let answer = router.answer(&doc! { "shardCollection": "db.log", "key": { "conversation": 1, "seq": 1 } });
        assert!(answer.unwrap().get_str("collectionsharded").is_ok());
        router
    }

    fn code(answer: Option<Document>) -> i32 {
        answer.and_then(|answer| answer.get_i32("code").ok()).unwrap_or(0)
    }

    #[test]
    fn a_unique_index_must_begin_with_the_shard_key() {
        let router = sharded();
        let index =
            |key: Document| doc! { "createIndexes": "log", "$db": "db", "indexes": [{ "key": key, "unique": true }] };
        assert_eq!(code(router.answer(&index(doc! { "conversation": 1, "id": 1 }))), 67);
        assert_eq!(code(router.answer(&index(doc! { "conversation": 1, "seq": 1, "id": 1 }))), 0);
    }

    #[test]
    fn a_collection_with_another_unique_index_cannot_be_sharded() {
        let router = Router::default();
        let index =
            doc! { "createIndexes": "users", "$db": "db", "indexes": [{ "key": { "name": 1 }, "unique": true }] };
        assert_eq!(router.answer(&index), None);
        assert_eq!(code(router.answer(&doc! { "shardCollection": "db.users", "key": { "_id": "hashed" } })), 72);
    }

    #[test]
    fn a_single_write_without_the_shard_key_is_refused() {
        let router = sharded();
        let update = |query: Document, upsert: bool| {
            doc! { "update": "log", "$db": "db", "updates": [{ "q": query, "u": {}, "upsert": upsert }] }
        };
        assert_eq!(code(router.answer(&update(doc! { "conversation": 1 }, false))), 61);
        assert_eq!(code(router.answer(&update(doc! { "_id": 1 }, false))), 0);
        assert_eq!(code(router.answer(&update(doc! { "_id": 1 }, true))), 61);
        assert_eq!(code(router.answer(&update(doc! { "conversation": 1, "seq": 2 }, true))), 0);
        let modify = doc! { "findAndModify": "log", "$db": "db", "query": { "_id": 1 } };
        assert_eq!(code(router.answer(&modify)), 61);
    }

    #[test]
    fn what_goes_to_one_shard_and_what_to_all_is_counted() {
        let router = sharded();
        router.answer(&doc! { "find": "log", "$db": "db", "filter": { "conversation": 1 } });
        router.answer(&doc! { "find": "log", "$db": "db", "filter": { "seq": { "$gt": 1 } } });
        router.answer(&doc! { "find": "other", "$db": "db", "filter": {} });
        let stats = router.answer(&doc! { "shimStats": 1 }).unwrap();
        assert_eq!(stats.get_document("targeted").unwrap(), &doc! { "db.log:find": 1_i64 });
        assert_eq!(stats.get_document("scatter").unwrap(), &doc! { "db.log:find": 1_i64 });
    }
}
