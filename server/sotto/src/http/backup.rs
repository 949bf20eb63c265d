//! The backup of the caller's keys over HTTP.

use axum::{Json, extract::State, http::StatusCode};
use shared_types::{
    Problem,
    backup::{Backup, BackupPart, PutBackup, PutBackupPart},
};
use sotto_core::usecases::keys;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Door, Fault,
    extract::{Answer, Body, Me, Number},
};

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(find, put, remove)).routes(routes!(part, put_part))
}

/// How the caller's backup is opened, and how many parts it has.
#[utoipa::path(get, path = "/keys/backup", tag = "keys", responses(
    (status = 200, body = Backup), (status = 404, description = "There is none", body = Problem),
))]
async fn find(State(door): State<Door>, Me(me): Me) -> Answer<Backup> {
    Ok(Json(keys::find_backup(&door.app, me).await?))
}

/// Gives it other locks.
#[utoipa::path(put, path = "/keys/backup", tag = "keys", request_body = PutBackup, responses(
    (status = 204), (status = 409, description = "`stale_version`", body = Problem),
))]
async fn put(State(door): State<Door>, Me(me): Me, Body(new): Body<PutBackup>) -> Result<StatusCode, Fault> {
    keys::put_backup(&door.app, me, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes it with all its parts.
#[utoipa::path(delete, path = "/keys/backup", tag = "keys", responses((status = 204)))]
async fn remove(State(door): State<Door>, Me(me): Me) -> Result<StatusCode, Fault> {
    keys::remove_backup(&door.app, me).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One part.
#[utoipa::path(get, path = "/keys/backup/parts/{number}", tag = "keys", params(("number" = u32, Path)), responses(
    (status = 200, body = BackupPart), (status = 404, body = Problem),
))]
async fn part(State(door): State<Door>, Me(me): Me, Number(number): Number) -> Answer<BackupPart> {
    Ok(Json(keys::find_part(&door.app, me, number).await?))
}

/// Adds a part, or writes the last one anew.
#[utoipa::path(put, path = "/keys/backup/parts/{number}", tag = "keys", params(("number" = u32, Path)),
    request_body = PutBackupPart, responses(
    (status = 204), (status = 409, description = "`stale_version`", body = Problem),
))]
async fn put_part(
    State(door): State<Door>,
    Me(me): Me,
    Number(number): Number,
    Body(new): Body<PutBackupPart>,
) -> Result<StatusCode, Fault> {
    keys::put_part(&door.app, me, (number, new)).await?;
    Ok(StatusCode::NO_CONTENT)
}
