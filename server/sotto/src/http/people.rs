//! Other people over HTTP.

use axum::{Json, extract::State, http::StatusCode};
use shared_types::{Problem, User, UserId, account::UserList};
use sotto_core::usecases::account;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Door, Fault,
    extract::{Answer, Ids, Me, Params},
};

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(find_people)).routes(routes!(find_person)).routes(routes!(block, unblock))
}

/// People whose username starts with the query.
#[utoipa::path(get, path = "/users", tag = "people", params(("query" = String, Query)), responses(
    (status = 200, body = UserList),
))]
async fn find_people(State(door): State<Door>, Me(me): Me, params: Params) -> Answer<UserList> {
    let query = params.text("query").ok_or_else(|| Fault::field("query", "required"))?;
    Ok(Json(account::find_people(&door.app, me, query).await?))
}

/// One person.
#[utoipa::path(get, path = "/users/{id}", tag = "people", params(("id" = UserId, Path)), responses(
    (status = 200, body = User), (status = 404, body = Problem),
))]
async fn find_person(State(door): State<Door>, Me(me): Me, Ids(id): Ids<UserId>) -> Answer<User> {
    Ok(Json(account::find_person(&door.app, me, id).await?))
}

/// Blocks a person: neither can send to the other.
#[utoipa::path(post, path = "/users/{id}/block", tag = "people", params(("id" = UserId, Path)), responses((status = 204)))]
async fn block(State(door): State<Door>, Me(me): Me, Ids(id): Ids<UserId>) -> Result<StatusCode, Fault> {
    account::block(&door.app, me, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a block back.
#[utoipa::path(delete, path = "/users/{id}/block", tag = "people", params(("id" = UserId, Path)), responses((status = 204)))]
async fn unblock(State(door): State<Door>, Me(me): Me, Ids(id): Ids<UserId>) -> Result<StatusCode, Fault> {
    account::unblock(&door.app, me, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
