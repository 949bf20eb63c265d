//! When the storm is over: repeats that must be harmless, the final logs, and what no answer and no log may contain.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::{Account, Api, uuid_at};
use crate::dice::Dice;
use crate::history::{Client, Kind, Log, Outcome, Recorder, What};
use crate::view::{read_entry, read_marks, sealed};

/// What every message contains, and no log of the server may.
const CANARY: &str = "canary-";

/// Sends some acknowledged messages again: the same must be accepted, another under the same id must not.
pub async fn probe_repeats(api: &Api, accounts: &[Account], notes: &Recorder, dice: &mut Dice) -> Result<Vec<String>> {
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
        let What::Sent { conversation, message_id, kind: Kind::Message, words, result: Outcome::Accepted, .. } =
            &record.what
        else {
            continue;
        };
        if taken_back.contains(message_id) {
            continue;
        }
        let sender = sender_of(accounts, words.as_deref()).context("a message without its sender's name")?;
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let body = |text: &str| json!({"id": message_id, "envelope": sealed(&json!({"type": "text", "text": text}))});
        let again = words.clone().unwrap_or_default();
        let same = api.call("POST", &path, Some(&sender.token), Some(&body(&again))).await?;
        if same.status != 202 {
            complaints.push(format!("I9: {message_id} again was answered {}: {}", same.status, same.body));
        }
        let other = api.call("POST", &path, Some(&sender.token), Some(&body("something else"))).await?;
        if (other.status, other.code()) != (409, "id_conflict") {
            complaints
                .push(format!("I9: another body under {message_id} was answered {}: {}", other.status, other.body));
        }
    }
    Ok(complaints)
}

fn sender_of<'a>(accounts: &'a [Account], words: Option<&str>) -> Option<&'a Account> {
    let name = words?.strip_prefix(CANARY)?.split('-').next()?;
    accounts.iter().find(|account| account.username == name)
}

/// Fetches every log from every member, who must all get the same.
pub async fn gather(api: &Api, accounts: &[Account], complaints: &mut Vec<String>) -> Result<Vec<Log>> {
    let mut logs: BTreeMap<Uuid, Log> = BTreeMap::new();
    for account in accounts {
        let list = api.call("GET", "/api/v1/conversations", Some(&account.token), None).await;
        // The storm may have outlasted the access token.
        let token = match &list {
            Ok(answer) if answer.status == 401 => api.login(&account.username).await?.token,
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
        let log = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        if log.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
            found.push(format!("I6: words of a message are in {}", file.display()));
        }
    }
    Ok(found)
}
