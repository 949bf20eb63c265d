//! The backup of an account's keys, sealed before it comes here. A part lies in the blobs under a name of its own before the
//! head names it, so that a backup is whole at every moment.

use shared_types::{
    Code, UserId,
    backup::{Backup, BackupPart, PutBackup, PutBackupPart},
};

use crate::{
    App, Caller, Error, PortError, Refusal,
    domain::limits::Limited,
    ports::{BackupHead, BlobKey},
};

/// The longest lock, in characters.
const MOST_LOCK: usize = 4_096;
/// The longest part, in characters.
const MOST_PART: usize = 192 * 1_024;
/// The most parts of one backup.
const MOST_PARTS: usize = 4_096;

fn key(user: UserId, name: &str) -> Result<BlobKey, Error> {
    Ok(BlobKey::new(format!("backups/{user}/{name}"))?)
}

async fn head(app: &App, me: Caller) -> Result<BackupHead, Error> {
    app.spend(Limited::Request, me.user).await?;
    Ok(app.backups.head(me.user).await?.unwrap_or_default())
}

/// The caller's backup, without its parts.
pub async fn find_backup(app: &App, me: Caller) -> Result<Backup, Error> {
    let head = head(app, me).await?;
    if head.version == 0 {
        return Err(Refusal::not_found("backup").into());
    }
    let BackupHead { version, recovery, passphrase, parts } = head;
    Ok(Backup { version, recovery, passphrase, parts: u32::try_from(parts.len()).unwrap_or(u32::MAX) })
}

/// Gives the caller's backup other locks. Doing it again changes nothing.
pub async fn put_backup(app: &App, me: Caller, new: PutBackup) -> Result<(), Error> {
    for (field, lock) in [("recovery", &new.recovery), ("passphrase", &new.passphrase)] {
        if lock.as_ref().is_some_and(|lock| !(1..=MOST_LOCK).contains(&lock.len())) {
            return Err(Refusal::field(field, format!("1 to {MOST_LOCK} characters")).into());
        }
    }
    let PutBackup { version, recovery, passphrase } = new;
    let before = head(app, me).await?;
    let next = BackupHead { version, recovery, passphrase, ..before.clone() };
    if before == next {
        return Ok(());
    }
    put(app, me, (&before, &next)).await
}

/// Adds a part, or writes the last one anew.
pub async fn put_part(app: &App, me: Caller, (number, new): (u32, PutBackupPart)) -> Result<(), Error> {
    if !(1..=MOST_PART).contains(&new.part.len()) {
        return Err(Refusal::field("part", format!("1 to {MOST_PART} characters")).into());
    }
    let before = head(app, me).await?;
    let number = number as usize;
    if number >= MOST_PARTS {
        return Err(Refusal::field("number", format!("below {MOST_PARTS}")).into());
    }
    if before.version == 0 {
        return Err(Refusal::not_found("backup").into());
    }
    if number != before.parts.len() && number + 1 != before.parts.len() {
        return Err(Refusal::field("number", "the next one, or the last").into());
    }
    let mut next = BackupHead { version: new.version, ..before.clone() };
    next.parts.truncate(number);
    // Of a device and a version: two that race never write the same blob.
    let name = format!("{number}-{}-{}", new.version, me.device);
    next.parts.push(name.clone());
    if before.version + 1 != new.version {
        return Err(stale().into());
    }
    app.blobs.put(&key(me.user, &name)?, new.part.into_bytes()).await?;
    put(app, me, (&before, &next)).await?;
    if let Some(old) = before.parts.get(number) {
        app.blobs.delete(&key(me.user, old)?).await?;
    }
    Ok(())
}

/// One part of the caller's backup.
pub async fn find_part(app: &App, me: Caller, number: u32) -> Result<BackupPart, Error> {
    let head = head(app, me).await?;
    let missing = || Refusal::not_found("part");
    let name = head.parts.get(number as usize).ok_or_else(missing)?;
    let whole = 0..MOST_PART as u64;
    let bytes = app.blobs.get(&key(me.user, name)?, whole).await?.ok_or_else(missing)?;
    let part = String::from_utf8(bytes).map_err(|error| PortError::new("blobs", error))?;
    Ok(BackupPart { part })
}

/// Removes the caller's backup: an account that begins anew can't read it any more.
pub async fn remove_backup(app: &App, me: Caller) -> Result<(), Error> {
    let head = head(app, me).await?;
    app.backups.remove_head(me.user).await?;
    for name in head.parts {
        app.blobs.delete(&key(me.user, &name)?).await?;
    }
    Ok(())
}

async fn put(app: &App, me: Caller, (before, next): (&BackupHead, &BackupHead)) -> Result<(), Error> {
    if next.version != before.version + 1 || !app.backups.put_head(me.user, next).await? {
        return Err(stale().into());
    }
    Ok(())
}

fn stale() -> Refusal {
    let stale = Refusal::new(Code::StaleVersion, "another device has written meanwhile: read it first");
    Refusal { field: Some("version".into()), ..stale }
}
