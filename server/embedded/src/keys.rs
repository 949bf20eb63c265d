//! Tables and keys of the file. Keys are bytes whose order is the order of reading: ids, then big-endian numbers.

use redb::{TableDefinition, WriteTransaction};
use shared_types::{ConversationId, MessageId, Seq, Timestamp, UserId, keys::Address};

/// A table of bytes.
pub(crate) type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// user → account.
pub(crate) const ACCOUNTS: Bytes = TableDefinition::new("accounts");
/// username → user.
pub(crate) const USERNAMES: Bytes = TableDefinition::new("usernames");
/// by, whom → nothing.
pub(crate) const BLOCKS: Bytes = TableDefinition::new("blocks");
/// session → session.
pub(crate) const SESSIONS: Bytes = TableDefinition::new("sessions");
/// user, session → nothing.
pub(crate) const USER_SESSIONS: Bytes = TableDefinition::new("user_sessions");
/// conversation → conversation.
pub(crate) const CONVERSATIONS: Bytes = TableDefinition::new("conversations");
/// conversation, user → membership.
pub(crate) const MEMBERS: Bytes = TableDefinition::new("members");
/// user, conversation → nothing.
pub(crate) const MEMBERSHIPS: Bytes = TableDefinition::new("memberships");
/// conversation, epoch → statement about the members.
pub(crate) const STATEMENTS: Bytes = TableDefinition::new("statements");
/// conversation, seq → entry.
pub(crate) const ENTRIES: Bytes = TableDefinition::new("entries");
/// conversation, message → seq.
pub(crate) const ENTRY_IDS: Bytes = TableDefinition::new("entry_ids");
/// conversation, target, seq of an edit → nothing.
pub(crate) const EDITS: Bytes = TableDefinition::new("edits");
/// moment, conversation, seq → nothing.
pub(crate) const EXPIRIES: Bytes = TableDefinition::new("expiries");
/// conversation, user → delivered, read.
pub(crate) const RECEIPTS: Bytes = TableDefinition::new("receipts");
/// user → device list.
pub(crate) const DEVICE_LISTS: Bytes = TableDefinition::new("device_lists");
/// user → head of the backup.
pub(crate) const BACKUPS: Bytes = TableDefinition::new("backups");
/// user, device → prekeys.
pub(crate) const PREKEYS: Bytes = TableDefinition::new("prekeys");
/// user, device, id → box.
pub(crate) const MAILBOXES: Bytes = TableDefinition::new("mailboxes");
/// moment, user, device, id → nothing.
pub(crate) const MAILBOX_TIMES: Bytes = TableDefinition::new("mailbox_times");
/// lane, tag → payload.
pub(crate) const QUEUE: Bytes = TableDefinition::new("queue");
/// Facts about the store itself, by name.
pub(crate) const META: Bytes = TableDefinition::new("meta");
/// tag → what died.
pub(crate) const DEAD: Bytes = TableDefinition::new("dead");

/// Makes every table, so that readers never find one missing.
pub(crate) fn create_all(txn: &WriteTransaction) -> Result<(), redb::Error> {
    for table in [
        ACCOUNTS,
        USERNAMES,
        BLOCKS,
        SESSIONS,
        USER_SESSIONS,
        CONVERSATIONS,
        MEMBERS,
        MEMBERSHIPS,
        STATEMENTS,
        ENTRIES,
        ENTRY_IDS,
        EDITS,
        EXPIRIES,
        RECEIPTS,
        DEVICE_LISTS,
        BACKUPS,
        PREKEYS,
        MAILBOXES,
        MAILBOX_TIMES,
        QUEUE,
        DEAD,
        META,
    ] {
        txn.open_table(table)?;
    }
    Ok(())
}

/// Two ids, one after the other.
pub(crate) fn pair(first: [u8; 16], second: [u8; 16]) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&first);
    key[16..].copy_from_slice(&second);
    key
}

/// A position in a conversation's log.
pub(crate) fn position(conversation: ConversationId, seq: Seq) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&conversation.bytes());
    key[16..].copy_from_slice(&seq.0.to_be_bytes());
    key
}

/// A message of a conversation.
pub(crate) fn message(conversation: ConversationId, id: MessageId) -> [u8; 32] {
    pair(conversation.bytes(), id.bytes())
}

/// An edit of a message, by its position.
pub(crate) fn edit(conversation: ConversationId, target: MessageId, seq: Seq) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(&message(conversation, target));
    key[32..].copy_from_slice(&seq.0.to_be_bytes());
    key
}

/// An entry, by the moment it expires. Moments before 1970 don't happen.
pub(crate) fn expiry(at: Timestamp, conversation: ConversationId, seq: Seq) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&at.0.max(0).to_be_bytes());
    key[8..].copy_from_slice(&position(conversation, seq));
    key
}

/// A box in a device's mailbox.
pub(crate) fn mail(device: Address, id: MessageId) -> [u8; 48] {
    let mut key = [0; 48];
    key[..32].copy_from_slice(&pair(device.user_id.bytes(), device.device_id.bytes()));
    key[32..].copy_from_slice(&id.bytes());
    key
}

/// A box, by the moment at which it was put in.
pub(crate) fn mail_time(at: Timestamp, mail: &[u8]) -> Vec<u8> {
    [&at.0.max(0).to_be_bytes()[..], mail].concat()
}

/// Every key that starts with this id.
pub(crate) fn under(id: [u8; 16]) -> ([u8; 32], [u8; 32]) {
    (pair(id, [0; 16]), pair(id, [0xff; 16]))
}

/// The second id of a pair.
pub(crate) fn second(key: &[u8]) -> Result<[u8; 16], redb::Error> {
    key.last_chunk::<16>().copied().ok_or_else(|| redb::Error::Corrupted("a key is too short".into()))
}

/// A big-endian number at the end of a key or value.
pub(crate) fn number(bytes: &[u8]) -> Result<u64, redb::Error> {
    let last = bytes.last_chunk::<8>().ok_or_else(|| redb::Error::Corrupted("a number is too short".into()))?;
    Ok(u64::from_be_bytes(*last))
}

/// A user's id from its bytes.
pub(crate) fn user(bytes: &[u8]) -> Result<UserId, redb::Error> {
    second(bytes).map(UserId::from)
}
