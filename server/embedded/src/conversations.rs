//! Conversations and memberships in the file.

use async_trait::async_trait;
use redb::{ReadableTable as _, WriteTransaction};
use shared_types::{ConversationId, Seq, UserId, keys::SignedMembers};
use sotto_core::{
    domain::conversation::{Conversation, Membership},
    ports::{Conversations, MemberChange, Result},
};

use crate::{
    Store,
    db::{decode, encode, stored},
    keys::{self, CONVERSATIONS, MEMBERS, MEMBERSHIPS, STATEMENTS, pair, position},
};

fn keep_statement(txn: &WriteTransaction, statement: &SignedMembers) -> Stored<()> {
    let key = position(statement.conversation_id, Seq(statement.epoch));
    txn.open_table(STATEMENTS)?.insert(key.as_slice(), stored(statement)?.as_slice())?;
    Ok(())
}

fn change_members(txn: &WriteTransaction, change: &MemberChange) -> Stored<bool> {
    let id = change.conversation.bytes();
    if let Some(statement) = &change.statement {
        let mut conversations = txn.open_table(CONVERSATIONS)?;
        let found = conversations.get(id.as_slice())?.map(|value| decode::<Conversation>(value.value())).transpose()?;
        let Some(found) = found.filter(|found| statement.epoch == found.epoch + 1) else { return Ok(false) };
        let next = Conversation { epoch: statement.epoch, ..found };
        conversations.insert(id.as_slice(), stored(&next)?.as_slice())?;
        keep_statement(txn, statement)?;
    }
    let (mut by_conversation, mut by_user) = (txn.open_table(MEMBERS)?, txn.open_table(MEMBERSHIPS)?);
    for member in &change.put {
        let key = pair(id, member.user.bytes());
        let known =
            by_conversation.get(key.as_slice())?.map(|value| decode::<Membership>(value.value())).transpose()?;
        let next = known.map_or_else(|| member.clone(), |known| Membership { role: member.role, ..known });
        by_conversation.insert(key.as_slice(), stored(&next)?.as_slice())?;
        by_user.insert(pair(member.user.bytes(), id).as_slice(), [].as_slice())?;
    }
    for user in &change.gone {
        by_conversation.remove(pair(id, user.bytes()).as_slice())?;
        by_user.remove(pair(user.bytes(), id).as_slice())?;
    }
    Ok(true)
}

type Stored<T> = std::result::Result<T, redb::Error>;

#[async_trait]
impl Conversations for Store {
    async fn create(
        &self,
        conversation: &Conversation,
        members: &[Membership],
        statement: Option<&SignedMembers>,
    ) -> Result<bool> {
        let (id, value) = (conversation.id.bytes(), encode(conversation)?);
        let statement = statement.cloned();
        let members = members.iter().map(|member| Ok((member.user.bytes(), encode(member)?)));
        let members = members.collect::<Result<Vec<_>>>()?;
        let change = move |txn: &WriteTransaction| {
            let mut conversations = txn.open_table(CONVERSATIONS)?;
            if conversations.get(id.as_slice())?.is_some() {
                return Ok(false);
            }
            conversations.insert(id.as_slice(), value.as_slice())?;
            let (mut by_conversation, mut by_user) = (txn.open_table(MEMBERS)?, txn.open_table(MEMBERSHIPS)?);
            for (user, value) in &members {
                by_conversation.insert(pair(id, *user).as_slice(), value.as_slice())?;
                by_user.insert(pair(*user, id).as_slice(), [].as_slice())?;
            }
            statement.iter().try_for_each(|statement| keep_statement(txn, statement))?;
            Ok(true)
        };
        self.db.write(change).await
    }

    async fn change_members(&self, change: &MemberChange) -> Result<bool> {
        let change = change.clone();
        self.db.write(move |txn: &WriteTransaction| change_members(txn, &change)).await
    }

    async fn statements(&self, id: ConversationId, after: u64, limit: usize) -> Result<Vec<SignedMembers>> {
        self.db.read(|txn| {
            // One after another, as positions in a log.
            let (first, last) = (position(id, Seq(after).next()), position(id, Seq(u64::MAX)));
            let table = txn.open_table(STATEMENTS)?;
            let rows = table.range(first.as_slice()..=last.as_slice())?.take(limit);
            rows.map(|row| decode(row?.1.value())).collect()
        })
    }

    async fn find(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>> {
        self.db.read(|txn| {
            let table = txn.open_table(CONVERSATIONS)?;
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                if let Some(value) = table.get(id.bytes().as_slice())? {
                    found.push(decode(value.value())?);
                }
            }
            Ok(found)
        })
    }

    async fn members(&self, id: ConversationId) -> Result<Vec<Membership>> {
        self.db.read(|txn| {
            let (first, last) = keys::under(id.bytes());
            let table = txn.open_table(MEMBERS)?;
            table.range(first.as_slice()..=last.as_slice())?.map(|row| decode(row?.1.value())).collect()
        })
    }

    async fn member(&self, id: ConversationId, user: UserId) -> Result<Option<Membership>> {
        self.db.read(|txn| {
            let table = txn.open_table(MEMBERS)?;
            let value = table.get(pair(id.bytes(), user.bytes()).as_slice())?;
            value.map(|value| decode(value.value())).transpose()
        })
    }

    async fn update_member(&self, membership: &Membership) -> Result<()> {
        let (key, membership) = (pair(membership.conversation.bytes(), membership.user.bytes()), membership.clone());
        let change = move |txn: &WriteTransaction| {
            let mut table = txn.open_table(MEMBERS)?;
            let known = table.get(key.as_slice())?.map(|value| decode::<Membership>(value.value())).transpose()?;
            if let Some(known) = known {
                let (role, from_seq) = (known.role, known.from_seq);
                let next = Membership { role, from_seq, ..membership };
                table.insert(key.as_slice(), stored(&next)?.as_slice())?;
            }
            Ok(())
        };
        self.db.write(change).await
    }

    async fn of(&self, user: UserId) -> Result<Vec<Membership>> {
        self.db.read(|txn| {
            let (first, last) = keys::under(user.bytes());
            let members = txn.open_table(MEMBERS)?;
            let mut found = Vec::new();
            for row in txn.open_table(MEMBERSHIPS)?.range(first.as_slice()..=last.as_slice())? {
                let conversation = keys::second(row?.0.value())?;
                if let Some(value) = members.get(pair(conversation, user.bytes()).as_slice())? {
                    found.push(decode(value.value())?);
                }
            }
            Ok(found)
        })
    }
}
