//! When the storm is over: repeats that must be harmless, the final logs, and what no answer and no log may contain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::{Account, Api, uuid_at};
use crate::dice::Dice;
use crate::history::{Client, Kind, Log, Outcome, Recorder, What};
use crate::view::{number_at, read_entry, read_marks};

/// What every message contains, and no log of the server may.
const CANARY: &str = "canary-";

/// Sends some acknowledged messages again: the same must be accepted, another under the same id must not.
pub async fn probe_repeats(
    api: &Api,
    (accounts, people): (&[Account], &BTreeMap<Client, Uuid>),
    notes: &Recorder,
    dice: &mut Dice,
) -> Result<Vec<String>> {
    let records = notes.records();
    let taken_back: Vec<Uuid> = records
        .iter()
        .filter_map(|record| match &record.what {
            What::Sent { kind: Kind::Retract, target, .. } => *target,
            _ => None,
        })
        .collect();
    let mut complaints = Vec::new();
    for _ in 0..25 {
        let Some(record) = dice.pick(&records) else { break };
        let What::Sent { conversation, message_id, kind: Kind::Message, result: Outcome::Accepted, .. } = &record.what
        else {
            continue;
        };
        if taken_back.contains(message_id) {
            continue;
        }
        let person = people.get(&record.client).copied();
        let sender = accounts.iter().find(|account| Some(account.user) == person).context("a message of nobody")?;
        let Some(envelope) = envelope_of(api, sender, (*conversation, *message_id)).await? else { continue };
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let body = |envelope: &Value| json!({"id": message_id, "envelope": envelope});
        let same = api.call("POST", &path, Some(&sender.token), Some(&body(&envelope))).await?;
        if same.status != 202 {
            complaints.push(format!("I9: {message_id} again was answered {}: {}", same.status, same.body));
        }
        let mut changed = envelope.clone();
        if let Some(ciphertext) = changed.get_mut("ciphertext") {
            *ciphertext = json!("c29tZXRoaW5nIGVsc2U=");
        }
        let other = api.call("POST", &path, Some(&sender.token), Some(&body(&changed))).await?;
        if (other.status, other.code()) != (409, "id_conflict") {
            complaints
                .push(format!("I9: another body under {message_id} was answered {}: {}", other.status, other.body));
        }
    }
    Ok(complaints)
}

/// What stands in the log under an id.
async fn envelope_of(api: &Api, member: &Account, (conversation, id): (Uuid, Uuid)) -> Result<Option<Value>> {
    let mut after = 0;
    loop {
        let page = api.page(&member.token, conversation, after).await?;
        let messages = page.get("messages").and_then(Value::as_array).context("no messages")?;
        for message in messages {
            after = number_at(message, "/seq")?;
            if uuid_at(message, "/id")? == id {
                return Ok(message.get("envelope").cloned());
            }
        }
        if page.get("has_more").and_then(Value::as_bool) != Some(true) {
            return Ok(None);
        }
    }
}

/// Fetches every log from every member, who must all get the same.
pub async fn gather(api: &Api, accounts: &[Account], complaints: &mut Vec<String>) -> Result<Vec<Log>> {
    let mut logs: BTreeMap<Uuid, Log> = BTreeMap::new();
    for account in accounts {
        let list = api.call("GET", "/api/v1/conversations", Some(&account.token), None).await;
        // The storm may have outlasted the access token.
        let token = match &list {
            Ok(answer) if answer.status == 401 => api.login_again(account).await?.token,
            _ => account.token.clone(),
        };
        let list = api.call("GET", "/api/v1/conversations", Some(&token), None).await?.good()?;
        for conversation in list.get("conversations").and_then(Value::as_array).context("no conversations")? {
            let log = fetch(api, &token, conversation).await?;
            match logs.get(&log.id) {
                Some(other) if *other != log => {
                    complaints.push(format!("I8: {} is another log for {}", log.id, account.username));
                }
                Some(_) => {}
                None => {
                    logs.insert(log.id, log);
                }
            }
        }
    }
    if logs.is_empty() {
        bail!("there is no conversation after the storm");
    }
    Ok(logs.into_values().collect())
}

async fn fetch(api: &Api, token: &str, conversation: &Value) -> Result<Log> {
    let id = uuid_at(conversation, "/id")?;
    let mut log = Log { id, members: Vec::new(), entries: Vec::new(), marks: BTreeMap::new() };
    for member in conversation.get("members").and_then(Value::as_array).context("no members")? {
        let user = uuid_at(member, "/user/id")?;
        log.members.push(user);
        log.marks.insert(user, read_marks(member)?);
    }
    log.members.sort();
    loop {
        let after = log.entries.last().map_or(0, |entry| entry.seq);
        let page = api.page(token, id, after).await?;
        for message in page.get("messages").and_then(Value::as_array).context("no messages")? {
            log.entries.push(read_entry(message)?.1);
        }
        if page.get("has_more").and_then(Value::as_bool) != Some(true) {
            return Ok(log);
        }
    }
}

/// Answers that a server must never give, whatever happens to it. Watermarks may be refused with these codes.
pub fn defects(notes: &Recorder, excused: &[&str]) -> Vec<String> {
    let defect = |client: Client, what: &What| match what {
        What::Sent { message_id, result: Outcome::Refused(code), .. } if code == "internal" => {
            Some(format!("client {client} got `internal` for {message_id}"))
        }
        // Nothing that a device says here is of a wrong form, and no id is used twice; but what it is about may be gone.
        What::Sent { message_id, target, result: Outcome::Refused(code), .. }
            if ["malformed_json", "id_conflict", "plaintext_refused"].contains(&code.as_str())
                || (code == "invalid" && target.is_none()) =>
        {
            Some(format!("client {client} got `{code}` for {message_id}"))
        }
        What::MarksSet { conversation, result: Outcome::Refused(code), .. } if !excused.contains(&code.as_str()) => {
            Some(format!("client {client} got `{code}` for its watermarks in {conversation}"))
        }
        _ => None,
    };
    notes.records().iter().filter_map(|record| defect(record.client, &record.what)).collect()
}

/// I6: nobody's words are in a log.
pub fn spilled(logs: &[PathBuf]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in logs {
        if holds(file, CANARY)? {
            found.push(format!("I6: words of a message are in {}", file.display()));
        }
    }
    Ok(found)
}

/// I6: nobody's words are in what the server keeps either, where all of them were sealed. What is not sealed must be found,
/// or this was no look.
pub fn spilled_in_store(folder: &Path, known: &str) -> Result<Vec<String>> {
    let (mut found, mut is_known) = (Vec::new(), false);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            is_known |= holds(&path, known)?;
            if holds(&path, CANARY)? {
                found.push(format!("I6: words of a message are in the store, in {}", path.display()));
            }
        }
    }
    if !is_known {
        found.push(format!("I6: the store was not looked through: not even {known:?} is in it"));
    }
    Ok(found)
}

fn holds(file: &Path, word: &str) -> Result<bool> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}
