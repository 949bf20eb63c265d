//! Conversations over HTTP.

use axum::{Json, extract::State, http::StatusCode};
use shared_types::{
    Conversation, ConversationId, Problem,
    conversation::{ConversationList, NewConversation, UpdateConversation},
};
use sotto_core::usecases::conversation::{self, Started};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Door, Fault,
    extract::{Answer, Body, Ids, Me},
};

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list, start)).routes(routes!(find, update, hide))
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
