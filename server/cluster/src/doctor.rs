//! Examines every engine as an operator would: is it there, is it what we need, does it keep what it is given.

use std::time::{Duration, Instant};

use mongodb::bson::doc;
use redis::cmd;
use shared_types::Timestamp;
use sotto_core::ports::{BlobKey, Blobs as _, Clock};
use uuid::Uuid;

use crate::{ConnectError, mongo::Mongo, rabbit::Rabbit, redis::Link, s3::Buckets};

/// How far a server's clock may be from ours.
const SKEW_MS: i64 = 2_000;
/// How long an engine may take to connect.
const PATIENCE: Duration = Duration::from_secs(10);

/// One thing found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of which engine.
    pub engine: &'static str,
    /// What was found.
    pub what: String,
    /// What to do about it, where it is not as it should be.
    pub cure: Option<String>,
}

impl Finding {
    fn well(engine: &'static str, what: impl Into<String>) -> Self {
        Self { engine, what: what.into(), cure: None }
    }

    fn wrong(engine: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { engine, what: what.into(), cure: Some(cure.into()) }
    }

    fn of(engine: &'static str, error: &ConnectError) -> Self {
        match error {
            ConnectError::Unusable(unusable) => Self::wrong(engine, unusable.what.clone(), unusable.cure.clone()),
            ConnectError::Away { why, .. } => {
                Self::wrong(engine, format!("does not answer: {why}"), "start it, or correct its URL")
            }
        }
    }
}

/// Asks everything. `newest` is the migration that this version needs.
pub async fn examine(
    mongo: &Mongo,
    rabbit: &Rabbit,
    link: &Link,
    buckets: Option<&Buckets>,
    clock: &dyn Clock,
    newest: i32,
) -> Vec<Finding> {
    let mut findings = store(mongo, clock, newest).await;
    findings.extend(queue(rabbit).await);
    findings.extend(cache(link, clock).await);
    if let Some(buckets) = buckets {
        findings.extend(blobs(buckets).await);
    }
    findings
}

/// Waits for an engine that connects in the background.
async fn connected<F: Future<Output = Result<(), ConnectError>>>(check: impl Fn() -> F) -> Result<(), ConnectError> {
    let started = Instant::now();
    loop {
        match check().await {
            Err(ConnectError::Away { .. }) if started.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            outcome => return outcome,
        }
    }
}

fn skew(engine: &'static str, theirs_ms: i64, ours: Timestamp) -> Finding {
    let skew = theirs_ms - ours.0;
    if skew.abs() <= SKEW_MS {
        return Finding::well(engine, format!("its clock is {skew} ms from ours"));
    }
    Finding::wrong(
        engine,
        format!("its clock is {skew} ms from ours"),
        "let both follow the same time server (chrony, NTP)",
    )
}

async fn store(mongo: &Mongo, clock: &dyn Clock, newest: i32) -> Vec<Finding> {
    const NAME: &str = "store";
    if let Err(error) = connected(|| mongo.check()).await {
        return vec![Finding::of(NAME, &error)];
    }
    let mut findings = Vec::new();
    if let Ok((version, theirs)) = mongo.about().await {
        findings.push(Finding::well(NAME, format!("MongoDB {version}")));
        findings.push(skew(NAME, theirs, clock.now()));
    }
    findings.push(match mongo.applied().await {
        Ok(applied) if applied == newest => Finding::well(NAME, format!("migration {applied}")),
        Ok(applied) if applied > newest => {
            Finding::well(NAME, format!("migration {applied}, newer than this version's {newest}"))
        }
        Ok(applied) => Finding::wrong(NAME, format!("migration {applied} of {newest}"), "run `sotto migrate`"),
        Err(error) => Finding::of(NAME, &error),
    });
    findings.push(match mongo.missing_indexes().await {
        Ok(missing) if missing.is_empty() => Finding::well(NAME, "all indexes are there"),
        Ok(missing) => Finding::wrong(NAME, format!("no index on {}", missing.join("; ")), "run `sotto migrate`"),
        Err(error) => Finding::of(NAME, &error),
    });
    let started = Instant::now();
    let probe = Uuid::now_v7().to_string();
    let probed = async {
        let probes = mongo.documents("doctor");
        probes.insert_one(doc! { "_id": &probe }).await?;
        let found = probes.find_one(doc! { "_id": &probe }).await?.is_some();
        probes.delete_one(doc! { "_id": &probe }).await?;
        Ok::<bool, mongodb::error::Error>(found)
    };
    findings.push(read_back(NAME, started, probed.await));
    findings
}

fn read_back<E: std::fmt::Display>(engine: &'static str, started: Instant, outcome: Result<bool, E>) -> Finding {
    let took = started.elapsed().as_millis();
    match outcome {
        Ok(true) => Finding::well(engine, format!("written, read back and deleted in {took} ms")),
        Ok(false) => Finding::wrong(engine, "what was written was not read back", "look into its log"),
        Err(error) => {
            let what = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            Finding::wrong(engine, format!("can't be written to: {what}"), "check this login's rights, and its disk")
        }
    }
}

async fn queue(rabbit: &Rabbit) -> Vec<Finding> {
    const NAME: &str = "queue";
    if let Err(error) = connected(|| std::future::ready(rabbit.check())).await {
        return vec![Finding::of(NAME, &error)];
    }
    let version = match rabbit.checked_version().await {
        Ok(version) => version.unwrap_or_else(|| "of an unknown version".to_owned()),
        Err(error) => return vec![Finding::of(NAME, &error.into())],
    };
    let mut findings =
        vec![Finding::well(NAME, format!("RabbitMQ {version}, with its exchanges and queues as they should be"))];
    let started = Instant::now();
    findings.push(read_back(NAME, started, rabbit.probe().await));
    match sotto_core::ports::Queue::dead_count(rabbit).await {
        Ok(0) => findings.push(Finding::well(NAME, "no dead letters")),
        Ok(count) => {
            let cure = "look at queue `dead`: each has the reason in its headers";
            findings.push(Finding::wrong(NAME, format!("{count} dead letters"), cure));
        }
        Err(error) => findings.push(Finding::wrong(NAME, error.to_string(), "look into its log")),
    }
    findings
}

async fn cache(link: &Link, clock: &dyn Clock) -> Vec<Finding> {
    const NAME: &str = "cache";
    if let Err(error) = connected(|| link.check()).await {
        return vec![Finding::of(NAME, &error)];
    }
    let mut findings = Vec::new();
    match (link.version().await, link.check_version().await) {
        (Ok(version), Ok(())) => findings.push(Finding::well(NAME, format!("Redis {version}"))),
        (_, Err(error)) => findings.push(Finding::of(NAME, &error)),
        (Err(error), Ok(())) => findings.push(Finding::wrong(NAME, error.to_string(), "look into its log")),
    }
    if let Ok((seconds, micros)) = link.ask::<(i64, i64)>(&cmd("TIME")).await {
        findings.push(skew(NAME, seconds * 1_000 + micros / 1_000, clock.now()));
    }
    let started = Instant::now();
    let key = format!("doctor:{}", Uuid::now_v7());
    let probed = async {
        link.ask::<()>(cmd("SET").arg(&key).arg("sotto").arg("PX").arg(60_000)).await?;
        let found: Option<String> = link.ask(cmd("GET").arg(&key)).await?;
        link.ask::<i64>(cmd("DEL").arg(&key)).await?;
        Ok::<bool, sotto_core::PortError>(found.as_deref() == Some("sotto"))
    };
    findings.push(read_back(NAME, started, probed.await));
    findings
}

async fn blobs(buckets: &Buckets) -> Vec<Finding> {
    const NAME: &str = "blobs";
    if let Err(error) = buckets.check().await {
        return vec![Finding::of(NAME, &error)];
    }
    let started = Instant::now();
    let probed = async {
        let key = BlobKey::new(format!("doctor/{}", Uuid::now_v7()))
            .map_err(|refusal| sotto_core::PortError::new("blobs", refusal.to_string()))?;
        buckets.put(&key, b"sotto".to_vec()).await?;
        let found = buckets.get(&key, 0..5).await?;
        buckets.delete(&key).await?;
        Ok::<bool, sotto_core::PortError>(found.as_deref() == Some(b"sotto".as_slice()))
    };
    vec![Finding::well(NAME, format!("{} buckets", buckets.count())), read_back(NAME, started, probed.await)]
}
