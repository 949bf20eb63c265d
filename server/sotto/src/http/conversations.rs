//! Conversations over HTTP.

use axum::{Json, extract::State, http::StatusCode};
use shared_types::{
    Conversation, ConversationId, Problem, UserId,
    conversation::{AddMembers, ChangeMember, ConversationList, NewConversation, RemoveMember, UpdateConversation},
    keys::Statements,
};
use sotto_core::usecases::conversation::{self, Ask, Started};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Door, Fault,
    extract::{Answer, Body, Ids, MaybeBody, Me, Params},
};

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list, start))
        .routes(routes!(find, update, hide))
        .routes(routes!(add_members))
        .routes(routes!(change_member, remove_member))
        .routes(routes!(statements))
}

/// Starts a conversation.
#[utoipa::path(post, path = "/conversations", tag = "conversations", request_body = NewConversation, responses(
    (status = 201, description = "It is new", body = Conversation),
    (status = 200, description = "The two had one", body = Conversation),
    (status = 403, description = "`blocked`", body = Problem),
))]
async fn start(
    State(door): State<Door>,
    Me(me): Me,
    Body(input): Body<NewConversation>,
) -> Result<(StatusCode, Json<Conversation>), Fault> {
    match conversation::start_conversation(&door.app, me, input).await? {
        Started::New(view) => Ok((StatusCode::CREATED, Json(*view))),
        Started::Existing(view) => Ok((StatusCode::OK, Json(*view))),
    }
}

/// The caller's conversations, newest entry first.
#[utoipa::path(get, path = "/conversations", tag = "conversations", responses((status = 200, body = ConversationList)))]
async fn list(State(door): State<Door>, Me(me): Me) -> Answer<ConversationList> {
    Ok(Json(conversation::list_conversations(&door.app, me).await?))
}

/// One of the caller's conversations.
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)), responses(
    (status = 200, body = Conversation), (status = 404, body = Problem),
))]
async fn find(State(door): State<Door>, Me(me): Me, Ids(id): Ids<ConversationId>) -> Answer<Conversation> {
    Ok(Json(conversation::find_conversation(&door.app, me, id).await?))
}

/// Changes the caller's own settings of it.
#[utoipa::path(patch, path = "/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = UpdateConversation, responses((status = 200, body = Conversation)))]
async fn update(
    State(door): State<Door>,
    Me(me): Me,
    Ids(id): Ids<ConversationId>,
    Body(input): Body<UpdateConversation>,
) -> Answer<Conversation> {
    Ok(Json(conversation::update_conversation(&door.app, me, (id, input)).await?))
}

/// Takes it off the caller's list until something new is said.
#[utoipa::path(delete, path = "/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 204)))]
async fn hide(State(door): State<Door>, Me(me): Me, Ids(id): Ids<ConversationId>) -> Result<StatusCode, Fault> {
    conversation::hide_conversation(&door.app, me, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings people into a conversation of many.
#[utoipa::path(post, path = "/conversations/{id}/members", tag = "conversations", params(("id" = ConversationId, Path)),
    request_body = AddMembers, responses(
    (status = 200, body = Conversation),
    (status = 403, description = "`forbidden`, `blocked`", body = Problem),
    (status = 409, description = "`stale_epoch`", body = Problem),
))]
async fn add_members(
    State(door): State<Door>,
    Me(me): Me,
    Ids(id): Ids<ConversationId>,
    Body(input): Body<AddMembers>,
) -> Answer<Option<Conversation>> {
    let ask = (id, Ask::Add(input.user_ids), input.statement);
    Ok(Json(conversation::change_members(&door.app, me, ask).await?))
}

/// Changes what a member may.
#[utoipa::path(patch, path = "/conversations/{id}/members/{user_id}", tag = "conversations",
    params(("id" = ConversationId, Path), ("user_id" = UserId, Path)), request_body = ChangeMember, responses(
    (status = 200, body = Conversation),
    (status = 403, body = Problem),
    (status = 409, description = "`stale_epoch`", body = Problem),
))]
async fn change_member(
    State(door): State<Door>,
    Me(me): Me,
    Ids((id, user)): Ids<(ConversationId, UserId)>,
    Body(input): Body<ChangeMember>,
) -> Answer<Option<Conversation>> {
    let ask = (id, Ask::Role(user, input.role), input.statement);
    Ok(Json(conversation::change_members(&door.app, me, ask).await?))
}

/// Takes a member out, or leaves.
#[utoipa::path(delete, path = "/conversations/{id}/members/{user_id}", tag = "conversations",
    params(("id" = ConversationId, Path), ("user_id" = UserId, Path)), request_body = Option<RemoveMember>, responses(
    (status = 204),
    (status = 403, body = Problem),
    (status = 409, description = "`stale_epoch`", body = Problem),
))]
async fn remove_member(
    State(door): State<Door>,
    Me(me): Me,
    Ids((id, user)): Ids<(ConversationId, UserId)>,
    MaybeBody(input): MaybeBody<RemoveMember>,
) -> Result<StatusCode, Fault> {
    conversation::change_members(&door.app, me, (id, Ask::Remove(user), input.statement)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A stretch of the chain of statements about a group's members.
#[utoipa::path(get, path = "/conversations/{id}/statements", tag = "conversations", params(
    ("id" = ConversationId, Path),
    ("after_epoch" = Option<u64>, Query, description = "Those after this one; all where it is left out"),
), responses((status = 200, body = Statements), (status = 404, body = Problem)))]
async fn statements(
    State(door): State<Door>,
    Me(me): Me,
    Ids(id): Ids<ConversationId>,
    params: Params,
) -> Answer<Statements> {
    let after = params.number("after_epoch")?.unwrap_or_default();
    Ok(Json(conversation::list_statements(&door.app, me, (id, after)).await?))
}
