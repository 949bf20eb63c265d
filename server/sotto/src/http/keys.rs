//! Public keys and mailboxes over HTTP.

use axum::{Json, extract::State, http::StatusCode};
use metrics::counter;
use shared_types::{
    Problem, UserId,
    keys::{
        AckMailbox, ChangedLists, ClaimKeys, Claimed, DeviceList, KeysHealth, KnownLists, Mailbox, NewDeviceList,
        NewPrekeys, PrekeysLeft, SendKeyMail,
    },
};
use sotto_core::usecases::keys;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Door, Fault,
    extract::{Answer, Body, Ids, Me},
};

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(put_devices))
        .routes(routes!(put_prekeys))
        .routes(routes!(devices))
        .routes(routes!(changed_lists))
        .routes(routes!(claim))
        .routes(routes!(mailbox, send_mail))
        .routes(routes!(ack))
        .routes(routes!(health))
}

/// The caller's devices, signed by the account key.
#[utoipa::path(put, path = "/keys/account", tag = "keys", request_body = NewDeviceList, responses(
    (status = 204),
    (status = 409, description = "`stale_version`", body = Problem),
    (status = 422, description = "`invalid`", body = Problem),
))]
async fn put_devices(
    State(door): State<Door>,
    Me(me): Me,
    Body(list): Body<NewDeviceList>,
) -> Result<StatusCode, Fault> {
    keys::put_devices(&door.app, me, list).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keys with which others can begin sessions with the caller's device.
#[utoipa::path(put, path = "/keys/device", tag = "keys", request_body = NewPrekeys, responses(
    (status = 200, body = PrekeysLeft), (status = 422, description = "`invalid`", body = Problem),
))]
async fn put_prekeys(State(door): State<Door>, Me(me): Me, Body(keys): Body<NewPrekeys>) -> Answer<PrekeysLeft> {
    Ok(Json(keys::put_prekeys(&door.app, me, keys).await?))
}

/// A person's devices, signed by the key of their account.
#[utoipa::path(get, path = "/users/{id}/devices", tag = "keys", params(("id" = UserId, Path)), responses(
    (status = 200, body = DeviceList), (status = 404, description = "No device of theirs was linked yet", body = Problem),
))]
async fn devices(State(door): State<Door>, Me(me): Me, Ids(user): Ids<UserId>) -> Answer<DeviceList> {
    Ok(Json(keys::device_lists(&door.app, me, user).await?))
}

/// The lists of these people that are of another version than one has.
#[utoipa::path(post, path = "/keys/devices", tag = "keys", request_body = KnownLists, responses(
    (status = 200, body = ChangedLists), (status = 422, description = "`invalid`", body = Problem),
))]
async fn changed_lists(State(door): State<Door>, Me(me): Me, Body(input): Body<KnownLists>) -> Answer<ChangedLists> {
    Ok(Json(keys::changed_lists(&door.app, me, input).await?))
}

/// A one-time key of each of these devices, or its fallback.
#[utoipa::path(post, path = "/keys/claim", tag = "keys", request_body = ClaimKeys, responses(
    (status = 200, body = Claimed), (status = 422, description = "`invalid`", body = Problem),
))]
async fn claim(State(door): State<Door>, Me(me): Me, Body(input): Body<ClaimKeys>) -> Answer<Claimed> {
    Ok(Json(keys::claim_keys(&door.app, me, input).await?))
}

/// What waits for the caller's device, oldest first.
#[utoipa::path(get, path = "/mailbox", tag = "keys", responses((status = 200, body = Mailbox)))]
async fn mailbox(State(door): State<Door>, Me(me): Me) -> Answer<Mailbox> {
    Ok(Json(keys::list_mail(&door.app, me).await?))
}

/// Boxes that go without a message. Posting them again is harmless.
#[utoipa::path(post, path = "/mailbox", tag = "keys", request_body = SendKeyMail, responses(
    (status = 204), (status = 404, body = Problem), (status = 422, description = "`invalid`", body = Problem),
))]
async fn send_mail(State(door): State<Door>, Me(me): Me, Body(input): Body<SendKeyMail>) -> Result<StatusCode, Fault> {
    keys::send_mail(&door.app, me, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes what is safe on the caller's device.
#[utoipa::path(post, path = "/mailbox/ack", tag = "keys", request_body = AckMailbox, responses(
    (status = 204), (status = 422, description = "`invalid`", body = Problem),
))]
async fn ack(State(door): State<Door>, Me(me): Me, Body(input): Body<AckMailbox>) -> Result<StatusCode, Fault> {
    keys::ack_mail(&door.app, me, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How it goes with the caller's keys, for the operator's metrics: numbers, and nobody's name.
#[utoipa::path(post, path = "/keys/health", tag = "keys", request_body = KeysHealth, responses(
    (status = 204), (status = 422, description = "`invalid`", body = Problem),
))]
async fn health(State(door): State<Door>, Me(me): Me, Body(report): Body<KeysHealth>) -> Result<StatusCode, Fault> {
    let report = keys::report_health(&door.app, me, report).await?;
    counter!("sotto_undecryptable_total").increment(report.undecryptable.into());
    counter!("sotto_repaired_total").increment(report.repaired.into());
    Ok(StatusCode::NO_CONTENT)
}
