//! MongoDB: every query has an index, migrations may run again, and a router shards what it should.
#![expect(clippy::unwrap_used, reason = "a failing engine fails the test")]

mod world;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use mongodb::{
    Client,
    bson::{Bson, Document, doc},
    event::{EventHandler, command::CommandEvent},
};
use sotto_cluster::{
    Background,
    mongo::{Mongo, NEWEST, Watch},
};
use sotto_core::conformance::{accounts, backups, blocks, conversations, keys, log, mailboxes, receipts, sessions};
use world::{World, variable};

/// Every kind of command that was sent, by its shape: what it does, where, and by which fields.
type Seen = Arc<Mutex<BTreeMap<String, Document>>>;

/// The one statement that a command finds its documents by.
fn statement(command: &Document) -> Option<Document> {
    let first = |list: &str| command.get_array(list).ok()?.first()?.as_document().cloned();
    match command.keys().next()?.as_str() {
        "find" => command.get_document("filter").ok().cloned(),
        "findAndModify" => command.get_document("query").ok().cloned(),
        "update" => first("updates")?.get_document("q").ok().cloned(),
        "delete" => first("deletes")?.get_document("q").ok().cloned(),
        _ => None,
    }
}

fn watch(seen: &Seen) -> Watch {
    let seen = Arc::clone(seen);
    let commands = EventHandler::callback(move |event| {
        let CommandEvent::Started(started) = event else { return };
        let Some(by) = statement(&started.command) else { return };
        let (name, of) = started.command.iter().next().map(|(name, of)| (name.clone(), of.clone())).unwrap();
        let shape = format!("{name} {of} by {:?}", by.keys().collect::<Vec<_>>());
        seen.lock().unwrap().entry(shape).or_insert(started.command);
    });
    Watch { commands: Some(commands) }
}

/// What of a command can be explained: one statement, without what belongs to its session.
fn explainable(command: &Document) -> Document {
    let fields = ["filter", "sort", "limit", "hint", "projection", "query", "update", "upsert", "new", "q", "u"];
    let mut bare = Document::new();
    for (position, (name, value)) in command.iter().enumerate() {
        match value {
            Bson::Array(statements) if name == "updates" || name == "deletes" => {
                bare.insert(name.clone(), vec![statements[0].clone()]);
            }
            _ if position == 0 || fields.contains(&name.as_str()) => drop(bare.insert(name.clone(), value.clone())),
            _ => {}
        }
    }
    bare
}

async fn plan(client: &Client, command: &Document) -> String {
    let explain = doc! { "explain": explainable(command), "verbosity": "queryPlanner" };
    let plan = client.database("sotto_test").run_command(explain).await.unwrap();
    plan.get_document("queryPlanner").unwrap().get_document("winningPlan").unwrap().to_string()
}

#[tokio::test]
async fn every_query_uses_an_index() {
    let seen = Seen::default();
    let world = World::at(&variable("SOTTO_TEST_CACHE"), watch(&seen)).await;
    accounts::racing_for_a_name_has_one_winner(&world).await;
    accounts::an_update_is_read_back(&world).await;
    accounts::a_search_finds_prefixes_in_order(&world).await;
    backups::a_head_follows_the_one_before(&world).await;
    backups::a_removed_head_is_gone(&world).await;
    blocks::a_block_holds_both_ways(&world).await;
    blocks::blocking_twice_is_blocking_once(&world).await;
    conversations::members_are_found_from_both_sides(&world).await;
    conversations::a_setting_is_read_back(&world).await;
    conversations::members_come_go_and_change(&world).await;
    conversations::statements_follow_one_another(&world).await;
    log::a_gap_is_fenced(&world).await;
    log::a_taken_id_is_fenced(&world).await;
    log::positions_are_dense(&world).await;
    log::reading_after_skips_nothing(&world).await;
    log::reading_before_gives_the_last_ones(&world).await;
    log::a_purge_takes_the_words_and_their_edits(&world).await;
    world.log.expire(shared_types::Timestamp(1), 10).await.unwrap();
    receipts::watermarks_never_fall(&world).await;
    sessions::the_newest_token_advances_once(&world).await;
    sessions::an_ended_session_stays_ended(&world).await;
    sessions::sessions_are_listed_newest_first(&world).await;
    keys::a_list_only_rises(&world).await;
    keys::a_one_time_key_is_given_once(&world).await;
    keys::who_wants_keys_is_found(&world).await;
    keys::a_forgotten_device_has_nothing(&world).await;
    mailboxes::what_is_put_in_is_listed_in_order_until_it_is_acknowledged(&world).await;
    mailboxes::what_nobody_fetches_expires(&world).await;
    // Watermarks are written in bulk at the end.
    world.background.stop().await;

    let client = Client::with_uri_str(variable("SOTTO_TEST_STORE")).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    assert!(seen.len() >= 30, "not everything was seen: {:?}", seen.keys());
    for (shape, command) in &seen {
        let plan = plan(&client, command).await;
        assert!(plan.contains("IXSCAN") || plan.contains("IDHACK"), "{shape}: {plan}");
        assert!(!plan.contains("COLLSCAN"), "{shape}: {plan}");
    }
    let control = doc! { "find": "users", "filter": { "display_name": "x" } };
    assert!(plan(&client, &control).await.contains("COLLSCAN"), "a scan would be found out");
}

#[tokio::test]
async fn migrating_twice_is_migrating_once() {
    let background = Background::default();
    let name = format!("/sotto_m{}?", uuid::Uuid::now_v7().simple());
    let url = variable("SOTTO_TEST_STORE").replacen("/sotto?", &name, 1);
    let mongo = Mongo::new(&url, &background, Watch::default()).await.unwrap();
    assert!(mongo.check_migrated().await.unwrap_err().to_string().contains("sotto migrate"));
    assert!(!mongo.missing_indexes().await.unwrap().is_empty());
    let first = mongo.migrate().await.unwrap();
    assert_eq!((first.from, first.to, first.sharded), (0, NEWEST, 0));
    assert_eq!(mongo.migrate().await.unwrap().from, NEWEST);
    assert_eq!(mongo.missing_indexes().await.unwrap(), Vec::<String>::new());
    mongo.check_migrated().await.unwrap();
    let client = Client::with_uri_str(&url).await.unwrap();
    client.default_database().unwrap().drop().await.unwrap();
}

/// The router here is a stand-in that refuses what a real one would: a unique index without the shard key, an update
/// that names no shard.
#[tokio::test]
async fn behind_a_router_the_collections_are_sharded_and_work() {
    let background = Background::default();
    let mongo = Mongo::new(&variable("SOTTO_TEST_MONGOS"), &background, Watch::default()).await.unwrap();
    mongo.check().await.unwrap();
    assert_eq!(mongo.migrate().await.unwrap().sharded, 13);
    let world = World::open("SOTTO_TEST_CACHE").await;
    let sharded = world.app.clone();
    let sharded = sotto_core::App {
        accounts: Arc::new(mongo.clone()),
        backups: Arc::new(mongo.clone()),
        blocks: Arc::new(mongo.clone()),
        sessions: Arc::new(mongo.clone()),
        conversations: Arc::new(mongo.clone()),
        log: Arc::new(mongo.clone()),
        keys: Arc::new(mongo.clone()),
        mailboxes: Arc::new(mongo.clone()),
        receipts: Arc::new(sotto_cluster::redis::Marks::new(world.link.clone(), mongo, &background)),
        ..sharded
    };
    accounts::an_update_is_read_back(&sharded).await;
    blocks::a_block_holds_both_ways(&sharded).await;
    backups::a_head_follows_the_one_before(&sharded).await;
    conversations::a_setting_is_read_back(&sharded).await;
    conversations::members_come_go_and_change(&sharded).await;
    conversations::statements_follow_one_another(&sharded).await;
    log::a_taken_id_is_fenced(&sharded).await;
    log::racing_writers_have_one_winner(&sharded).await;
    log::a_purge_takes_the_words_and_their_edits(&sharded).await;
    keys::a_list_only_rises(&sharded).await;
    keys::a_one_time_key_is_given_once(&sharded).await;
    keys::bringing_keys_twice_is_bringing_them_once(&sharded).await;
    mailboxes::mailboxes_do_not_mix(&sharded).await;
    mailboxes::boxes_come_with_their_entry_or_not_at_all(&sharded).await;
    receipts::watermarks_never_fall(&sharded).await;
    sessions::an_ended_session_stays_ended(&sharded).await;
    background.stop().await;
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be_in_one_line() {
    let background = Background::default();
    let mongo = Mongo::new("mongodb://127.0.0.1:9/sotto", &background, Watch::default()).await.unwrap();
    let away = mongo.check().await.unwrap_err().to_string();
    assert!(away.starts_with("MongoDB does not answer: ") && away.lines().count() == 1, "{away}");
    let wrong = Mongo::new("mongodb://", &background, Watch::default()).await.err().unwrap().to_string();
    assert!(wrong.starts_with("SOTTO_STORE: ") && wrong.lines().count() == 1, "{wrong}");
}
