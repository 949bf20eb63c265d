//! Conversations and memberships in the file.

use async_trait::async_trait;
use redb::{ReadableTable as _, WriteTransaction};
use shared_types::{ConversationId, UserId};
use sotto_core::{
    domain::conversation::{Conversation, Membership},
    ports::{Conversations, Result},
};

use crate::{
    Store,
    db::{decode, encode},
    keys::{self, CONVERSATIONS, MEMBERS, MEMBERSHIPS, pair},
};

#[async_trait]
impl Conversations for Store {
    async fn create(&self, conversation: &Conversation, members: &[Membership]) -> Result<bool> {
        let (id, value) = (conversation.id.bytes(), encode(conversation)?);
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
            Ok(true)
        };
        self.db.write(change).await
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
        let (key, value) = (pair(membership.conversation.bytes(), membership.user.bytes()), encode(membership)?);
        let change = move |txn: &WriteTransaction| {
            let mut table = txn.open_table(MEMBERS)?;
            if table.get(key.as_slice())?.is_some() {
                table.insert(key.as_slice(), value.as_slice())?;
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
