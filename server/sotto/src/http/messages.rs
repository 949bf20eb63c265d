//! Messages and receipts over HTTP.

use axum::{Json, extract::State, http::StatusCode};
use metrics::counter;
use shared_types::{
    ConversationId, MessageId, Problem, Seq,
    entry::{Accepted, MessagePage, MessageStatus, NewMessage},
    receipt::NewReceipt,
    socket::SendMessage,
};
use sotto_core::usecases::{
    entry::{self, History},
    receipt::raise_receipt,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Door, Fault,
    extract::{Answer, Body, Ids, Me, Params},
};

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(send, history))
        .routes(routes!(retract))
        .routes(routes!(status))
        .routes(routes!(raise))
}

/// Sends an entry. 202 means that it is durable.
#[utoipa::path(post, path = "/conversations/{id}/messages", tag = "messages", params(("id" = ConversationId, Path)),
    request_body = NewMessage, responses(
    (status = 202, body = Accepted),
    (status = 409, description = "`id_conflict`", body = Problem),
    (status = 422, description = "`plaintext_refused`, `invalid`", body = Problem),
    (status = 503, description = "`unavailable`: nothing was taken", body = Problem),
))]
async fn send(
    State(door): State<Door>,
    Me(me): Me,
    Ids(conversation_id): Ids<ConversationId>,
    Body(message): Body<NewMessage>,
) -> Result<(StatusCode, Json<Accepted>), Fault> {
    let accepted = entry::send(&door.app, me, SendMessage { conversation_id, message }).await?;
    counter!("sotto_messages_accepted_total").increment(1);
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// A page of the log, ascending.
#[utoipa::path(get, path = "/conversations/{id}/messages", tag = "messages", params(
    ("id" = ConversationId, Path),
    ("before_seq" = Option<u64>, Query, description = "The last entries before this position"),
    ("after_seq" = Option<u64>, Query, description = "The first entries after this position"),
    ("limit" = Option<u64>, Query, description = "1 to 200; 50 by default"),
), responses((status = 200, body = MessagePage), (status = 404, body = Problem)))]
async fn history(
    State(door): State<Door>,
    Me(me): Me,
    Ids(conversation): Ids<ConversationId>,
    params: Params,
) -> Answer<MessagePage> {
    let input = History {
        conversation,
        before_seq: params.number("before_seq")?.map(Seq),
        after_seq: params.number("after_seq")?.map(Seq),
        limit: params.number("limit")?,
    };
    Ok(Json(entry::history(&door.app, me, input).await?))
}

/// Takes a message back for everyone: appends a `retract`.
#[utoipa::path(delete, path = "/conversations/{id}/messages/{message_id}", tag = "messages",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    responses((status = 202, body = Accepted), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn retract(
    State(door): State<Door>,
    Me(me): Me,
    Ids(at): Ids<(ConversationId, MessageId)>,
) -> Result<(StatusCode, Json<Accepted>), Fault> {
    let accepted = entry::send(&door.app, me, entry::retract(&door.app, at)).await?;
    counter!("sotto_messages_accepted_total").increment(1);
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// How far a message has come.
#[utoipa::path(get, path = "/conversations/{id}/messages/{message_id}/status", tag = "messages",
    params(("id" = ConversationId, Path), ("message_id" = MessageId, Path)),
    responses((status = 200, body = MessageStatus), (status = 404, body = Problem)))]
async fn status(
    State(door): State<Door>,
    Me(me): Me,
    Ids(at): Ids<(ConversationId, MessageId)>,
) -> Answer<MessageStatus> {
    Ok(Json(entry::status(&door.app, me, at).await?))
}

/// Raises the caller's watermarks.
#[utoipa::path(post, path = "/conversations/{id}/receipts", tag = "messages", params(("id" = ConversationId, Path)),
    request_body = NewReceipt, responses(
    (status = 204), (status = 422, description = "`seq_out_of_range`", body = Problem),
))]
async fn raise(
    State(door): State<Door>,
    Me(me): Me,
    Ids(id): Ids<ConversationId>,
    Body(claim): Body<NewReceipt>,
) -> Result<StatusCode, Fault> {
    raise_receipt(&door.app, me, (id, claim)).await?;
    Ok(StatusCode::NO_CONTENT)
}
