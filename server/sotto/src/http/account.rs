//! Accounts and sessions over HTTP.

use axum::{Json, extract::State, http::StatusCode};
use shared_types::{
    Me as MyAccount, Problem, SessionId,
    account::{Login, Refresh, Register, SessionList, SignedIn, UpdateMe},
};
use sotto_core::usecases::account;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Door, Fault,
    extract::{Answer, Body, From, Ids, Me},
};

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(list_sessions))
        .routes(routes!(end_session))
        .routes(routes!(me, update_me))
}

/// Makes an account and signs its first device in.
#[utoipa::path(post, path = "/auth/register", tag = "accounts", request_body = Register, responses(
    (status = 201, body = SignedIn),
    (status = 409, description = "`username_taken`", body = Problem),
    (status = 422, description = "`invalid`: `field` names the rule's field", body = Problem),
))]
async fn register(
    State(door): State<Door>,
    From(ip): From,
    Body(input): Body<Register>,
) -> Result<(StatusCode, Json<SignedIn>), Fault> {
    let signed_in = account::register(&door.app, ip, input).await?;
    Ok((StatusCode::CREATED, Json(signed_in)))
}

/// Signs a device in.
#[utoipa::path(post, path = "/auth/login", tag = "accounts", request_body = Login, responses(
    (status = 200, body = SignedIn),
    (status = 401, description = "`bad_credentials`", body = Problem),
))]
async fn login(State(door): State<Door>, From(ip): From, Body(input): Body<Login>) -> Answer<SignedIn> {
    Ok(Json(account::login(&door.app, ip, input).await?))
}

/// Changes a refresh token for the next pair.
#[utoipa::path(post, path = "/auth/refresh", tag = "accounts", request_body = Refresh, responses(
    (status = 200, body = SignedIn),
    (status = 401, description = "`token_reused`: the session has been ended", body = Problem),
))]
async fn refresh(State(door): State<Door>, From(ip): From, Body(input): Body<Refresh>) -> Answer<SignedIn> {
    Ok(Json(account::refresh(&door.app, ip, input).await?))
}

/// Ends the caller's own session.
#[utoipa::path(post, path = "/auth/logout", tag = "accounts", responses((status = 204)))]
async fn logout(State(door): State<Door>, Me(me): Me) -> Result<StatusCode, Fault> {
    account::end_session(&door.app, me, me.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All of the caller's sessions.
#[utoipa::path(get, path = "/sessions", tag = "accounts", responses((status = 200, body = SessionList)))]
async fn list_sessions(State(door): State<Door>, Me(me): Me) -> Answer<SessionList> {
    Ok(Json(account::list_sessions(&door.app, me).await?))
}

/// Ends one of the caller's sessions; its sockets close.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "accounts", params(("id" = SessionId, Path)), responses(
    (status = 204), (status = 404, body = Problem),
))]
async fn end_session(State(door): State<Door>, Me(me): Me, Ids(id): Ids<SessionId>) -> Result<StatusCode, Fault> {
    account::end_session(&door.app, me, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's own account.
#[utoipa::path(get, path = "/me", tag = "accounts", responses((status = 200, body = MyAccount)))]
async fn me(State(door): State<Door>, Me(me): Me) -> Answer<MyAccount> {
    Ok(Json(account::me(&door.app, me).await?))
}

/// Changes the caller's own account.
#[utoipa::path(patch, path = "/me", tag = "accounts", request_body = UpdateMe, responses((status = 200, body = MyAccount)))]
async fn update_me(State(door): State<Door>, Me(me): Me, Body(input): Body<UpdateMe>) -> Answer<MyAccount> {
    Ok(Json(account::update_me(&door.app, me, input).await?))
}
