//! Catching up over HTTP.

use axum::{Json, extract::State};
use shared_types::sync::{SyncRequest, SyncResponse};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Door,
    extract::{Answer, Body, Me},
};

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(sync))
}

/// Everything missed since the given heads.
#[utoipa::path(post, path = "/sync", tag = "sync", request_body = SyncRequest, responses((status = 200, body = SyncResponse)))]
async fn sync(State(door): State<Door>, Me(me): Me, Body(input): Body<SyncRequest>) -> Answer<SyncResponse> {
    Ok(Json(sotto_core::usecases::sync::sync(&door.app, me, input).await?))
}
