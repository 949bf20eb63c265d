//! The storm: people talk, the server is killed at random moments, and in the end everything is gathered for the checker.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::api::{Account, Api, uuid_at};
use crate::device::Device;
use crate::dice::Dice;
use crate::history::{Client, Kind, Log, Outcome, Recorder, Run, What};
use crate::server::Server;
use crate::view::{read_entry, read_marks};

/// How big a storm.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    /// What makes it repeatable.
    pub seed: u64,
    /// How often the server is killed.
    pub kills: u32,
    /// How many people; everyone talks with everyone.
    pub people: u32,
}

/// What a storm left behind.
#[derive(Debug)]
pub struct Aftermath {
    /// The histories and the final logs.
    pub run: Run,
    /// What went wrong and is no matter of histories.
    pub complaints: Vec<String>,
}

/// How long the devices may take to send what they still have, once the killing is over.
const CALM: Duration = Duration::from_mins(2);
/// What every message contains, and no log of the server may.
const CANARY: &str = "canary-";

impl Storm {
    /// Lets it blow over a server. `said` hears of each kill.
    pub async fn blow(self, server: &mut Server, said: impl Fn(u32, Duration)) -> Result<Aftermath> {
        let mut dice = Dice::new(self.seed);
        let notes = Recorder::default();
        server.start()?;
        server.ready().await?;
        let api = Api::new(server.address())?;
        let accounts = populate(&api, self).await?;

        let (storm_over, over) = watch::channel(false);
        let mut devices = JoinSet::new();
        let mut people = BTreeMap::new();
        // The first two people have a second device each.
        for (client, account) in (0..).zip(accounts.iter().chain(accounts.iter().take(2))) {
            let second = client as usize >= accounts.len();
            let account = if second { api.login(&account.username).await? } else { account.clone() };
            people.insert(client, account.user);
            let device = Device::new(client, account, (server.address(), api.clone()), notes.clone(), dice.fork());
            devices.spawn(device.live(over.clone()));
        }

        for kill in 1..=self.kills {
            // Sometimes before it has come up at all.
            let moment = if dice.percent(10) { dice.between(0, 60) } else { dice.between(100, 1200) };
            sleep(Duration::from_millis(moment)).await;
            server.kill()?;
            server.start()?;
            if dice.percent(85) {
                said(kill, server.ready().await?);
            }
        }
        server.ready().await?;
        // Some time in which all is well, so that what waited goes out.
        sleep(Duration::from_secs(1)).await;
        storm_over.send_replace(true);
        let mut rested =
            timeout(CALM, devices.join_all()).await.context("the devices never got rid of their messages")?;

        let mut complaints = probe_repeats(&api, &accounts, &notes, &mut dice).await?;
        server.kill()?;
        server.start()?;
        server.ready().await?;
        for device in &mut rested {
            device.catch_up().await?;
        }
        let logs = gather(&api, &accounts, &mut complaints).await?;
        complaints.extend(defects(&notes));
        complaints.extend(spilled(server)?);
        Ok(Aftermath { run: Run { people, records: notes.records(), logs }, complaints })
    }
}

async fn populate(api: &Api, storm: Storm) -> Result<Vec<Account>> {
    let mut accounts: Vec<Account> = Vec::new();
    for number in 0..storm.people {
        let account = api.register(&format!("storm{number}")).await?;
        for other in &accounts {
            api.converse(&account.token, other.user).await?;
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// Sends some acknowledged messages again: the same must be accepted, another under the same id must not.
async fn probe_repeats(api: &Api, accounts: &[Account], notes: &Recorder, dice: &mut Dice) -> Result<Vec<String>> {
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
        let body = |text: &str| json!({"id": message_id, "envelope": {"kind": "plain", "content": {"type": "text", "text": text}}});
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
async fn gather(api: &Api, accounts: &[Account], complaints: &mut Vec<String>) -> Result<Vec<Log>> {
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

/// Answers that a server must never give, whatever happens to it.
fn defects(notes: &Recorder) -> Vec<String> {
    let defect = |client: Client, what: &What| match what {
        What::Sent { message_id, result: Outcome::Refused(code), .. } if code == "internal" => {
            Some(format!("client {client} got `internal` for {message_id}"))
        }
        What::MarksSet { conversation, result: Outcome::Refused(code), .. } => {
            Some(format!("client {client} got `{code}` for its watermarks in {conversation}"))
        }
        _ => None,
    };
    notes.records().iter().filter_map(|record| defect(record.client, &record.what)).collect()
}

/// I6: nobody's words are in the server's log.
fn spilled(server: &Server) -> Result<Option<String>> {
    let log = std::fs::read(server.log())?;
    let found = log.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    Ok(found.then(|| format!("I6: words of a message are in {}", server.log().display())))
}
