//! The operator's commands: laying the database out, and examining everything.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

use std::process::ExitCode;

use crate::config::Settings;

/// `sotto migrate`.
#[cfg(feature = "cluster")]
pub async fn migrate(settings: &Settings) -> anyhow::Result<ExitCode> {
    if !settings.engines.are_shared() {
        return Ok(embedded("nothing to migrate"));
    }
    let done = crate::wire::migrate(settings).await?;
    match (done.from, done.to) {
        (from, to) if from == to => println!("the database is at migration {to}: nothing to do"),
        (from, to) => println!("the database was at migration {from} and is at {to} now"),
    }
    match done.sharded {
        0 => println!("no mongos: the collections are not sharded"),
        count => println!("{count} collections are sharded"),
    }
    Ok(ExitCode::SUCCESS)
}

/// `sotto doctor`.
#[cfg(feature = "cluster")]
pub async fn doctor(settings: &Settings) -> anyhow::Result<ExitCode> {
    if !settings.engines.are_shared() {
        return examine_folder(settings);
    }
    let mut well = true;
    for finding in crate::wire::doctor(settings).await? {
        let word = if finding.cure.is_none() { "ok" } else { "WRONG" };
        well &= finding.cure.is_none();
        println!("{word:<6} {:<9} {}", finding.engine, finding.what);
        if let Some(cure) = finding.cure {
            println!("       {:<9} -> {cure}", "");
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `sotto migrate`.
#[cfg(not(feature = "cluster"))]
#[expect(clippy::unused_async, reason = "the same call as with engines")]
pub async fn migrate(_: &Settings) -> anyhow::Result<ExitCode> {
    Ok(embedded("nothing to migrate"))
}

/// `sotto doctor`.
#[cfg(not(feature = "cluster"))]
#[expect(clippy::unused_async, reason = "the same call as with engines")]
pub async fn doctor(settings: &Settings) -> anyhow::Result<ExitCode> {
    examine_folder(settings)
}

fn embedded(what: &str) -> ExitCode {
    println!("everything is embedded: {what}");
    ExitCode::SUCCESS
}

/// Whether the data directory can be written to; a running pod holds what is in it.
fn examine_folder(settings: &Settings) -> anyhow::Result<ExitCode> {
    let dir = &settings.data_dir;
    let probe = dir.join(".doctor");
    let written = std::fs::create_dir_all(dir).and_then(|()| std::fs::write(&probe, b"sotto")).and_then(|()| {
        let same = std::fs::read(&probe)? == b"sotto";
        std::fs::remove_file(&probe)?;
        Ok(same)
    });
    match written {
        Ok(true) => Ok(embedded(&format!("{} can be written to and read back", dir.display()))),
        Ok(false) => anyhow::bail!("SOTTO_DATA_DIR: {} gives back other bytes than were written", dir.display()),
        Err(error) => anyhow::bail!("SOTTO_DATA_DIR: {} can't be written to: {error}", dir.display()),
    }
}
