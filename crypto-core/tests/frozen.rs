//! What devices of earlier versions keep, and were sent, opens for ever.

#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto_core::{device::Device, secret::Key};
use serde::Deserialize;
use shared_types::{
    Message,
    keys::{Address, MailboxItem},
};

#[derive(Deserialize)]
struct Frozen {
    me: Address,
    storage_key: String,
    records: BTreeMap<String, String>,
    mailbox: Vec<MailboxItem>,
    now: u64,
    messages: Vec<Said>,
    kept: Said,
}

#[derive(Deserialize)]
struct Said {
    message: Message,
    says: String,
}

#[test]
fn the_first_format_opens() {
    let frozen: Frozen = serde_json::from_str(include_str!("../vectors/1.json")).unwrap();
    let key = <[u8; 32]>::try_from(STANDARD.decode(&frozen.storage_key).unwrap()).unwrap();
    let all: BTreeMap<String, Vec<u8>> =
        frozen.records.iter().map(|(name, bytes)| (name.clone(), STANDARD.decode(bytes).unwrap())).collect();
    let (mut aside, loaded): (BTreeMap<_, _>, BTreeMap<_, _>) =
        all.into_iter().partition(|(name, _)| name.starts_with("known/"));
    let mut device = Device::load(frozen.me, Key::from(key), &loaded, 1).unwrap();

    assert!(frozen.mailbox.len() == 2 && frozen.messages.len() == 2);
    for item in &frozen.mailbox {
        device.receive(item, frozen.now).unwrap();
    }
    aside.extend(
        device.changes(frozen.now).records.into_iter().filter_map(|record| Some((record.name, record.sealed?))),
    );
    for Said { message, says } in frozen.messages.iter().chain([&frozen.kept]) {
        let kept = aside.get(&Device::record_of(message)).map(Vec::as_slice);
        assert_eq!(device.open(message, kept).unwrap().body, says.as_bytes());
    }
}
