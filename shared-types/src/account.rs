//! People, their devices and their sessions.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, Secret, SessionId, Timestamp, UserId};

/// A person, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The account's id.
    pub id: UserId,
    /// The unique name people find them by; lower case.
    pub username: String,
    /// The name that is shown.
    pub display_name: String,
}

/// One's own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// What others see.
    #[serde(flatten)]
    pub user: User,
    /// Whom one has blocked.
    pub blocked: Vec<UserId>,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// A change of one's own account; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateMe {
    /// The new name to show: 1 to 64 characters, no control characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// What a client says of its installation when it signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewDevice {
    /// A name the person knows it by: 1 to 64 characters.
    pub name: String,
    /// What it runs on: `web`, `linux`, `windows`, ...; 1 to 32 characters.
    pub platform: String,
    /// The id it had before on this account, so that signing in again is the same device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<DeviceId>,
}

/// One installation of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// The name the person knows it by.
    pub name: String,
    /// What it runs on.
    pub platform: String,
}

/// `POST /auth/register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Register {
    /// 2 to 32 of `a-z 0-9 _ . -`, starting with a letter or digit; capitals are lowered.
    pub username: String,
    /// 8 to 256 characters.
    pub password: Secret,
    /// 1 to 64 characters; the username if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The client that signs in.
    pub device: NewDevice,
}

/// `POST /auth/login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Login {
    /// The account's name.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// The client that signs in.
    pub device: NewDevice,
    /// The one-time code, where the account has a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<Secret>,
}

/// `POST /auth/refresh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refresh {
    /// The newest refresh token of this session.
    pub refresh_token: Secret,
}

/// What signing in, registering and refreshing give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// On which device.
    pub device: Device,
    /// The session, as `GET /sessions` lists it.
    pub session_id: SessionId,
    /// Goes into `Authorization: Bearer`.
    pub access_token: Secret,
    /// When the access token ends.
    pub access_expires_at: Timestamp,
    /// Buys the next pair, once.
    pub refresh_token: Secret,
}

/// One sign-in of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The device.
    pub device: Device,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it last refreshed its tokens.
    pub last_used_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// `GET /sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionList {
    /// All that have not ended, newest first.
    pub sessions: Vec<Session>,
}

/// `GET /users?query=`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserList {
    /// At most 20 people whose username starts with the query, by name.
    pub users: Vec<User>,
}
