//! The backup of an account's keys: opaque to the server.

use serde::{Deserialize, Serialize};

/// `GET /keys/backup`: how the backup is opened, and how many parts it has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Backup {
    /// Rises with every change, so that two devices don't write over each other.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: u64,
    /// What the recovery key opens, as the client wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<String>,
    /// What the passphrase opens, as the client wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<String>,
    /// The parts are numbered from 0 on.
    pub parts: u32,
}

/// `PUT /keys/backup`: other locks; the parts stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutBackup {
    /// One more than the version that stands; 1 for the first.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: u64,
    /// At most 4,096 characters; none where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<String>,
    /// At most 4,096 characters; none where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<String>,
}

/// `PUT /keys/backup/parts/{number}`: one part more, or the last one anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutBackupPart {
    /// One more than the version that stands.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: u64,
    /// 1 to 196,608 characters, as the client wrote it.
    pub part: String,
}

/// `GET /keys/backup/parts/{number}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BackupPart {
    /// As the client wrote it.
    pub part: String,
}
