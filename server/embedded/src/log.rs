//! The conversations' logs in the file.

use std::collections::HashMap;

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};
use shared_types::{ConversationId, EntryKind, MessageId, Seq, Timestamp};
use sotto_core::{
    domain::entry::Entry,
    ports::{Appended, Batch, Log, Result},
};

use crate::{
    Store,
    db::{decode, encode, stored},
    keys::{self, EDITS, ENTRIES, ENTRY_IDS, EXPIRIES, edit, expiry, message, position},
    mailboxes,
};

type Stored<T> = std::result::Result<T, redb::Error>;

/// The newest position of a conversation.
fn head(entries: &impl ReadableTable<&'static [u8], &'static [u8]>, id: ConversationId) -> Stored<Seq> {
    let (first, last) = (position(id, Seq(0)), position(id, Seq(u64::MAX)));
    match entries.range(first.as_slice()..=last.as_slice())?.next_back() {
        Some(row) => Ok(Seq(keys::number(row?.0.value())?)),
        None => Ok(Seq(0)),
    }
}

/// The conversation whose batch does not fit onto its log, if any: a position or an id is taken.
fn fenced(txn: &WriteTransaction, entries: &[Entry]) -> Stored<Option<ConversationId>> {
    let (log, ids) = (txn.open_table(ENTRIES)?, txn.open_table(ENTRY_IDS)?);
    let mut heads = HashMap::new();
    for entry in entries {
        let id = entry.conversation_id;
        let before = match heads.get(&id) {
            Some(before) => *before,
            None => head(&log, id)?,
        };
        if entry.seq != before.next() || ids.get(message(id, entry.id).as_slice())?.is_some() {
            return Ok(Some(id));
        }
        heads.insert(id, entry.seq);
    }
    Ok(None)
}

/// Takes the words of a message and of its edits.
fn purge(txn: &WriteTransaction, id: ConversationId, target: MessageId) -> Stored<()> {
    let Some(seq) =
        txn.open_table(ENTRY_IDS)?.get(message(id, target).as_slice())?.map(|seq| keys::number(seq.value()))
    else {
        return Ok(());
    };
    let mut positions = vec![Seq(seq?)];
    let (first, last) = (edit(id, target, Seq(0)), edit(id, target, Seq(u64::MAX)));
    for row in txn.open_table(EDITS)?.range(first.as_slice()..=last.as_slice())? {
        positions.push(Seq(keys::number(row?.0.value())?));
    }
    let mut log = txn.open_table(ENTRIES)?;
    for seq in positions {
        empty(&mut log, &position(id, seq))?;
    }
    Ok(())
}

/// Takes the words of the entry at this key.
fn empty(log: &mut redb::Table<'_, &'static [u8], &'static [u8]>, key: &[u8]) -> Stored<()> {
    let Some(entry) = log.get(key)?.map(|value| decode::<Entry>(value.value())).transpose()? else { return Ok(()) };
    let bare = Entry { envelope: None, ..entry };
    log.insert(key, stored(&bare)?.as_slice())?;
    Ok(())
}

/// Takes the words of what has expired, the earliest first.
fn expire(txn: &WriteTransaction, now: Timestamp, limit: usize) -> Stored<usize> {
    let mut expiries = txn.open_table(EXPIRIES)?;
    let end = expiry(now.plus_ms(1), ConversationId::from([0; 16]), Seq(0));
    let due = expiries.range(..end.as_slice())?.take(limit).map(|row| Ok(row?.0.value().to_vec()));
    let due = due.collect::<Stored<Vec<_>>>()?;
    let mut log = txn.open_table(ENTRIES)?;
    for key in &due {
        empty(&mut log, key.get(8..).unwrap_or_default())?;
        expiries.remove(key.as_slice())?;
    }
    Ok(due.len())
}

fn write(txn: &WriteTransaction, batch: &Batch, values: &[Vec<u8>]) -> Stored<Appended> {
    if let Some(id) = fenced(txn, &batch.entries)? {
        return Ok(Appended::Fenced(id));
    }
    {
        let (mut log, mut ids, mut edits) =
            (txn.open_table(ENTRIES)?, txn.open_table(ENTRY_IDS)?, txn.open_table(EDITS)?);
        let mut expiries = txn.open_table(EXPIRIES)?;
        for (entry, value) in batch.entries.iter().zip(values) {
            let id = entry.conversation_id;
            log.insert(position(id, entry.seq).as_slice(), value.as_slice())?;
            ids.insert(message(id, entry.id).as_slice(), entry.seq.0.to_be_bytes().as_slice())?;
            if let Some(at) = entry.expires_at {
                expiries.insert(expiry(at, id, entry.seq).as_slice(), [].as_slice())?;
            }
            if let (EntryKind::Edit, Some(target)) = (entry.kind, entry.target) {
                edits.insert(edit(id, target, entry.seq).as_slice(), [].as_slice())?;
            }
        }
    }
    for (id, target) in &batch.purge {
        purge(txn, *id, *target)?;
    }
    mailboxes::put(txn, &batch.posts)?;
    Ok(Appended::Written)
}

/// Entries between two positions, in the order of the iterator that `walk` makes of them.
fn page(txn: &ReadTransaction, id: ConversationId, (first, last): (Seq, Seq), walk: Walk) -> Stored<Vec<Entry>> {
    let table = txn.open_table(ENTRIES)?;
    let rows = table.range(position(id, first).as_slice()..=position(id, last).as_slice())?;
    match walk {
        Walk::Up(limit) => rows.take(limit).map(|row| decode(row?.1.value())).collect(),
        Walk::Down(limit) => {
            let mut entries = rows.rev().take(limit).map(|row| decode(row?.1.value())).collect::<Stored<Vec<_>>>()?;
            entries.reverse();
            Ok(entries)
        }
    }
}

/// From which end a page is cut.
#[derive(Clone, Copy)]
enum Walk {
    Up(usize),
    Down(usize),
}

#[async_trait]
impl Log for Store {
    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Seq>> {
        self.db.read(|txn| {
            let entries = txn.open_table(ENTRIES)?;
            conversations.iter().map(|id| head(&entries, *id)).collect()
        })
    }

    async fn append(&self, batch: Batch) -> Result<Appended> {
        if batch.entries.is_empty() && batch.purge.is_empty() {
            return Ok(Appended::Written);
        }
        let values = batch.entries.iter().map(encode).collect::<Result<Vec<_>>>()?;
        self.db.write(move |txn| write(txn, &batch, &values)).await
    }

    async fn find(&self, ids: &[(ConversationId, MessageId)]) -> Result<Vec<Entry>> {
        self.db.read(|txn| {
            let (entries, positions) = (txn.open_table(ENTRIES)?, txn.open_table(ENTRY_IDS)?);
            let mut found = Vec::new();
            for (conversation, id) in ids {
                let Some(seq) = positions.get(message(*conversation, *id).as_slice())? else { continue };
                let seq = Seq(keys::number(seq.value())?);
                if let Some(value) = entries.get(position(*conversation, seq).as_slice())? {
                    found.push(decode(value.value())?);
                }
            }
            Ok(found)
        })
    }

    async fn find_latest(&self, ids: &[(ConversationId, MessageId)]) -> Result<Vec<Entry>> {
        self.find(ids).await
    }

    async fn latest_head(&self, conversation: ConversationId) -> Result<Seq> {
        Ok(self.heads(&[conversation]).await?.pop().unwrap_or_default())
    }

    async fn expire(&self, now: Timestamp, limit: usize) -> Result<usize> {
        // Most looks find nothing: they cost no write.
        let due = self.db.read(|txn| match txn.open_table(EXPIRIES)?.first()? {
            Some((key, _)) => {
                Ok(key.value() < expiry(now.plus_ms(1), ConversationId::from([0; 16]), Seq(0)).as_slice())
            }
            None => Ok(false),
        })?;
        if !due {
            return Ok(0);
        }
        self.db.write(move |txn| expire(txn, now, limit)).await
    }

    async fn after(&self, conversation: ConversationId, seq: Seq, limit: usize) -> Result<Vec<Entry>> {
        let Some(first) = seq.0.checked_add(1) else { return Ok(Vec::new()) };
        self.db.read(|txn| page(txn, conversation, (Seq(first), Seq(u64::MAX)), Walk::Up(limit)))
    }

    async fn before(&self, conversation: ConversationId, seq: Seq, limit: usize) -> Result<Vec<Entry>> {
        let Some(last) = seq.0.checked_sub(1) else { return Ok(Vec::new()) };
        self.db.read(|txn| page(txn, conversation, (Seq(0), Seq(last)), Walk::Down(limit)))
    }
}
