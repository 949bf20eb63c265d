//! Conversations and members. `members` lies by conversation, its mirror `memberships` by user.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use mongodb::{ClientSession, bson::doc};
use shared_types::{ConversationId, UserId};
use sotto_core::{
    domain::conversation::{Conversation, Membership},
    ports::{Conversations, Result},
};

use super::{
    Answer, Mongo, failed, is_duplicate,
    rows::{ConversationRow, MemberRow, MembershipRow, id, pair},
};

impl Mongo {
    /// All of it in one transaction: nobody sees a conversation without its members.
    async fn create_with(&self, session: &mut ClientSession, rows: &Rows) -> Answer<()> {
        self.collection::<ConversationRow>().insert_one(&rows.conversation).session(&mut *session).await?;
        self.collection::<MemberRow>().insert_many(&rows.members).session(&mut *session).await?;
        self.collection::<MembershipRow>().insert_many(&rows.mirror).session(&mut *session).await?;
        Ok(())
    }
}

/// What a new conversation consists of.
struct Rows {
    conversation: ConversationRow,
    members: Vec<MemberRow>,
    mirror: Vec<MembershipRow>,
}

impl Rows {
    fn new(conversation: &Conversation, members: &[Membership]) -> Self {
        let mirror = members.iter().map(|member| MembershipRow {
            key: pair(member.user.bytes(), member.conversation.bytes()),
            user_id: id(member.user.bytes()),
            conversation_id: id(member.conversation.bytes()),
        });
        Self {
            conversation: conversation.into(),
            members: members.iter().map(MemberRow::from).collect(),
            mirror: mirror.collect(),
        }
    }
}

#[async_trait]
impl Conversations for Mongo {
    async fn create(&self, conversation: &Conversation, members: &[Membership]) -> Result<bool> {
        let rows = Rows::new(conversation, members);
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
        self.ask(self.collection::<MemberRow>().replace_one(one, MemberRow::from(membership))).await.map(drop)
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
