//! Everything that the engines keep, as plain files: MongoDB's documents and Redis's values, which lie compressed on disk,
//! and RabbitMQ's and S3's files and all logs as they are. For searches after what should be nowhere.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use bson::{Document, doc};

use crate::ask::{Ready, mongo, redis};
use crate::{Engines, Process};

/// Documents in one answer.
const BATCH: i32 = 100;

/// Writes it into a folder, which is made.
pub fn dump(engines: &Engines, into: &Path) -> Result<()> {
    fs::create_dir_all(into)?;
    let primary = engines.primary().context("MongoDB has no primary")?;
    if let Ready::Hello(port) = primary.spec()?.ready {
        documents(port, &mut File::create(into.join("mongodb"))?)?;
    }
    let mut values = File::create(into.join("redis"))?;
    for process in engines.processes() {
        match process.spec()?.ready {
            // A sentinel keeps no values, and says so.
            Ready::Ping(port) if !process.name().contains("sentinel") => {
                redis_values(port, &mut values).with_context(|| format!("{} is not read", process.name()))?;
            }
            Ready::Port(_) | Ready::Ping(_) | Ready::Hello(_) | Ready::Http(..) => {}
        }
    }
    for (name, from) in homes(engines)? {
        copy(&from, &into.join(name))?;
    }
    Ok(())
}

/// What lies readable on disk already.
fn homes(engines: &Engines) -> Result<Vec<(String, std::path::PathBuf)>> {
    let kept = engines.processes();
    let kept = kept.iter().map(Process::name).filter(|name| name.contains("rabbit") || name.contains("s3"));
    let mut homes = kept.map(|name| Ok((name.to_owned(), engines.home(name)?))).collect::<Result<Vec<_>>>()?;
    homes.push(("logs".to_owned(), engines.logs()));
    Ok(homes)
}

fn documents(port: u16, into: &mut File) -> Result<()> {
    let databases = mongo::run(port, doc! { "listDatabases": 1, "nameOnly": true })?;
    for database in databases.get_array("databases")?.iter().filter_map(|one| one.as_document()) {
        let name = database.get_str("name")?;
        for collection in all(port, name, doc! { "listCollections": 1, "nameOnly": true }, "$cmd.listCollections")? {
            let collection = collection.get_str("name")?;
            for document in all(port, name, doc! { "find": collection, "batchSize": BATCH }, collection)? {
                into.write_all(&document.to_vec()?)?;
            }
        }
    }
    Ok(())
}

/// Every document that a command gives, batch by batch.
fn all(port: u16, database: &str, command: Document, collection: &str) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    let mut answer = mongo::run_on(port, database, command)?;
    loop {
        let cursor = answer.get_document("cursor")?;
        let batch = cursor.get_array("firstBatch").or_else(|_| cursor.get_array("nextBatch"))?;
        documents.extend(batch.iter().filter_map(|one| one.as_document().cloned()));
        let id = cursor.get_i64("id")?;
        if id == 0 {
            return Ok(documents);
        }
        answer = mongo::run_on(port, database, doc! { "getMore": id, "collection": collection, "batchSize": BATCH })?;
    }
}

fn redis_values(port: u16, into: &mut File) -> Result<()> {
    for key in redis::ask(port, "KEYS *")?.list() {
        let key = key.text();
        let read = match redis::ask(port, &format!("TYPE {key}"))?.text() {
            "string" => format!("GET {key}"),
            "hash" => format!("HGETALL {key}"),
            "list" => format!("LRANGE {key} 0 -1"),
            "set" => format!("SMEMBERS {key}"),
            "zset" => format!("ZRANGE {key} 0 -1"),
            "stream" => format!("XRANGE {key} - +"),
            // It has ended meanwhile.
            _ => continue,
        };
        // A replica may have moved a key away in between.
        let value = redis::ask(port, &read).map_or_else(|error| format!("{error:#}"), |value| format!("{value:?}"));
        writeln!(into, "{key}\n{value}")?;
    }
    Ok(())
}

fn copy(from: &Path, into: &Path) -> Result<()> {
    fs::create_dir_all(into)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, into.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to)?;
        } else if kind.is_file() {
            // One that is being rotated may be gone by now.
            let _ = fs::copy(entry.path(), to);
        }
    }
    Ok(())
}
