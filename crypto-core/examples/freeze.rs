//! `cargo run -p crypto-core --example freeze > crypto-core/vectors/NAME.json`: a device as it lies on disk, and what it is sent. Done
//! once for each version of the format; what was frozen must open for ever (`tests/frozen.rs`).

#[path = "../tests/world/mod.rs"]
mod world;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use world::{World, at};

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn main() {
    let mut world = World::of(&["ana/phone", "bo/desk"]);
    world.set_members("ana/phone", &["bo"]);
    // A ratchet that has turned, not only a first box.
    let first = world.say("ana/phone", "bo", "first");
    world.reads("bo/desk", &first).ok();
    let answer = world.say("bo/desk", "ana", "answer");
    world.reads("ana/phone", &answer).ok();

    let host = world.host("bo/desk");
    let records: Value = host.disk.iter().map(|(name, bytes)| (name.clone(), json!(STANDARD.encode(bytes)))).collect();
    let key = STANDARD.encode(host.key.bytes());
    let (direct, group) = (world.say("ana/phone", "bo", "for two"), world.say_all("ana/phone", "for all"));
    let mailbox = world.server.mailboxes.remove(&at("bo/desk")).unwrap_or_default();
    let frozen = json!({
        "me": at("bo/desk"), "storage_key": key, "records": records, "mailbox": mailbox, "now": world.now,
        "messages": [{"message": direct, "says": "for two"}, {"message": group, "says": "for all"}],
        "kept": {"message": first, "says": "first"},
    });
    println!("{frozen:#}");
}
