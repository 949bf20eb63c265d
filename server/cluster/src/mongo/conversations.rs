//! Conversations and members. `members` lies by conversation, its mirror `memberships` by user, `statements` in their order.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use mongodb::{
    ClientSession,
    bson::{doc, serialize_to_bson},
    error::Error,
};
use shared_types::{ConversationId, UserId, keys::SignedMembers};
use sotto_core::{
    PortError,
    domain::conversation::{Conversation, Membership},
    ports::{Conversations, MemberChange, Result},
};

use super::{
    Answer, Mongo,
    conversation_rows::{ConversationRow, MemberRow, MembershipRow, StatementRow},
    failed, is_duplicate,
    rows::{count, id},
};

impl Mongo {
    /// All of it in one transaction: nobody sees a conversation without its members.
    async fn create_with(&self, session: &mut ClientSession, rows: &Rows) -> Answer<()> {
        self.collection::<ConversationRow>().insert_one(&rows.conversation).session(&mut *session).await?;
        self.collection::<MemberRow>().insert_many(&rows.members).session(&mut *session).await?;
        self.collection::<MembershipRow>().insert_many(&rows.mirror).session(&mut *session).await?;
        if let Some(statement) = &rows.statement {
            self.collection::<StatementRow>().insert_one(statement).session(&mut *session).await?;
        }
        Ok(())
    }

    /// All of it in one transaction; `false` where the statement is not the next one.
    async fn change_with(&self, session: &mut ClientSession, change: &Changed<'_>) -> Answer<bool> {
        let of = id(change.change.conversation.bytes());
        if let Some(statement) = &change.statement {
            let next = count(statement.1);
            let before = doc! { "_id": of, "epoch": next - 1 };
            let conversations = self.collection::<ConversationRow>();
            let moved = conversations.update_one(before, doc! { "$set": { "epoch": next } }).session(&mut *session);
            if moved.await?.matched_count == 0 {
                return Ok(false);
            }
            self.collection::<StatementRow>().insert_one(&statement.0).session(&mut *session).await?;
        }
        for member in &change.change.put {
            let role = serialize_to_bson(&member.role).map_err(Error::custom)?;
            let user = id(member.user.bytes());
            let put = doc! { "$set": { "role": role }, "$setOnInsert": MemberRow::beginning(member) };
            let one = doc! { "conversation_id": of, "user_id": user };
            self.collection::<MemberRow>().update_one(one, put).upsert(true).session(&mut *session).await?;
            let row = MembershipRow::from(member);
            let one = doc! { "user_id": user, "conversation_id": of };
            let mirror = self.collection::<MembershipRow>();
            mirror.replace_one(one, row).upsert(true).session(&mut *session).await?;
        }
        for user in change.change.gone.iter().map(|user| id(user.bytes())) {
            let one = doc! { "conversation_id": of, "user_id": user };
            self.collection::<MemberRow>().delete_one(one).session(&mut *session).await?;
            let one = doc! { "user_id": user, "conversation_id": of };
            self.collection::<MembershipRow>().delete_one(one).session(&mut *session).await?;
        }
        Ok(true)
    }
}

/// A change, with the row of its statement and that one's epoch.
struct Changed<'a> {
    change: &'a MemberChange,
    statement: Option<(StatementRow, u64)>,
}

/// What a new conversation consists of.
struct Rows {
    conversation: ConversationRow,
    members: Vec<MemberRow>,
    mirror: Vec<MembershipRow>,
    statement: Option<StatementRow>,
}

impl Rows {
    fn new(conversation: &Conversation, members: &[Membership], statement: Option<&SignedMembers>) -> Result<Self> {
        Ok(Self {
            conversation: conversation.into(),
            members: members.iter().map(MemberRow::from).collect(),
            mirror: members.iter().map(MembershipRow::from).collect(),
            statement: statement.map(StatementRow::try_from).transpose()?,
        })
    }
}

#[async_trait]
impl Conversations for Mongo {
    async fn create(
        &self,
        conversation: &Conversation,
        members: &[Membership],
        statement: Option<&SignedMembers>,
    ) -> Result<bool> {
        let rows = Rows::new(conversation, members, statement)?;
        let created = self.ask(async {
            let mut session = self.db.client().start_session().await?;
            let transaction = session.start_transaction();
            let done = transaction.and_run((self, &rows), |session, (mongo, rows)| {
                async move { mongo.create_with(session, rows).await }.boxed()
            });
            Ok(done.await)
        });
        match created.await? {
            Ok(()) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    async fn change_members(&self, change: &MemberChange) -> Result<bool> {
        let statement = change.statement.as_ref();
        let statement = statement.map(|it| Ok::<_, PortError>((StatementRow::try_from(it)?, it.epoch))).transpose()?;
        let changed = Changed { change, statement };
        let done = self.ask(async {
            let mut session = self.db.client().start_session().await?;
            let transaction = session.start_transaction();
            let done = transaction.and_run((self, &changed), |session, (mongo, changed)| {
                async move { mongo.change_with(session, changed).await }.boxed()
            });
            Ok(done.await)
        });
        match done.await? {
            Ok(is_done) => Ok(is_done),
            // Somebody else's statement of that epoch was first.
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    async fn statements(&self, of: ConversationId, after: u64, limit: usize) -> Result<Vec<SignedMembers>> {
        let later = doc! { "conversation_id": id(of.bytes()), "epoch": { "$gt": count(after) } };
        let order = Some(doc! { "conversation_id": 1, "epoch": 1 });
        let rows = self.rows::<StatementRow>(later, order, Some(limit)).await?;
        rows.iter().map(SignedMembers::try_from).collect()
    }

    async fn find(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>> {
        let ids: Vec<_> = ids.iter().map(|conversation| id(conversation.bytes())).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows::<ConversationRow>(doc! { "_id": { "$in": ids } }, None, None).await?;
        Ok(rows.into_iter().map(Conversation::from).collect())
    }

    async fn members(&self, of: ConversationId) -> Result<Vec<Membership>> {
        let by_user = Some(doc! { "conversation_id": 1, "user_id": 1 });
        let rows = self.rows::<MemberRow>(doc! { "conversation_id": id(of.bytes()) }, by_user, None).await?;
        Ok(rows.into_iter().map(Membership::from).collect())
    }

    async fn member(&self, of: ConversationId, user: UserId) -> Result<Option<Membership>> {
        let one = doc! { "conversation_id": id(of.bytes()), "user_id": id(user.bytes()) };
        Ok(self.row::<MemberRow>(one).await?.map(Membership::from))
    }

    async fn update_member(&self, membership: &Membership) -> Result<()> {
        let one =
            doc! { "conversation_id": id(membership.conversation.bytes()), "user_id": id(membership.user.bytes()) };
        let settings = doc! { "$set": MemberRow::settings(membership) };
        self.ask(self.collection::<MemberRow>().update_one(one, settings)).await.map(drop)
    }

    async fn of(&self, user: UserId) -> Result<Vec<Membership>> {
        let mirror = self.rows::<MembershipRow>(doc! { "user_id": id(user.bytes()) }, None, None).await?;
        let ids: Vec<_> = mirror.into_iter().map(|row| row.conversation_id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mine = doc! { "conversation_id": { "$in": ids }, "user_id": id(user.bytes()) };
        let rows = self.rows::<MemberRow>(mine, Some(doc! { "conversation_id": 1, "user_id": 1 }), None).await?;
        Ok(rows.into_iter().map(Membership::from).collect())
    }
}
